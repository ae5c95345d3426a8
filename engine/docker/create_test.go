package docker

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
)

// A name can be taken by a call that is still being carried out: it then has no
// container yet.
func TestANameThatIsTakenByNoContainerPasses(t *testing.T) {
	there := false
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("POST /v1.41/containers/create", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
	})
	mux.HandleFunc("GET /v1.41/containers/web/json", func(w http.ResponseWriter, _ *http.Request) {
		if !there {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		answerJSON(w, map[string]any{"Id": "other", "State": map[string]string{"Status": "running"}, "Config": map[string]any{}})
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	e, err := Open(t.Context(), Options{Host: "tcp://" + strings.TrimPrefix(server.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	for _, there = range []bool{false, true} {
		_, err := e.CreateContainer(t.Context(), engine.CreateContainer{Name: "web"})
		if !errors.Is(err, engine.ErrConflict) || errors.As(err, new(*engine.TransientError)) == there {
			t.Errorf("a container is there: %v; error %v", there, err)
		}
	}
}
