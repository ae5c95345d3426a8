//go:build e2e

package e2e_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const bound = `
-- app.conf --
first
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    volumes: [./app.conf:/etc/app.conf:ro, ./app.conf:/etc/second.conf:ro]
    post_start: [{command: [/probe, write, /tmp/hook, started]}]
  side: {image: "${PROBE}", network_mode: "service:web", command: [-address, ":8081"]}
  other: {image: "${PROBE}"}
`

// save writes a file as an editor does: another file takes the name.
func (s *sandbox) save(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path+"~", []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		s.t.Fatal(err)
	}
}

// reaches holds a service to reach an address, from inside.
func (s *sandbox) reaches(service, url string) {
	s.t.Helper()
	s.run("exec", "-T", service, "/probe", "get", url)
}

func TestAFileThatWasReplacedOnTheHostIsSeenAfterARestart(t *testing.T) {
	s := newSandbox(t, bound)
	s.run("up", "-d")
	before := s.ids()
	s.save("app.conf", "second\n")
	if got := s.run("exec", "-T", "web", "/probe", "cat", "/etc/app.conf").stdout; got != "first\n" {
		t.Fatalf("the container sees %q at once: there is nothing to mend", got)
	}
	r := s.try("plan", "--exit-code").ended(2)
	r.says("restart container "+s.name+"-web-1", "volumes./etc/app.conf: the file was replaced on the host", "volumes./etc/second.conf", "side.*").changedNothing()
	s.run("up", "-d")
	if after := s.ids(); !maps.Equal(before, after) {
		t.Errorf("mending made %v of %v", after, before)
	}
	for _, path := range []string{"/etc/app.conf", "/etc/second.conf"} {
		if got := s.run("exec", "-T", "web", "/probe", "cat", path).stdout; got != "second\n" {
			t.Errorf("%s says %q after the restart", path, got)
		}
	}
	s.reaches("side", "http://other:8080/")
	s.converged("up", "-d")
}

// What is written into the file itself is seen at once, and the same text once
// more is no other file.
func TestAFileThatWasNotReplacedIsNoReason(t *testing.T) {
	s := newSandbox(t, bound)
	s.run("up", "-d")
	s.write("-- app.conf --\nthird\n")
	s.converged("up", "-d")
	s.save("app.conf", "third\n")
	s.converged("up", "-d")
}

// A container that is started anew leaves those in its namespace without a
// network: they follow.
func TestWhoSharesANamespaceFollowsARestartByHand(t *testing.T) {
	s := newSandbox(t, bound)
	s.run("up", "-d")
	before := s.ids()
	docker(t, "restart", s.name+"-web-1")
	if r := s.try("exec", "-T", "side", "/probe", "get", "http://other:8080/"); r.code == 0 {
		t.Fatal("side still reaches other: there is nothing to mend")
	}
	s.try("plan", "--exit-code").ended(2).says("restart container "+s.name+"-side-1", "shares a namespace with web").changedNothing()
	s.run("up", "-d")
	if after := s.ids(); !maps.Equal(before, after) {
		t.Errorf("mending made %v of %v", after, before)
	}
	s.reaches("side", "http://other:8080/")
	s.converged("up", "-d")
}

// A container of docker compose is no exception.
func TestAReplacedFileOfAnAdoptedContainerIsSeen(t *testing.T) {
	s := newSandbox(t, strings.ReplaceAll(bound, "    post_start: [{command: [/probe, write, /tmp/hook, started]}]\n", ""))
	s.peer("up", "-d")
	before := s.ids()
	s.save("app.conf", "second\n")
	s.run("plan").says("restart container "+s.name+"-web-1", "the file was replaced on the host").changedNothing()
	s.run("up", "-d")
	if after := s.ids(); !maps.Equal(before, after) {
		t.Errorf("mending made %v of %v", after, before)
	}
	if got := s.run("exec", "-T", "web", "/probe", "cat", "/etc/app.conf").stdout; got != "second\n" {
		t.Errorf("the file says %q after the restart", got)
	}
	s.converged("up", "-d")
}
