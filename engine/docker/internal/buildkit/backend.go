package buildkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/docker/docker/api/types/versions"
	docker "github.com/docker/docker/client"
	"github.com/moby/buildkit/client"

	"github.com/stackfile/stack/engine"
)

// A backend is an engine's BuildKit, connected.
type backend struct {
	*client.Client
	abilities
}

// abilities are what a build may ask of a BuildKit.
type abilities struct {
	api       string   // in use
	platforms []string // that it builds for, its own first
	// hostGateway is the engine's address as builds see it; "" when the
	// engine does not say.
	hostGateway string
	// containerd says that images are kept in containerd's store, which holds
	// attestations, and several platforms of one image.
	containerd bool
}

// apiNamedContexts is the API of Engine 23.0, whose Dockerfile frontend is the
// first with named contexts, shm-size and ulimits. Older ones ignore them
// without a word.
const apiNamedContexts = "1.42"

func (a abilities) recent() bool { return !versions.LessThan(a.api, apiNamedContexts) }

// open returns the connection that all builds share. A failure is not kept: the
// next build tries again.
func (b *Builder) open(ctx context.Context) (*backend, error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-b.turn }()
	if b.backend != nil {
		return b.backend, nil
	}
	opened, err := connect(ctx, b.engine)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // gRPC has an error of its own for it
	}
	if err != nil {
		return nil, err
	}
	b.backend = opened
	return opened, nil
}

func connect(ctx context.Context, c *docker.Client) (*backend, error) {
	first, err := c.DialHijack(ctx, "/grpc", "h2c", nil)
	if err != nil {
		return nil, noBuildKit(err)
	}
	// Not ctx: the connection outlives the build that opens it.
	k, err := client.New(context.WithoutCancel(ctx), "", dialers(c, first)...)
	if err != nil {
		return nil, errors.Join(err, first.Close())
	}
	// Info would say more, but Engine 20.10 does not have it.
	workers, err := k.ListWorkers(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("BuildKit: %w", err), k.Close())
	}
	return &backend{k, abilitiesOf(c.ClientVersion(), workers)}, nil
}

// dialers lead to the engine's BuildKit. The connection that was opened to see
// whether there is one is used up first.
func dialers(c *docker.Client, first net.Conn) []client.ClientOpt {
	var once sync.Once
	dial := func(ctx context.Context, _ string) (conn net.Conn, err error) {
		once.Do(func() { conn = first })
		if conn != nil {
			return conn, nil
		}
		return c.DialHijack(ctx, "/grpc", "h2c", nil)
	}
	session := func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
		return c.DialHijack(ctx, "/session", proto, meta)
	}
	return []client.ClientOpt{client.WithContextDialer(dial), client.WithSessionDialer(session)}
}

// labelHostGateway is on the worker of Engine 23.0 and newer.
const labelHostGateway = "org.mobyproject.buildkit.worker.moby.host-gateway-ip"

// labelSnapshotter is on the worker of an engine with containerd's image store.
const labelSnapshotter = "org.mobyproject.buildkit.worker.snapshotter"

func abilitiesOf(api string, workers []*client.WorkerInfo) abilities {
	out := abilities{api: api}
	for _, w := range workers {
		out.hostGateway = w.Labels[labelHostGateway]
		_, out.containerd = w.Labels[labelSnapshotter]
		for _, p := range w.Platforms {
			out.platforms = append(out.platforms, platforms.Format(platforms.Normalize(p)))
		}
	}
	return out
}

// noBuildKit tells an engine that answers, but not with BuildKit, from one that
// does not answer. The client has no error of its own for the former.
func noBuildKit(err error) error {
	if strings.Contains(err.Error(), "unable to upgrade") {
		return fmt.Errorf("this engine has no BuildKit: %w: %w", engine.ErrUnsupported, err)
	}
	return unavailable(err)
}

func unavailable(err error) error {
	return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
}
