package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// A fake speaks as much of the Engine API as a wait needs, for one container
// named web. Its connections are pipes, so that it works in a bubble of
// testing/synctest, where minutes pass in no time.
type fake struct {
	mu       sync.Mutex // each request has a goroutine of its own
	state    container.State
	restarts int
	removed  bool
	check    *container.HealthConfig
	shell    []string
	logs     string
	streams  map[chan string]struct{} // of events
	probe    func(n int) (code int, output string, takes time.Duration)
	execs    []time.Time // when each probe began
	commands [][]string
	running  map[string]int // exec ID -> -1 while it runs, or its exit code
	asked    []string
	ahead    time.Duration // of this process's clock the engine's is, or behind if below 0
	broken   chan struct{} // closed to break the streams of events
	over     chan struct{} // closed at the end of the test
}

func newFake() *fake {
	return &fake{
		state:   container.State{Status: container.StateRunning, Running: true, StartedAt: instant(time.Now())},
		streams: map[chan string]struct{}{}, running: map[string]int{}, broken: make(chan struct{}), over: make(chan struct{}),
		probe: func(int) (int, string, time.Duration) { return 1, "not yet", time.Millisecond },
	}
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// open gives an Engine that talks to the fake. It ends with the test.
func (f *fake) open(t *testing.T) *Engine {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: f.handler()}
	done := make(chan struct{})
	go func() {
		_ = server.Serve(l) // always an error: that it was closed
		close(done)
	}()
	transport := &http.Transport{DialContext: l.dial}
	c, err := client.NewClientWithOpts(client.WithHost("tcp://fake:1"), client.WithHTTPClient(&http.Client{Transport: transport}),
		client.WithDialContext(l.dial), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{client: c, builds: newBuilder(c, Options{})}
	t.Cleanup(func() {
		close(f.over)
		_ = e.Close()
		_ = server.Close()
		<-done
	})
	return e
}

// pipes is a listener whose connections are made by dial.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (f *fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("GET /v1.41/version", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, map[string]string{"Version": "20.10"}) })
	mux.HandleFunc("GET /v1.41/info", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]string{"SystemTime": instant(time.Now().Add(f.ahead))})
	})
	mux.HandleFunc("GET /v1.41/events", f.events)
	mux.HandleFunc("GET /v1.41/containers/{name}/json", f.inspect)
	mux.HandleFunc("GET /v1.41/containers/{name}/logs", f.log)
	mux.HandleFunc("POST /v1.41/containers/{name}/exec", f.execCreate)
	mux.HandleFunc("POST /v1.41/exec/{id}/start", f.execStart)
	mux.HandleFunc("GET /v1.41/exec/{id}/json", f.execInspect)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, r.Method+" "+r.URL.Path)
		f.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

func (f *fake) inspect(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if name := r.PathValue("name"); f.removed || name != "web" && name != "webid" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message": "No such container: ` + name + `"}`))
		return
	}
	state := f.state
	answerJSON(w, container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{ID: "webid", Name: "/web", State: &state, RestartCount: f.restarts},
		Config:            &container.Config{Healthcheck: f.check, Shell: f.shell},
	})
}

func (f *fake) events(w http.ResponseWriter, r *http.Request) {
	ch := make(chan string, 100)
	f.mu.Lock()
	f.streams[ch] = struct{}{}
	broken := f.broken
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.streams, ch)
	}()
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w)
	for _ = flush.Flush(); ; _ = flush.Flush() {
		select {
		case action := <-ch:
			answerJSON(w, map[string]any{"Type": "container", "Action": action, "Actor": map[string]any{"ID": "webid"}})
		case <-broken:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// happens changes the container and tells of it.
func (f *fake) happens(action string, change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	for ch := range f.streams {
		ch <- action
	}
}

// after lets something happen in a while.
func (f *fake) after(d time.Duration, action string, change func()) {
	time.AfterFunc(d, func() { f.happens(action, change) })
}

// breaks ends all streams of events, while something happens unseen.
func (f *fake) breaks(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.broken)
	f.broken = make(chan struct{})
}

func (f *fake) exits(code int) func() {
	return func() { f.state.Status, f.state.Running, f.state.ExitCode = container.StateExited, false, code }
}

func (f *fake) starts() {
	f.state = container.State{Status: container.StateRunning, Running: true, StartedAt: instant(time.Now())}
	f.restarts++
}

func (f *fake) restarting(code int) func() {
	return func() { f.state.Status, f.state.Restarting, f.state.ExitCode = container.StateRestarting, true, code }
}

func (f *fake) health(status string) func() {
	return func() { f.state.Health = &container.Health{Status: status} }
}

func (f *fake) log(w http.ResponseWriter, _ *http.Request) {
	_, _ = stdcopy.NewStdWriter(w, stdcopy.Stdout).Write([]byte(f.logs))
}

func (f *fake) execCreate(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state.Status != container.StateRunning {
		w.WriteHeader(http.StatusConflict)
		return
	}
	var options container.ExecOptions
	_ = json.NewDecoder(r.Body).Decode(&options)
	f.commands = append(f.commands, options.Cmd)
	id := fmt.Sprintf("exec%d", len(f.commands))
	f.running[id] = -1
	w.WriteHeader(http.StatusCreated)
	answerJSON(w, map[string]string{"Id": id})
}

func (f *fake) execStart(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a pipe has no room for what is not read
	f.mu.Lock()
	f.execs = append(f.execs, time.Now())
	code, output, takes := f.probe(len(f.execs))
	f.mu.Unlock()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"))
	select {
	case <-time.After(takes):
	case <-f.over:
	}
	f.mu.Lock()
	f.running[r.PathValue("id")] = code
	f.mu.Unlock()
	_, _ = stdcopy.NewStdWriter(conn, stdcopy.Stdout).Write([]byte(output))
}

func (f *fake) execInspect(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	code := f.running[r.PathValue("id")]
	answerJSON(w, map[string]any{"ID": r.PathValue("id"), "Running": code == -1, "ExitCode": code})
}

// count is how many requests had the path.
func (f *fake) count(path string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.asked {
		if strings.HasSuffix(line, path) {
			n++
		}
	}
	return n
}
