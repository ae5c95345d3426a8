//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// developed has a service for each action of develop.watch. The shells count
// how often they were started.
const developed = `
-- stack.yaml --
services:
  page: &base
    image: debian:bookworm-slim
    init: true
    command: [sh, -c, "echo started >> /started; exec sleep infinity"]
    develop:
      watch:
        - {action: sync, path: page, target: /srv/page, initial_sync: true, ignore: [modules/, "*.log"]}
        - {action: sync, path: page, target: /srv/styles, include: ["**/*.css"]}
  server:
    <<: *base
    develop:
      watch: [{action: sync+restart, path: conf/server.conf, target: /etc/server.conf}]
  worker:
    <<: *base
    develop:
      watch: [{action: restart, path: conf/worker.conf}]
  reloader:
    <<: *base
    develop:
      watch:
        - action: sync+exec
          path: conf/reloader.conf
          target: /etc/reloader.conf
          exec:
            command: [sh, -c, 'echo "$$(id -u) $$WHO $$(pwd) $$(cat /etc/reloader.conf)" >> /tmp/reloads']
            user: "12"
            working_dir: /usr
            environment: {WHO: me}
  built:
    build: {context: built, args: {BASE: "${PROBE}"}}
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
    develop:
      watch: [{action: rebuild, path: built}]
-- page/index.html --
first
-- page/old/gone --
gone
-- page/modules/x --
never
-- conf/server.conf --
1
-- conf/worker.conf --
1
-- conf/reloader.conf --
1
-- built/Dockerfile --
ARG BASE
FROM ${BASE}
COPY recipe /recipe
CMD []
-- built/recipe --
first
`

// inside runs a command in the service's container.
func (s *sandbox) inside(service string, command ...string) string {
	return tryDocker(append([]string{"exec", s.name + "-" + service + "-1"}, command...)...)
}

func (s *sandbox) put(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sandbox) untilInside(service, file, want string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%s of %s is %q", file, service, want), func() bool { return s.inside(service, "cat", file) == want })
}

func TestWatchDoesWhatEachRuleSays(t *testing.T) {
	s := newSandbox(t, developed)
	p := s.begin("watch")
	p.await(`watching for built, page, reloader, server, worker`)
	s.watchesCopies(p)

	s.put("conf/server.conf", "2")
	s.untilInside("server", "/started", "started\nstarted")
	if got := s.inside("server", "cat", "/etc/server.conf"); got != "2" {
		t.Errorf("server was restarted before its file was there: %q", got)
	}
	s.put("conf/worker.conf", "2")
	s.untilInside("worker", "/started", "started\nstarted")
	s.put("conf/reloader.conf", "2")
	s.untilInside("reloader", "/tmp/reloads", "12 me /usr 2")
	s.untilInside("page", "/started", "started")

	before := s.ids()
	s.put("built/recipe", "second")
	p.await(`built: rebuilt`)
	if got := s.inside("built", "/probe", "cat", "/recipe"); got != "second" {
		t.Errorf("the new one has %q", got)
	}
	if after := s.ids(); after[s.name+"-built-1"] == before[s.name+"-built-1"] || after[s.name+"-page-1"] != before[s.name+"-page-1"] {
		t.Errorf("a rebuild of built made %v of %v", after, before)
	}
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	s.until("all run on", func() bool {
		return s.container("built").State.Status == "running" && s.container("page").State.Status == "running"
	})
}

// watchesCopies holds the rules that only copy to what is meant and what is not.
func (s *sandbox) watchesCopies(p *process) {
	s.t.Helper()
	s.untilInside("page", "/srv/page/index.html", "first")
	s.put("page/modules/y", "never")
	s.put("page/trace.log", "never")
	s.put("page/new/deep/file", "new")
	s.put("page/look.css", "red")
	s.untilInside("page", "/srv/page/new/deep/file", "new")
	s.untilInside("page", "/srv/styles/look.css", "red")
	if err := os.RemoveAll(filepath.Join(s.dir, "page", "old")); err != nil {
		s.t.Fatal(err)
	}
	s.until("old is gone", func() bool { return !strings.Contains(s.inside("page", "find", "/srv/page"), "old") })
	found := s.inside("page", "find", "/srv", "-type", "f", "-printf", "%p %u %m\n")
	for _, want := range []string{"/srv/page/index.html root 644", "/srv/styles/look.css root 644"} {
		if !strings.Contains(found, want) {
			s.t.Errorf("no %q in\n%s", want, found)
		}
	}
	for _, never := range []string{"modules", "trace.log", "styles/index.html"} {
		if strings.Contains(found, never) {
			s.t.Errorf("%s was copied:\n%s", never, found)
		}
	}
}

// saved is one service that gets files of a folder.
const saved = `
-- stack.yaml --
services:
  page:
    image: debian:bookworm-slim
    init: true
    command: [sleep, infinity]
    deploy: {replicas: 2}
    develop: {watch: [{action: sync, path: src, target: /src}]}
-- src/file0 --
`

// TestRapidSavesLoseNothing saves 200 times, into 20 files, some in folders that
// are new, each before the last one can have been copied.
func TestRapidSavesLoseNothing(t *testing.T) {
	s := newSandbox(t, saved)
	p := s.begin("watch")
	p.await(`watching for page`)
	for i := range 200 {
		s.put(fmt.Sprintf("src/d%d/file%d", i%5, i%20), fmt.Sprint("save ", i))
	}
	for i := 180; i < 200; i++ {
		s.untilInside("page", fmt.Sprintf("/src/d%d/file%d", i%5, i%20), fmt.Sprint("save ", i))
	}
	// What is made meanwhile has all of it, too.
	tryDocker("rm", "-f", s.name+"-page-2")
	s.run("up", "-d")
	s.until("the new one has it", func() bool {
		return tryDocker("exec", s.name+"-page-2", "cat", "/src/d4/file19") == "save 199"
	})
}

func TestAFailingRebuildLeavesWhatServes(t *testing.T) {
	s := newSandbox(t, developed)
	p := s.begin("watch", "--quiet", "built")
	p.await(`watching for built\n`)
	was := s.container("built")
	s.edit("built/Dockerfile", "COPY recipe", "COPY none")
	p.await(`(?s)error: .*none.*not found`)
	s.edit("built/Dockerfile", "CMD []", "HEALTHCHECK NONE\nENTRYPOINT [\"/probe\", \"-exit\", \"3\"]")
	s.edit("built/Dockerfile", "COPY none", "COPY recipe")
	p.await(`exit code 3`)
	s.until("the old one serves", func() bool {
		c, ok := s.containers()[s.name+"-built-1"]
		return ok && c.ID == was.ID && c.State.Status == "running"
	})
	s.edit("built/Dockerfile", "\nENTRYPOINT [\"/probe\", \"-exit\", \"3\"]", "")
	p.await(`built: rebuilt`)
	if strings.Contains(p.stderr.String(), "exporting") {
		t.Errorf("quiet, and there is progress of a build:\n%s", p.stderr.String())
	}
}

// TestReplacedImagesOfAWatchGo holds --prune to the images of the run itself, and
// --prune=false to none.
func TestReplacedImagesOfAWatchGo(t *testing.T) {
	s := newSandbox(t, developed)
	for _, prune := range []bool{true, false} {
		p := s.begin("watch", fmt.Sprint("--prune=", prune), "built")
		p.await(`watching for built\n`)
		images := []string{s.container("built").Image}
		for i := range 2 {
			s.put("built/recipe", fmt.Sprint(prune, i))
			s.until("another image is used", func() bool {
				c, ok := s.containers()[s.name+"-built-1"]
				return ok && c.Image != images[i] && c.State.Status == "running"
			})
			p.await(fmt.Sprintf(`(?s)(built: rebuilt.*){%d}`, i+1))
			images = append(images, s.container("built").Image)
		}
		p.signal(syscall.SIGINT)
		p.wait().ended(130)
		for i, left := range []bool{true, !prune, true} {
			if there := len(inspect[container](t, images[i])) == 1; there != left {
				t.Errorf("--prune=%v: image %d of 3 is there: %v", prune, i+1, there)
			}
		}
		if !prune {
			tryDocker("rmi", images[1])
		}
	}
}

func TestUpWatchesBesideTheLogs(t *testing.T) {
	s := newSandbox(t, developed)
	p := s.begin("up", "--watch", "built", "worker")
	p.await(`watching for built, worker`)
	was := s.container("built")
	s.put("built/recipe", "second")
	p.await(`built: rebuilt`)
	p.await(`(?s)serving.*serving`)
	if s.container("built").ID == was.ID {
		t.Error("built was not replaced")
	}
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	s.wantStopped("built")
	s.wantStopped("worker")
}

func TestRulesThatMakeNoSenseAreErrors(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    develop:
      watch:
        - {action: rebuild, path: .}
        - {action: sync, path: none, target: /x}
        - {action: sync, path: ., target: x}
        - {action: sync+exec, path: ., target: /x}
  plain: {image: "${PROBE}"}
`)
	s.try("watch").ended(1).says(`stack.yaml:6:\d+: .*no build section`, `stack.yaml:7:\d+: .*none: no such file`,
		`stack.yaml:8:\d+: .*not an absolute path`, `stack.yaml:9:\d+: .*exec.command`).changedNothing()
	s.try("watch", "plain").ended(1).says("none of the services").changedNothing()
	s.try("watch", "nobody").ended(1).says("not in the stack").changedNothing()
}
