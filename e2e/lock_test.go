//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
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

// rounds of racing commands: a few, or with -faults what shows that none is lost.
func rounds() int {
	if *everyFault {
		return 50
	}
	return 2
}

// level changes the stack for the n-th time.
func (s *sandbox) level(n int) {
	s.t.Helper()
	s.edit("stack.yaml", fmt.Sprintf("DB_LEVEL: \"%d\"", n), fmt.Sprintf("DB_LEVEL: \"%d\"", n+1))
}

func TestFiveUpsAtOnceDoTheWorkOfOne(t *testing.T) { manyAtOnce(t, 5) }

func TestTwoUpsAtOnceDoTheWorkOfOne(t *testing.T) { manyAtOnce(t, 2) }

// manyAtOnce races n ups of a new stack, and then of a changed one, round by
// round. What they ask of the engine is what one of them asks for alone.
func manyAtOnce(t *testing.T, n int) {
	s := newSandbox(t, locking)
	alone := work(s.run("up", "-d").calls)
	s.run("down")
	s.atOnce(n, alone)
	s.level(1)
	alone = work(s.run("up", "-d").calls)
	waited := 0
	for round := range rounds() {
		s.level(round + 2)
		waited += s.atOnce(n, alone)
		want := []string{s.name + "-db-1", s.name + "-web-1", s.name + "-web-2"}
		if got := s.names("ps", "-a"); !slices.Equal(got, want) {
			t.Errorf("after %d at once there are %q, want %q", n, got, want)
		}
		s.converged("up", "-d")
		s.wantNoLock()
	}
	t.Logf("%d rounds of %d at once: %d waited and named the holder, each round's %d changing calls are those of one run", rounds(), n, waited, len(alone))
}

// ofHistory reports whether a call gives or takes a name of a generation's image.
// From the fourth generation on one goes for each that comes.
func (c call) ofHistory() bool {
	return strings.HasPrefix(c.path, "/images/") && (strings.HasSuffix(c.path, "/tag") || strings.Contains(c.path, "stack-gen"))
}

// work are the calls that change something, sorted, with what differs between
// two runs left out. The lock's and the history's are their own.
func work(calls []call) (out []string) {
	for _, c := range filter(calls, changing) {
		if c.ofHistory() {
			continue
		}
		out = append(out, anyID.ReplaceAllString(c.String(), "ID"))
	}
	slices.Sort(out)
	return out
}

var anyID = regexp.MustCompile(`[0-9a-f]{64}`)

// atOnce runs n ups at once: all succeed, each either did the work, or waited
// and named the holder, or found it done already. It returns how many waited.
func (s *sandbox) atOnce(n int, alone []string) (waited int) {
	s.t.Helper()
	from := len(s.wire.since(0))
	var all []*process
	for range n {
		all = append(all, s.begin("up", "-d"))
	}
	worked := 0
	for _, p := range all {
		r := p.wait().ended(0)
		waits := strings.Contains(r.stderr, "waiting for the lock, held by stack up, pid ")
		if waits {
			waited++
		}
		switch {
		case strings.Contains(r.stderr, "made, "):
			worked++
		case !waits && !strings.Contains(r.stderr, "up to date"):
			s.t.Errorf("this one neither worked nor waited:\n%s", r.stderr)
		}
	}
	if worked != 1 {
		s.t.Errorf("%d of %d did the work", worked, n)
	}
	if got := work(s.wire.since(from)); !slices.Equal(got, alone) {
		s.t.Errorf("%d at once ask for\n%s\none alone for\n%s", n, strings.Join(got, "\n"), strings.Join(alone, "\n"))
	}
	return waited
}

// An up and a down at once: one after the other, in either order, and nothing
// half-way.
func TestUpAgainstDownEndsAsOneOfThem(t *testing.T) {
	s := newSandbox(t, locking)
	up, down := 0, 0
	for range rounds() {
		one, other := s.begin("up", "-d"), s.begin("down")
		one.wait().ended(0)
		other.wait().ended(0)
		s.wantNoLock()
		switch got, networks := s.names("ps", "-a"), s.names("network", "ls"); {
		case len(got) == 0 && len(networks) == 0:
			down++
		case len(got) == 3 && len(networks) == 1 && len(s.names("ps")) == 3:
			s.converged()
			up++
		default:
			t.Errorf("half-way: %q on %q", got, networks)
		}
		s.run("up", "-d")
		s.converged("up", "-d")
	}
	t.Logf("%d rounds: up was the last %d times, down %d times", rounds(), up, down)
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

// crash runs an up that is killed when the engine has answered its n-th changing
// call.
func (s *sandbox) crash(n int) {
	s.t.Helper()
	var seen atomic.Int32
	process := make(chan *process, 1)
	s.wire.intercept(func(c call, forward func()) {
		forward()
		if c.mutates() && seen.Add(1) == int32(n) {
			_ = (<-process).cmd.Process.Kill()
		}
	})
	defer s.wire.intercept(nil)
	p := s.begin("up", "-d")
	process <- p
	if r := p.wait(); r.code == 0 {
		s.t.Fatalf("up came to its end in %d changing calls, before it was killed after %d", len(r.mutations()), n)
	}
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
