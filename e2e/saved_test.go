//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// saving is a stack with what a plan has to carry: values, a file's content,
// a limit, networks, a volume, a wait.
const saving = `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    mem_limit: 64m
    volumes: [data:/data]
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
  web:
    image: ${PROBE}
    environment: {LEVEL: "1", PASSWORD: hunter2}
    networks: [default, front]
    configs: [settings]
    depends_on: {db: {condition: service_healthy}}
networks: {front: {}}
volumes: {data: {}}
configs: {settings: {content: "x"}}
`

// newSaver is a sandbox with a place of its own for the key.
func newSaver(t *testing.T, files string) *sandbox {
	t.Helper()
	s := newSandbox(t, files)
	s.env = append(s.env, "XDG_CONFIG_HOME="+t.TempDir())
	return s
}

// made is what of the project's containers does not hang on when they were made.
func (s *sandbox) made() map[string][]string {
	s.t.Helper()
	out := map[string][]string{}
	for name, c := range s.containers() {
		slices.Sort(c.Config.Env)
		labels := c.Config.Labels
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			out[name] = append(out[name], key+"="+labels[key])
		}
		out[name] = append(out[name], c.Image, c.State.Status, strings.Join(c.Config.Env, " "), strings.Join(slices.Sorted(maps.Keys(c.NetworkSettings.Networks)), " "))
	}
	return out
}

func TestASavedPlanMakesWhatUpMakes(t *testing.T) {
	s := newSaver(t, saving)
	s.run("plan", "--out", "first.plan").changedNothing()
	info, err := os.Stat(filepath.Join(s.dir, "first.plan"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	s.edit("stack.yaml", `LEVEL: "1"`, `LEVEL: "9"`) // it counts for nothing
	s.run("up", "--plan", "first.plan", "-d", "--wait")
	s.edit("stack.yaml", `LEVEL: "9"`, `LEVEL: "1"`)
	saved := s.made()
	if got := s.run("exec", "-T", "web", "/probe", "cat", "/settings").stdout; got != "x" {
		t.Errorf("the config says %q", got)
	}
	s.converged("up", "-d")
	s.try("up", "--plan", "first.plan", "-d").ended(1).says(
		"container "+s.name+"-db-1: was not there, is running now", "network "+s.name+"_front: was not there", "volume "+s.name+"_data: was not there",
	).changedNothing()

	s.run("down", "-v")
	s.run("up", "-d", "--wait")
	if plain := s.made(); !maps.EqualFunc(plain, saved, slices.Equal) {
		t.Errorf("the saved plan made\n%q\nup makes\n%q", saved, plain)
	}

	s.edit("stack.yaml", `LEVEL: "1"`, `LEVEL: "2"`)
	s.run("plan", "--out", "second.plan")
	p := s.begin("up", "--plan", "second.plan") // attached
	p.await(`web-1 +\| serving`)
	if got := s.run("exec", "-T", "web", "/probe", "env", "LEVEL").stdout; got != "2\n" {
		t.Errorf("LEVEL is %q", got)
	}
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	s.wantNoLock()
}

// Each case moves something behind the back of a saved plan, says how that is
// named, and how it is put right.
var movedCases = []struct {
	docker []string // NAME is web's container, PROJECT the project
	says   string
	back   []string // nil: by up
}{
	{[]string{"pause", "NAME"}, "container NAME: was running, is paused", []string{"unpause", "NAME"}},
	{[]string{"update", "--memory", "128m", "--memory-swap", "256m", "NAME"}, "container NAME: mem_limit: 64m -> 128m", []string{"update", "--memory", "64m", "--memory-swap", "128m", "NAME"}},
	{[]string{"rename", "NAME", "PROJECT-renamed"}, "container NAME: has the name PROJECT-renamed now", []string{"rename", "PROJECT-renamed", "NAME"}},
	{[]string{"tag", "BASE", "PROJECT-other"}, "image PROJECT-other: now means sha256:", []string{"tag", "PROBE", "PROJECT-other"}},
	{[]string{"create", "--name", "PROJECT-web-2", "--label", "dev.stack.e2e=PROJECT", "BASE", "true"}, "container name PROJECT-web-2: held by something that is no stack", []string{"rm", "PROJECT-web-2"}},
	{[]string{"volume", "create", "--label", "com.docker.compose.project=PROJECT", "PROJECT_more"}, "volume PROJECT_more: was not there", []string{"volume", "rm", "PROJECT_more"}},
	{[]string{"network", "disconnect", "PROJECT_one", "NAME"}, "container NAME: networks.PROJECT_one: removed", nil},
	{[]string{"kill", "NAME"}, "container NAME: was running, is exited with 137", nil},
	{[]string{"rm", "-f", "NAME"}, "container NAME: is gone", nil},
}

func TestASavedPlanIsRefusedWhenSomethingHasMoved(t *testing.T) {
	s := newSaver(t, strings.ReplaceAll(drifting, "  other:\n    image: ${PROBE}", "  other:\n    image: PROJECT-other"))
	docker(t, "tag", probeImage, s.name+"-other")
	s.run("up", "-d")
	fill := strings.NewReplacer("NAME", s.name+"-web-1", "PROJECT", s.name, "PROBE", probeImage, "BASE", "debian:bookworm-slim")
	act := func(args []string) {
		var filled []string
		for _, arg := range args {
			filled = append(filled, fill.Replace(arg))
		}
		docker(t, filled...)
	}
	for _, c := range movedCases {
		s.run("plan", "--force-recreate", "--scale", "web=2", "--out", "it.plan").changedNothing()
		act(c.docker)
		before := s.ids()
		says := `error: it.plan: since the plan was made \(.*\), something has moved:\n(  .*\n)*?  ` + regexp.QuoteMeta(fill.Replace(c.says))
		s.try("up", "--plan", "it.plan", "-d").ended(1).says(says, "hint: nothing was touched").changedNothing()
		if after := s.ids(); !maps.Equal(before, after) {
			t.Errorf("after %q: containers %v, were %v", c.docker, after, before)
		}
		if c.back == nil {
			s.run("up", "-d")
		} else {
			act(c.back)
		}
	}
	s.wantNoLock()
	s.run("plan", "--scale", "web=2", "--out", "it.plan")
	s.run("up", "--plan", "it.plan", "-d")
	if got := s.names("ps"); len(got) != 3 {
		t.Errorf("with nothing moved there are %q", got)
	}
}

func TestASavedPlanIsForItsEngineItsProjectAndItsKey(t *testing.T) {
	s := newSaver(t, saving)
	s.run("plan", "--out", "it.plan")
	s.try("-p", s.name+"-other", "up", "--plan", "it.plan", "-d").ended(1).says("the plan was made for project " + s.name + ", and this is project " + s.name + "-other").changedNothing()

	env := s.env
	s.env = append(slices.Clone(env), "DOCKER_HOST="+disguise(t, s.wire.host))
	s.try("up", "--plan", "it.plan", "-d").ended(1).says("the plan was made for the engine .+, and this is AAAA:BBBB /").changedNothing()
	s.env = append(slices.Clone(env), "XDG_CONFIG_HOME="+t.TempDir())
	s.try("up", "--plan", "it.plan", "-d").ended(1).says("it.plan: there is no key here").changedNothing()
	s.env = env

	file := filepath.Join(s.dir, "it.plan")
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte("hunter2")) {
		t.Fatalf("the plan does not hold what it takes: %v", err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("hunter2"), []byte("hunter3"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	s.try("up", "--plan", "it.plan", "-d").ended(1).says("it.plan: not as it was written").changedNothing()
	if got := s.names("ps", "-a"); len(got) > 0 {
		t.Errorf("made by refused plans: %q", got)
	}
}

var engineID = regexp.MustCompile(`"ID":"[^"]+"`)

// disguise is where the engine at host answers as another one, until the test
// ends.
func disguise(t *testing.T, host string) string {
	t.Helper()
	network, address, err := engineAddress(host)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "engine"}) },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}},
		ModifyResponse: func(r *http.Response) error {
			if !strings.HasSuffix(r.Request.URL.Path, "/info") {
				return nil
			}
			text, err := io.ReadAll(r.Body)
			text = engineID.ReplaceAll(text, []byte(`"ID":"AAAA:BBBB"`))
			r.Body = io.NopCloser(bytes.NewReader(text))
			r.ContentLength = int64(len(text))
			r.Header.Del("Content-Length")
			return err
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: proxy}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "tcp://" + listener.Addr().String()
}

// The calls of the lock are tried again too: here the first is cut off before the
// engine sees it, and the last one's answer is lost.
func TestTheLocksCallsSurviveALostConnection(t *testing.T) {
	s := newSandbox(t, locking)
	var created, removed atomic.Int32
	s.wire.intercept(func(c call, forward func()) {
		switch {
		case c.method == http.MethodPost && c.path == "/volumes/create" && created.Add(1) == 1:
			panic(http.ErrAbortHandler)
		case c.method == http.MethodDelete && c.ofLock() && removed.Add(1) == 1:
			forward()
			panic(http.ErrAbortHandler)
		}
		forward()
	})
	s.run("up", "-d")
	s.wire.intercept(nil)
	if created.Load() < 2 || removed.Load() < 1 {
		t.Errorf("the lock was asked for %d times, and removed %d times", created.Load(), removed.Load())
	}
	s.converged("up", "-d")
	s.wantNoLock()
}
