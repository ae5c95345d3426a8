//go:build e2e

package e2e_test

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"net/http"
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

// publish has the peer publish the sandbox's application in a registry.
func (s *sandbox) publish(host, name string) {
	s.t.Helper()
	s.compose("publish", "--with-env", "--yes", s.secured(host)+"/"+name)
}

// secured is a proxy before a registry, until the test ends: the peer talks TLS
// only.
func (s *sandbox) secured(host string) string {
	s.t.Helper()
	front := httptest.NewTLSServer(before(host))
	s.t.Cleanup(front.Close)
	certificate := filepath.Join(s.dir, "certificate.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	if err := os.WriteFile(certificate, text, 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, "SSL_CERT_FILE="+certificate, "XDG_CACHE_HOME="+s.dir)
	return strings.TrimPrefix(front.URL, "https://")
}

// before hands requests on to a registry, which answers with the address that it was
// asked by.
func before(host string) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: host})
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}
}

// TestWhatIsPublishedIsReadByThePeer: the file, what it names, and the digests and
// images that go with it when asked for.
func TestWhatIsPublishedIsReadByThePeer(t *testing.T) {
	host := registry(t)
	s := newSandbox(t, strings.ReplaceAll(`
-- stack.yaml --
services:
  web:
    image: ${IMAGE}
    env_file: [web.env]
    environment: {LEVEL: "${LEVEL:-info}"}
    volumes: ["./data:/data"]
  built: {image: HOST/PROJECT/built:1, build: {context: ., dockerfile_inline: "FROM ${PROBE}"}}
-- web.env --
A=from-a-file
`, "HOST", host))
	s.env = append(s.env, "IMAGE="+host+"/"+s.name+"/built:1")
	name := s.name + "/shop"
	s.run("build")
	s.try("publish", host+"/"+name+":1").ended(1).says("env_file", "--with-env")
	s.run("publish", "--with-env", host+"/"+name+":1").says("./data", "nothing is published")
	if got := tags(t, host, name); strings.Contains(got, `"1"`) {
		t.Errorf("without an answer the registry has %s", got)
	}
	s.run("publish", "--with-env", "-y", host+"/"+name+":1").says("published")
	digest, _ := manifest(t, host, s.name+"/built", "1")
	if _, there := manifest(t, host, name, digest); there {
		t.Errorf("without --app the repository has %s", digest)
	}
	s.run("publish", "--with-env", "-y", "--oci-version", "1.0", "--app", "--resolve-image-digests", host+"/"+name+":2")
	if _, there := manifest(t, host, name, digest); !there {
		t.Errorf("with --app the repository has no %s", digest)
	}
	s.run("alpha", "publish", "--with-env", "-y", "--app", "--resolve-image-digests", host+"/"+name+":3")
	docker(t, "rmi", host+"/"+s.name+"/built:1")
	front := s.secured(host)
	for tag, digest := range map[string]bool{"1": false, "2": true, "3": true} {
		peers := s.compose("-f", "oci://"+front+"/"+name+":"+tag, "config")
		ours := s.run("-f", "oci://"+host+"/"+name+":"+tag, "config").stdout
		for _, text := range []string{peers, ours} {
			if !strings.Contains(text, "A: from-a-file") || !strings.Contains(text, "LEVEL: info") || strings.Contains(text, "built:1@sha256:") != digest {
				t.Errorf("tag %s is read as\n%s", tag, text)
			}
		}
	}
}

// manifest tells whether a repository has one, by tag or digest, and its digest.
func manifest(t *testing.T, host, repository, ref string) (digest string, there bool) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+host+"/v2/"+repository+"/manifests/"+ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // the answer to a HEAD has none
	return answer.Header.Get("Docker-Content-Digest"), answer.StatusCode == http.StatusOK
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
