//go:build e2e

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// locking changes in ways of which each takes several calls.
const locking = `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    environment: {DB_LEVEL: "1"}
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
  web:
    image: ${PROBE}
    deploy: {replicas: 2}
    depends_on: {db: {condition: service_healthy}}
`

// ofLock reports whether a call makes or removes a lock. That of making says the
// name in its body only, so all volumes count: the stack has none.
func (c call) ofLock() bool { return strings.HasPrefix(c.path, "/volumes/") }

func changing(c call) bool { return c.mutates() && !c.ofLock() }

func TestFiveUpsAtOnceDoTheWorkOfOne(t *testing.T) {
	s := newSandbox(t, locking)
	for level := range 3 {
		if level > 0 {
			s.edit("stack.yaml", fmt.Sprintf("DB_LEVEL: %q", fmt.Sprint(level)), fmt.Sprintf("DB_LEVEL: %q", fmt.Sprint(level+1)))
		}
		s.atOnce(5, level > 0)
		want := []string{s.name + "-db-1", s.name + "-web-1", s.name + "-web-2"}
		if got := s.names("ps", "-a"); !slices.Equal(got, want) {
			t.Errorf("after five at once there are %q, want %q", got, want)
		}
		s.converged("up", "-d")
		s.wantNoLock()
	}
}

// atOnce runs n ups at once: all succeed, each either did the work, or waited
// and named the holder, or found it done already.
func (s *sandbox) atOnce(n int, changed bool) {
	s.t.Helper()
	from := len(s.wire.since(0))
	var all []*process
	for range n {
		all = append(all, s.begin("up", "-d"))
	}
	worked := 0
	for _, p := range all {
		r := p.wait().ended(0)
		switch {
		case strings.Contains(r.stderr, "made, "):
			worked++
		case strings.Contains(r.stderr, "waiting for the lock, held by stack up, pid "):
		case !strings.Contains(r.stderr, "up to date"):
			s.t.Errorf("this one neither worked nor waited:\n%s", r.stderr)
		}
	}
	if worked != 1 {
		s.t.Errorf("%d of %d did the work", worked, n)
	}
	creates := filter(s.wire.since(from), func(c call) bool { return c.path == "/containers/create" })
	if want := map[bool]int{false: 3, true: 1}[changed]; len(creates) != want {
		s.t.Errorf("%d containers were made, want %d: %v", len(creates), want, filter(s.wire.since(from), changing))
	}
}

// wantNoLock holds the project to nothing that is left of a lock.
func (s *sandbox) wantNoLock() {
	s.t.Helper()
	if left := docker(s.t, "volume", "ls", "-q", "--filter", "label=dev.stack.lock="+s.name); left != "" {
		s.t.Errorf("left behind: %s", left)
	}
	if got := s.run("lock", "status").stdout; got != "free\n" {
		s.t.Errorf("lock status: %s", got)
	}
}

// A holder that was killed is known to be dead at once.
func TestTheNextUpTakesTheLockOfAKilledOneOver(t *testing.T) {
	s := newSandbox(t, locking)
	s.crash(4)
	s.run("lock", "status").says("held by stack up, pid .*; it is dead")
	r := s.run("up", "-d", "--lock-timeout", "0")
	if strings.Contains(r.stderr, "waiting for the lock") {
		t.Errorf("it waited:\n%s", r.stderr)
	}
	s.converged("up", "-d")
	s.wantNoLock()
}

func TestALivingHolderIsWaitedFor(t *testing.T) {
	s := newSandbox(t, locking)
	hold, reached := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	s.wire.intercept(func(c call, forward func()) {
		if c.path == "/containers/create" && once.CompareAndSwap(false, true) {
			close(reached)
			<-hold
		}
		forward()
	})
	first := s.begin("up", "-d")
	<-reached
	s.run("lock", "status").says("held by stack up, pid .*; it is alive")
	s.try("down", "--lock-timeout", "0").ended(1).says("locked by stack up, pid")
	s.try("unlock").ended(1).says("locked by stack up")
	if got := s.names("volume", "ls"); len(got) > 0 {
		t.Errorf("volumes of the project: %q", got)
	}
	second := s.begin("down")
	second.await("waiting for the lock, held by stack up, pid ")
	close(hold)
	first.wait().ended(0)
	second.wait().ended(0)
	if got := s.names("ps", "-a"); len(got) > 0 {
		t.Errorf("left of down: %q", got)
	}
	s.wantNoLock()
}

// A run whose lock is destroyed begins nothing new.
func TestAnUpWhoseLockIsDestroyedStops(t *testing.T) {
	s := newSandbox(t, strings.Replace(locking, "healthcheck: {test: [CMD, /probe, health]", "command: [-unhealthy]\n    healthcheck: {test: [CMD, /probe, health], retries: 1000", 1))
	p := s.begin("up", "-d")
	p.await("container " + s.name + "-db-1: started")
	docker(t, "volume", "rm", "stack-lock."+s.name)
	p.wait().ended(1).says("error: project "+s.name+": the lock was removed while it was held", "hint: ")
	if got := s.container("web").State.Status; got != "created" {
		t.Errorf("web is %s", got)
	}
	s.wantNoLock()
}
