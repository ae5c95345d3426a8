package docker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/pkg/stdcopy"

	"github.com/stackfile/stack/engine"
)

// echoing is an engine whose every exec writes back what it reads, once that
// has ended, and then a line to the standard error.
func echoing(t *testing.T, started chan<- struct{}) *Engine {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("GET /v1.41/version", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, map[string]string{}) })
	mux.HandleFunc("POST /v1.41/containers/web/exec", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, map[string]string{"Id": "x"}) })
	mux.HandleFunc("GET /v1.41/exec/x/json", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, map[string]any{"ExitCode": 7}) })
	mux.HandleFunc("POST /v1.41/exec/x/start", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"))
		close(started)
		input, _ := io.ReadAll(buffered)
		_, _ = stdcopy.NewStdWriter(conn, stdcopy.Stdout).Write(input)
		_, _ = stdcopy.NewStdWriter(conn, stdcopy.Stderr).Write([]byte("bye\n"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	e, err := Open(t.Context(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestExecCarriesAllStreams(t *testing.T) {
	var out, text bytes.Buffer
	code, err := echoing(t, make(chan struct{})).Exec(t.Context(), "web", engine.ExecOptions{
		Command: []string{"cat"}, Stdin: strings.NewReader("hello\n"), Stdout: &out, Stderr: &text,
	})
	if code != 7 || err != nil || out.String() != "hello\n" || text.String() != "bye\n" {
		t.Errorf("%d, %v, %q, %q", code, err, out.String(), text.String())
	}
}

func TestExecEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		<-started
		cancel()
	}()
	stdin, _ := io.Pipe() // nothing ever comes
	defer stdin.Close()
	if _, err := echoing(t, started).Exec(ctx, "web", engine.ExecOptions{Command: []string{"cat"}, Stdin: stdin}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
