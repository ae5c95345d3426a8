//go:build e2e

package e2e_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A service that uses the API socket has that of the engine which runs it, and
// the user's credentials; a change of these replaces it.
func TestTheAPISocketIsThatOfTheEngine(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}", use_api_socket: true}
`)
	config := t.TempDir()
	s.env = append(s.env, "DOCKER_CONFIG="+config)
	login := func(password string) string {
		auth := base64.StdEncoding.EncodeToString([]byte("me:" + password))
		text := `{"auths": {"registry.test": {"auth": "` + auth + `"}}, "currentContext": "default"}`
		if err := os.WriteFile(filepath.Join(config, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return auth
	}
	has := func(auth string) {
		t.Helper()
		got := docker(t, "exec", s.name+"-web-1", "/probe", "cat", "/run/secrets/docker/config.json")
		if !strings.Contains(got, auth) || strings.Contains(got, "currentContext") {
			t.Errorf("web has the credentials %s", got)
		}
	}
	first := login("sesame")
	s.run("up", "-d")
	has(first)
	socket := strings.TrimPrefix(s.wire.host, "unix://")
	if got := docker(t, "inspect", "--format", "{{range .Mounts}}{{.Source}} {{.Destination}}{{end}}", s.name+"-web-1"); got != socket+" /var/run/docker.sock" {
		t.Errorf("web has %s, want the socket %s", got, socket)
	}
	s.converged("up", "-d")
	second := login("mellon")
	s.run("up", "-d")
	has(second)
	s.converged("up", "-d")
	for _, volume := range s.names("volume", "ls") {
		if kept := docker(t, "volume", "inspect", volume); strings.Contains(kept, first) || strings.Contains(kept, second) {
			t.Errorf("a generation holds credentials: %s", kept)
		}
	}
	s.run("down")
}
