//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// A wire stands between the program and the engine, and records what is asked.
type wire struct {
	host string // for DOCKER_HOST

	mu    sync.Mutex // requests come on many connections
	calls []call
	tap   func(*exchange) // nil: forward
}

// A call is one request to the engine.
type call struct{ method, path string }

func (c call) String() string { return c.method + " " + c.path }

var (
	apiVersion = regexp.MustCompile(`^/v\d+\.\d+`)
	listening  = regexp.MustCompile(`^/containers/[^/]+/(wait|attach)$`)
	named      = regexp.MustCompile(`^/(containers|exec|images|networks|volumes)/[^/]+`)
	probeExec  = regexp.MustCompile(`^/(containers/[^/]+/exec|exec/[^/]+/(start|resize))$`)
)

// mutates reports whether a call can change something. A build's session is
// one call for all that it does, and is told apart by build.
func (c call) mutates() bool {
	reads := c.method == http.MethodGet || c.method == http.MethodHead || listening.MatchString(c.path) || c.path == "/auth"
	return !reads && !c.probes() && !c.builds()
}

// kind is the call without the names of what it is about.
func (c call) kind() string { return c.method + " " + named.ReplaceAllString(c.path, "/$1/*") }

// probes reports whether it is part of an exec, as a wait for health makes them.
func (c call) probes() bool { return c.method == http.MethodPost && probeExec.MatchString(c.path) }

func (c call) builds() bool { return c.path == "/session" || c.path == "/grpc" }

// newWire listens on a socket of its own, before the engine of DOCKER_HOST,
// until the test ends.
func newWire(t testing.TB) *wire { return wireTo(t, os.Getenv("DOCKER_HOST")) }

// wireTo is newWire before any engine.
func wireTo(t testing.TB, engine string) *wire {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire") // a test's own folder can be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{host: "unix://" + socket}
	server := &http.Server{Handler: w.handler(t, engine)}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = os.RemoveAll(dir)
	})
	return w
}

func (w *wire) handler(t testing.TB, engine string) http.Handler {
	network, address, err := engineAddress(engine)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "engine"})
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1, // events and logs are followed
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, address)
			},
			DisableCompression: true,
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			// The program has gone, or the engine: the wire ends as its other end did.
			panic(http.ErrAbortHandler)
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		x := &exchange{call{r.Method, apiVersion.ReplaceAllString(r.URL.Path, "")}, rw, r, proxy}
		if tap := w.record(x.call); tap != nil {
			tap(x)
			return
		}
		x.forward()
	})
}

func engineAddress(host string) (network, address string, err error) {
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	network, address, ok := strings.Cut(host, "://")
	if !ok || network != "unix" && network != "tcp" {
		return "", "", fmt.Errorf("DOCKER_HOST=%s: only unix:// and tcp:// can be listened to", host)
	}
	return network, address, nil
}

func (w *wire) record(c call) (tap func(*exchange)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
	return w.tap
}

// intercept has do called for each call from now on; do says when, and whether,
// it goes on to the engine. nil ends that.
func (w *wire) intercept(do func(c call, forward func())) {
	if do == nil {
		w.meddle(nil)
		return
	}
	w.meddle(func(x *exchange) { do(x.call, x.forward) })
}

// meddle is intercept for those that answer in the engine's place.
func (w *wire) meddle(do func(*exchange)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tap = do
}

// since returns the calls after the first n.
func (w *wire) since(n int) []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]call(nil), w.calls[n:]...)
}

func filter(calls []call, keep func(call) bool) (out []call) {
	for _, c := range calls {
		if keep(c) {
			out = append(out, c)
		}
	}
	return out
}
