//go:build e2e

package e2e_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const noted = `
-- stack.yaml --
services:
  page:
    build: {context: page, args: {BASE: "${PROBE}"}}
    environment: {LEVEL: one, TOKEN: hunter2}
  web:
    image: ${PROBE}
    ports: ["127.0.0.1:PORT:80"]
    environment: {LEVEL: one}
    volumes: [data:/data, /scratch]
    depends_on: [page]
volumes: {data: {}}
-- page/Dockerfile --
ARG BASE
FROM ${BASE}
COPY page.html /page.html
-- page/page.html --
<p>
-- page/.dockerignore --
draft
-- page/draft --
left out
`

// The notes of a plan on a real engine: a host port that a program has and no
// container, and the files of a build context that are newer than the image.
func TestPlanNotesWhatIsWorthKnowing(t *testing.T) {
	s := newSandbox(t, noted)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s.edit("stack.yaml", "PORT", port)
	s.run("plan").says("note: web: host port 127.0.0.1:" + port + "/tcp is taken by a program on this host that is no container").changedNothing()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.run("up", "-d")
	s.notes() // the port is a container's by now, and the image is new
	s.notes("--force-recreate")

	s.touch("page/draft")
	s.notes()
	s.touch("page/page.html")
	s.notes("", "page: the build context changed since image "+s.name+"-page was built: page.html (--build builds it)")
	s.notes("--build")
	s.run("up", "-d", "--build") // all of it is in the cache: the image is the same one
	s.notes()
}

// notes holds a plan with a flag, "" for none, to its notes.
func (s *sandbox) notes(flagAndNotes ...string) {
	s.t.Helper()
	var flags []string
	if len(flagAndNotes) > 0 && flagAndNotes[0] != "" {
		flags = flagAndNotes[:1]
	}
	var got []string
	for _, n := range s.plan(flags...).Notes {
		got = append(got, n.Service+": "+n.Text)
	}
	want := strings.Join(flagAndNotes[min(1, len(flagAndNotes)):], "\n")
	if text := strings.Join(got, "\n"); text != want {
		s.t.Errorf("plan %q notes %q, want %q", flags, text, want)
	}
}

// touch has a file written now, with the same content.
func (s *sandbox) touch(name string) {
	s.t.Helper()
	now := time.Now()
	if err := os.Chtimes(filepath.Join(s.dir, name), now, now); err != nil {
		s.t.Fatal(err)
	}
}

// Why a container was made outlives the command that made it; a dry run of a
// down says what is lost.
func TestWhyTellsTheLastReplacement(t *testing.T) {
	s := newSandbox(t, strings.Replace(noted, `"127.0.0.1:PORT:80"`, `"127.0.0.1::80"`, 1))
	s.run("why", "web").says("service web has no container", "create container "+s.name+"-web-1").changedNothing()
	s.run("up", "-d")
	s.run("why", "page").says(`page-1: created .* ago \(`, "    missing", "now: nothing to do").changedNothing()

	s.edit("stack.yaml", "LEVEL: one, TOKEN: hunter2", "LEVEL: two, TOKEN: hunter3")
	s.run("why", "page").says(`replace container .*-page-1`, `environment.LEVEL: "one" -> "two"`, "needed by web").changedNothing()
	s.run("up", "-d")
	r := s.run("why", "page")
	r.says(`page-1: replaced .* ago \(`, `environment.LEVEL: "one" -> "two"`, `environment.TOKEN: \(secret\)`, "now: nothing to do").changedNothing()
	label := docker(s.t, "inspect", "--format", `{{index .Config.Labels "dev.stack.reasons"}}`, s.name+"-page-1")
	if !strings.Contains(label, "environment.LEVEL") || strings.Contains(r.stdout+label, "hunter") {
		t.Errorf("the label is %s", label)
	}

	s.run("down", "-v", "--dry-run").says(
		`remove volume `+s.name+`_data  \[data loss: volume `+s.name+`_data\]`,
		`remove container `+s.name+`-web-1  \[data loss: anonymous volume at /scratch of `+s.name+`-web-1\]`,
		`plan: 8 to remove, 2 with data loss`, "unavailable from then on",
	).changedNothing()
}
