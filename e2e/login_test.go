//go:build e2e

package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// guarded is a registry that only a user with a password may look into, and what it
// holds may be put into it behind its back. Both are addresses.
func guarded(t *testing.T, user, password string) (front, behind string) {
	t.Helper()
	behind = registry(t)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: behind})
		r.Out.Host = r.In.Host // which is in the addresses that it answers with
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="e2e"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), behind
}

// helper is a credential helper: it knows one registry.
const helper = `#!/bin/sh
read -r host
echo "$1 $host" >>"$(dirname "$0")/asked"
case "$1 $host" in
"get HOST") echo '{"ServerURL": "HOST", "Username": "me", "Secret": "hidden"}' ;;
list*) echo '{"HOST": "me"}' ;;
*) echo "credentials not found in native keychain"; exit 1 ;;
esac
`

func TestCredentialsComeFromAHelper(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  pulled: {image: "HOST/IMAGE:1", pull_policy: always}
  built:
    image: HOST/IMAGE:2
    build: {context: built, args: {BASE: "HOST/IMAGE:1"}}
-- built/Dockerfile --
ARG BASE
FROM ${BASE}
COPY file /file
-- built/file --
hello
`)
	front, behind := guarded(t, "me", "hidden")
	image := "/" + s.name + ":1"
	docker(t, "tag", probeImage, behind+image)
	t.Cleanup(func() { tryDocker("rmi", behind+image, front+image, front+"/"+s.name+":2") })
	docker(t, "push", behind+image)
	s.edit("stack.yaml", `"HOST/IMAGE:1", pull`, `"`+front+image+`", pull`)
	s.edit("stack.yaml", `"HOST/IMAGE:1"}`, `"`+front+image+`"}`)
	s.edit("stack.yaml", "HOST/IMAGE:2", front+"/"+s.name+":2")

	bin, config := t.TempDir(), t.TempDir()
	s.files(bin, map[string]string{"docker-credential-e2e": strings.ReplaceAll(helper, "HOST", front)})
	s.env = []string{"DOCKER_CONFIG=" + config, "PATH=" + bin + ":" + os.Getenv("PATH")}
	s.try("pull", "pulled").ended(1).says("who are you|no basic auth|unauthorized")
	for _, settings := range []string{`{"credHelpers": {"` + front + `": "e2e"}}`, `{"credsStore": "e2e"}`} {
		s.files(config, map[string]string{"config.json": settings})
		tryDocker("rmi", front+image)
		s.run("build", "--pull", "--no-cache", "built")
		s.run("pull", "pulled")
		s.run("push", "built")
		s.run("up", "-d")
		s.run("exec", "-T", "built", "/probe", "cat", "/file").says("^hello\n")
		s.run("down", "--rmi", "all")
		asked, err := os.ReadFile(filepath.Join(bin, "asked"))
		docker(t, "pull", behind+"/"+s.name+":2")
		docker(t, "rmi", behind+"/"+s.name+":2")
		if n := strings.Count(string(asked), "get "+front); err != nil || n < 3 {
			t.Errorf("%s: the helper was asked %q, %v; want by a build, a pull and a push", settings, asked, err)
		}
		if err := os.Remove(filepath.Join(bin, "asked")); err != nil {
			t.Fatal(err)
		}
	}
	s.files(config, map[string]string{"config.json": `{"credsStore": "none-such"}`})
	s.try("pull", "pulled").ended(1).says("docker-credential-none-such")
}
