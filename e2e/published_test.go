//go:build e2e

package e2e_test

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAnApplicationThatThePeerHasPublishedComesUp(t *testing.T) {
	s := newSandbox(t, `
-- compose.yaml --
services:
  web:
    image: ${PROBE}
    env_file:
      - web.env
  base:
    extends:
      file: parts/base.yaml
      service: base
-- parts/base.yaml --
services:
  base:
    image: ${PROBE}
    labels: {from: parts}
-- web.env --
A=from-a-file
-- here/compose.yaml --
include:
  - oci://HOST/shop:1
`)
	host := registry(t)
	s.publish(host, "shop:1")
	s.edit("here/compose.yaml", "HOST", host)
	for _, file := range []string{"oci://" + host + "/shop:1", "here/compose.yaml"} {
		s.run("-f", file, "-p", s.name, "up", "-d", "--wait")
		web, base := s.container("web"), s.container("base")
		if env := strings.Join(web.Config.Env, " "); !strings.Contains(env, "A=from-a-file") || base.Config.Labels["from"] != "parts" {
			t.Errorf("%s: web has %q, base %v", file, env, base.Config.Labels)
		}
		s.run("-p", s.name, "down")
	}
}

// publish has the peer publish the sandbox's application in a registry. The peer
// talks TLS only, so there is a proxy before it.
func (s *sandbox) publish(host, name string) {
	s.t.Helper()
	front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: host})
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}})
	defer front.Close()
	certificate := filepath.Join(s.dir, "certificate.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	if err := os.WriteFile(certificate, text, 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, "SSL_CERT_FILE="+certificate, "XDG_CACHE_HOME="+s.dir)
	s.compose("publish", "--with-env", "--yes", strings.TrimPrefix(front.URL, "https://")+"/"+name)
}

// registry runs a registry until the test ends, and returns its host.
func registry(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Fatalf("docker-registry is missing: run scripts/setup test: %v", err)
	}
	dir, host := t.TempDir(), "127.0.0.1:"+freePort(t)
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %s}\n", dir, host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "serve", config)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	})
	late := time.AfterFunc(deadline, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listening on") {
			go func() { // so that it never blocks on a full pipe
				for lines.Scan() {
				}
			}()
			return host
		}
	}
	t.Fatal("the registry does not listen")
	return ""
}
