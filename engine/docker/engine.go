// Package docker is the Docker Engine, behind the interfaces of package engine:
// each operation is one act over the Engine API, and a snapshot is what the
// engine answers, decoded. It never decides what should happen, keeps no state
// of its own beside the connection, and reads no environment variables.
//
// It speaks API 1.41 (Engine 20.10) and newer.
package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker/internal/buildkit"
)

// MinimumAPI is the oldest version of the Engine API that is understood.
const MinimumAPI = "1.41"

// DefaultHost is where the engine listens by default on this platform.
const DefaultHost = client.DefaultDockerHost

// Options say where the engine is. The zero value is the engine at the
// platform's default socket.
type Options struct {
	// Host is where it listens, as in DOCKER_HOST: unix:///path, tcp://host:port,
	// npipe:////./pipe/name or ssh://user@host; "" for the default socket.
	Host string
	// TLS is how engine and client prove who they are, over tcp://; nil for no
	// TLS.
	TLS *TLS
	// ConfigDir holds the docker command's config.json with the credentials
	// of registries; "" for none.
	ConfigDir string
	// SharedDir is a folder that only the user can enter, for connections of ssh
	// that this and later runs share; "", or one that does not do: none is shared.
	SharedDir string
	// Environment is where build secrets taken from the environment come
	// from; nil for none.
	Environment func(name string) (string, bool)
	// UserAgent names this program to the engine; "" for the client's own.
	UserAgent string
}

// Engine is one Docker Engine. Its methods may be called from several
// goroutines. Close it when it is no longer needed.
type Engine struct {
	client  *client.Client
	options Options
	// ready guards negotiated: the first call that reaches the engine
	// negotiates for all of them.
	ready      sync.Mutex
	negotiated bool
	events     hub
	limits     limits
	origins    origins
	builds     *buildkit.Builder
}

// Open returns the engine that opts name. It does not connect yet: the first
// call does, and it is that call which fails with an [*UnavailableError] when
// nothing answers.
func Open(_ context.Context, opts Options) (*Engine, error) {
	settings, err := settings(opts)
	if err != nil {
		return nil, fmt.Errorf("engine at %s: %w", opts.Host, err)
	}
	c, err := client.NewClientWithOpts(append(settings, keepConnections)...)
	if err != nil {
		return nil, fmt.Errorf("engine at %s: %w", opts.Host, err)
	}
	return &Engine{client: c, options: opts, builds: newBuilder(c, opts)}, nil
}

// settings are opts in the client's form.
func settings(opts Options) ([]client.Opt, error) {
	out := []client.Opt{client.WithAPIVersionNegotiation()}
	if opts.UserAgent != "" {
		out = append(out, client.WithUserAgent(opts.UserAgent))
	}
	if opts.Host == "" {
		return out, nil
	}
	helper, err := connhelper.GetConnectionHelper(opts.Host)
	if err != nil {
		return nil, err
	}
	if helper != nil {
		over := &sshDialer{host: opts.Host, dir: opts.SharedDir}
		plain := &http.Client{Transport: &http.Transport{DialContext: over.dial}}
		return append(out, client.WithHTTPClient(plain), client.WithHost(helper.Host), client.WithDialContext(over.dial)), nil
	}
	if opts.TLS != nil && !socket(opts.Host) {
		secure, err := secureClient(*opts.TLS)
		if err != nil {
			return nil, err
		}
		out = append(out, client.WithHTTPClient(secure))
	}
	return append(out, client.WithHost(opts.Host)), nil
}

// keptConnections is how many connections without a request stay open: as many
// as a snapshot and the operations of a run use at once. The client keeps two,
// and dials anew for each request beside them.
const keptConnections = 32

func keepConnections(c *client.Client) error {
	if t, ok := c.HTTPClient().Transport.(*http.Transport); ok {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = keptConnections, keptConnections
	}
	return nil
}

// socket reports whether a host is on this machine, where TLS proves nothing: the
// docker command leaves it out too.
func socket(host string) bool {
	return strings.HasPrefix(host, "unix://") || strings.HasPrefix(host, "npipe://")
}

// Close ends the connections to the engine.
func (e *Engine) Close() error { return errors.Join(e.builds.Close(), e.client.Close()) }

// connect negotiates the API version once. Every method calls it first.
func (e *Engine) connect(ctx context.Context) error {
	e.ready.Lock()
	defer e.ready.Unlock()
	if e.negotiated {
		return nil
	}
	ping, err := e.client.Ping(ctx)
	if err != nil {
		return e.unavailable(ctx, err)
	}
	if ping.APIVersion == "" {
		return &UnavailableError{Host: e.where(), Cause: errors.New("what answers there is no Docker Engine")}
	}
	if versions.LessThan(ping.APIVersion, MinimumAPI) {
		return fmt.Errorf("engine at %s: has API %s, %s or newer is needed (Engine 20.10): %w",
			e.where(), ping.APIVersion, MinimumAPI, engine.ErrUnsupported)
	}
	e.client.NegotiateAPIVersionPing(ping)
	e.negotiated = true
	return nil
}

// Version names the engine and its API, after negotiation. The call is GET
// /version.
func (e *Engine) Version(ctx context.Context) (engine.Version, error) {
	if err := e.connect(ctx); err != nil {
		return engine.Version{}, err
	}
	v, err := e.client.ServerVersion(ctx)
	if err != nil {
		return engine.Version{}, e.fail(err, "version of the engine")
	}
	return engine.Version{
		Engine: v.Version, API: e.client.ClientVersion(), Host: e.where(), OS: v.Os, Arch: v.Arch,
	}, nil
}

// ID is the engine's own and its root folder: two engines of one machine can have
// one ID, which Engine 20.10 takes from a key below /etc/docker. The call is GET
// /info.
func (e *Engine) ID(ctx context.Context) (string, error) {
	if err := e.connect(ctx); err != nil {
		return "", err
	}
	info, err := e.info(ctx)
	if err != nil {
		return "", e.fail(err, "engine at %s", e.where())
	}
	return info.ID + " " + info.DockerRootDir, nil
}

// where is where the engine listens, as in DOCKER_HOST. Of an ssh:// host the client
// knows only a name that nothing has.
func (e *Engine) where() string {
	if strings.HasPrefix(e.options.Host, "ssh://") {
		return e.options.Host
	}
	return e.client.DaemonHost()
}

// atLeast reports whether the API in use has what came with version v.
func (e *Engine) atLeast(v string) bool {
	return versions.GreaterThanOrEqualTo(e.client.ClientVersion(), v)
}
