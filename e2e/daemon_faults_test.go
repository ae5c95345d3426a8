//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// The engine restarts at some calls of an update: in order, and by being killed.
// The update rides it out or fails and says why; the next one ends as it would
// have.
func TestTheEngineRestartsInTheMiddleOfUp(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, "")
	s := d.sandbox(tiers)
	s.run(up...)
	d.api.writeFile(s.name+"-db-1", "/data", "mark", s.name)
	calls, wanted := s.undisturbedUpdates(d.api)
	points, through := 0, 0
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, n := range restartsAt(sig, calls) {
			level := s.nextLevel()
			points++
			if s.restartAt(d, sig, n) {
				through++
			}
			again := s.run(up...)
			s.wantAsBefore(d.api, wanted[level], fmt.Sprintf("%s at changing call %d of %d, then:\n%s", sig, n, calls, again.stderr))
		}
	}
	t.Logf("%d restarts of the engine, %d of them ridden out, the others put right by the next up", points, through)
}

// restartsAt are the calls at which the engine restarts: one early and one late,
// or with -faults each second one.
func restartsAt(sig syscall.Signal, calls int) (out []int) {
	if !*everyFault {
		return []int{map[syscall.Signal]int{syscall.SIGTERM: calls / 4, syscall.SIGKILL: calls / 2}[sig]}
	}
	for n := 1; n <= calls; n += 2 {
		out = append(out, n)
	}
	return out
}

// wantAsBefore holds the project to a picture, and to what is in its volume.
func (s *sandbox) wantAsBefore(a api, want picture, after string) {
	s.t.Helper()
	if now, _ := s.picture(a); now.unlike(want) != "" {
		s.t.Errorf("%s\n%s", now.unlike(want), after)
	}
	if got := a.readFile(s.name+"-db-1", "/data/mark"); got != s.name {
		s.t.Errorf("the volume says %q\n%s", got, after)
	}
}

// nextLevel changes the stack to its other version, and says which that is.
func (s *sandbox) nextLevel() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "stack.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	from, to := "1", "2"
	if strings.Contains(string(text), `LEVEL: "2"`) {
		from, to = to, from
	}
	s.edit("stack.yaml", fmt.Sprintf("LEVEL: %q", from), fmt.Sprintf("LEVEL: %q", to))
	return to
}

// undisturbedUpdates goes to the other version and back: how many changing calls
// that takes, and how it ends.
func (s *sandbox) undisturbedUpdates(a api) (calls int, wanted map[string]picture) {
	s.t.Helper()
	wanted = map[string]picture{}
	for range 2 {
		level := s.nextLevel()
		calls = len(s.run(up...).mutations())
		wanted[level], _ = s.picture(a)
	}
	return calls, wanted
}

// restartAt runs an up during which the engine is restarted, at the n-th changing
// call. It reports whether the up rode that out.
func (s *sandbox) restartAt(d *daemon, sig syscall.Signal, n int) bool {
	s.t.Helper()
	var seen atomic.Int32
	back := make(chan error, 1)
	s.wire.intercept(func(c call, forward func()) {
		if c.mutates() && seen.Add(1) == int32(n) {
			go func() { back <- d.restart(sig) }()
		}
		forward()
	})
	r := s.try(up...)
	s.wire.intercept(nil)
	if int(seen.Load()) < n {
		s.t.Fatalf("only %d changing calls, where the engine was to restart at %d:\n%s", seen.Load(), n, r.stderr)
	}
	d.check(<-back)
	if r.code > 1 || r.code < 0 || r.code == 1 && !strings.Contains(r.stderr, "error: ") {
		s.t.Errorf("%s at changing call %d: exit status %d, which no error explains:\n%s%s", sig, n, r.code, r.stdout, r.stderr)
	}
	return r.code == 0
}

// room is what is left of a full disk, in bytes: where an update fails depends
// on it. With more than the last an update can be made.
func room() (out []int) {
	if !*everyFault {
		return []int{0, 64 << 10}
	}
	for left := 0; left < 256<<10; left += 16 << 10 {
		out = append(out, left)
	}
	return out
}

// The engine's disk is full: an update fails and says so, the old containers go on
// to serve, and when there is room again the next update is made.
func TestTheEnginesDiskIsFull(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, "40m")
	s := d.sandbox(tiers)
	s.run(up...)
	d.api.writeFile(s.name+"-db-1", "/data", "mark", s.name)
	_, wanted := s.undisturbedUpdates(d.api)
	failed := 0
	for _, left := range room() {
		level := s.nextLevel()
		if s.updateInto(d, left, wanted[level]) != 0 {
			failed++
		}
		s.run(up...)
		s.wantAsBefore(d.api, wanted[level], fmt.Sprintf("after %d bytes were left", left))
	}
	if failed < 2 {
		t.Errorf("only %d updates failed: the disk was not full", failed)
	}
}

// updateInto runs an update for which so many bytes are left. When it fails, each
// service still serves: the old one, or the new one if there was room for it.
func (s *sandbox) updateInto(d *daemon, left int, wanted picture) int {
	s.t.Helper()
	before, ids := s.picture(d.api)
	empty := d.fill(left)
	r := s.try(up...)
	now, still := s.picture(d.api)
	empty()
	switch {
	case r.code == 0:
		s.t.Logf("%d bytes left: enough", left)
		s.wantAsBefore(d.api, wanted, fmt.Sprintf("with %d bytes left:\n%s", left, r.stderr))
		return 0
	case r.code != 1:
		s.t.Errorf("%d bytes left: exit status %d\n%s%s", left, r.code, r.stdout, r.stderr)
	}
	r.says("error: .*no space left on device", "hint: free some space")
	s.t.Logf("%d bytes left: %s", left, regexp.MustCompile("error: .*").FindString(r.stderr))
	for _, line := range now.text() {
		if !slices.Contains(before.text(), line) && !slices.Contains(wanted.text(), line) {
			s.t.Errorf("%d bytes left: neither as before nor as it should be:\n%s\n%s%s", left, line, r.stdout, r.stderr)
		}
	}
	for _, name := range []string{"-db-1", "-back-1"} { // front is made anew with back
		if slices.Equal(before.Containers[name].Env, now.Containers[name].Env) && still[name] != ids[name] {
			s.t.Errorf("%d bytes left: %s is not the container that it was", left, name)
		}
	}
	return r.code
}

// fill leaves so many bytes of the storage, until empty is called.
func (d *daemon) fill(left int) (empty func()) {
	d.t.Helper()
	path := fmt.Sprintf("/proc/%d/root%s", d.holder.Process.Pid, filepath.Join(d.dir, "data", "filler"))
	file, err := os.Create(path)
	d.check(err)
	for page := make([]byte, 4<<10); err == nil; {
		_, err = file.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatalf("fill the storage: %v", err)
	}
	at, err := file.Seek(0, 2)
	d.check(errors.Join(err, file.Truncate(at-int64(left)), file.Close()))
	return func() { d.check(os.Remove(path)) }
}
