package docker

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// Only where another call for the same network may be under way are doubles
// looked for. The oldest stays.
func TestAContestedNetworkIsLeftOnce(t *testing.T) {
	for contested, want := range map[bool][]string{
		false: {"HEAD /_ping", "POST /v1.41/networks/create"},
		true:  {"HEAD /_ping", "POST /v1.41/networks/create", "GET /v1.41/networks", "DELETE /v1.41/networks/mine"},
	} {
		labels := map[string]string{engine.LabelDefinition: "{}"}
		e, calls := answering(t, map[string]any{
			"/v1.41/networks/create": map[string]any{"Id": "mine"},
			"/v1.41/networks": []map[string]any{
				{"Name": "p_net", "Id": "mine", "Created": "2026-01-01T00:00:02Z", "Labels": labels},
				{"Name": "p_net", "Id": "older", "Created": "2026-01-01T00:00:01Z", "Labels": labels},
				{"Name": "p_net2", "Id": "another", "Created": "2026-01-01T00:00:03Z", "Labels": labels},
			},
			"/v1.41/networks/mine": nil,
		})
		op := engine.CreateNetwork{Definition: spec.Network{Name: "p_net"}, Labels: labels, Contested: contested}
		if err := e.CreateNetwork(t.Context(), op); err != nil {
			t.Error(err)
		}
		if got := calls(); !slices.Equal(got, want) {
			t.Errorf("contested: %t; calls %q, want %q", contested, got, want)
		}
	}
}

// answering is an engine of API 1.41 that has these answers, by path. calls are
// those that it was asked for.
func answering(t *testing.T, answers map[string]any) (e *Engine, calls func() []string) {
	var mu sync.Mutex // each call has a goroutine of its own
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.Path)
		mu.Unlock()
		w.Header().Set("Api-Version", "1.41")
		if answer, ok := answers[r.URL.Path]; ok && answer != nil {
			answerJSON(w, answer)
		}
	}))
	t.Cleanup(server.Close)
	e, err := Open(t.Context(), Options{Host: "tcp://" + strings.TrimPrefix(server.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return asked
	}
}
