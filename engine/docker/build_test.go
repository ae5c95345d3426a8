package docker

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// Podman answers as Docker does, but has no /grpc.
func TestAnEngineWithoutBuildKitCannotBuild(t *testing.T) {
	answers := http.NewServeMux()
	answers.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	answers.HandleFunc("GET /v1.41/version", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"Version": "4.3.1", "ApiVersion": "1.41"}`))
	})
	server := httptest.NewServer(answers)
	defer server.Close()
	e, err := Open(t.Context(), Options{Host: strings.Replace(server.URL, "http", "tcp", 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	_, err = e.BuildImage(t.Context(), engine.BuildImage{Image: "web"}, func(plan.Progress) {})
	if !errors.Is(err, engine.ErrUnsupported) || !strings.HasPrefix(err.Error(), `build image "web": this engine has no BuildKit`) {
		t.Errorf("%v", err)
	}
}
