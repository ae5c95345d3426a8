//go:build e2e

package e2e_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// A fault is what happens to one call, and to the program.
type fault struct {
	name   string
	kills  bool
	passes bool // the program promises to ride it out: see "What may pass" in docs/architecture.md
	do     func(x *exchange, kill func())
}

// delay is longer than an engine takes for any call of the scenarios.
const delay = time.Second

var faults = []fault{
	{name: "killed before", kills: true, do: func(x *exchange, kill func()) { kill(); x.drop() }},
	{name: "killed after", kills: true, do: func(x *exchange, kill func()) { x.answered(func() { kill(); x.drop() }) }},
	{name: "500", do: func(x *exchange, _ func()) { x.fail(http.StatusInternalServerError) }},
	{name: "503", passes: true, do: func(x *exchange, _ func()) { x.fail(http.StatusServiceUnavailable) }},
	{name: "dropped before", passes: true, do: func(x *exchange, _ func()) { x.drop() }},
	{name: "dropped after", passes: true, do: func(x *exchange, _ func()) { x.answered(x.drop) }},
	{name: "delayed", passes: true, do: func(x *exchange, _ func()) { <-time.After(delay); x.forward() }},
	{name: "garbage", do: func(x *exchange, _ func()) { x.garble() }},
	{name: "truncated", passes: true, do: func(x *exchange, _ func()) { x.truncate() }},
}

// meet has a fault happen to the call.
func (x *exchange) meet(f fault, kill func()) {
	defer func() {
		if over := recover(); over != nil && over != (written{}) {
			panic(over)
		}
	}()
	f.do(x, kill)
}

// greets reports whether a call is one with which the program finds out whether
// there is an engine at all: one that never answered is an error at once.
func (c call) greets() bool { return c.path == "/_ping" || c.path == "/version" }

// disturb runs the program with a fault at its n-th call. hit is that call, the
// zero value when there were fewer.
func (s *sandbox) disturb(f fault, n int, args ...string) (r result, hit call) {
	s.t.Helper()
	var seen atomic.Int32
	var at atomic.Pointer[call]
	running := make(chan *process, 1)
	s.wire.meddle(func(x *exchange) {
		if seen.Add(1) != int32(n) {
			x.forward()
			return
		}
		at.Store(&x.call)
		x.meet(f, func() { _ = (<-running).cmd.Process.Kill() })
	})
	p := s.begin(args...)
	running <- p
	r = p.wait()
	s.wire.meddle(nil)
	if c := at.Load(); c != nil {
		hit = *c
	}
	return r, hit
}

// wantClean holds a run that met a fault to its promise: a fault that may pass
// is ridden out, any other at most fails, and says why.
func (s *sandbox) wantClean(f fault, hit call, r result, code int) bool {
	s.t.Helper()
	switch {
	case f.kills && hit != call{}:
		if r.code != -1 {
			s.t.Errorf("%s at %s: it was not killed, but ended with exit status %d", f.name, hit, r.code)
		}
		return r.code == -1
	case r.code == code:
		return true
	case f.passes && !hit.greets():
		s.t.Errorf("%s at %s: exit status %d, want %d:\n%s%s", f.name, hit, r.code, code, r.stdout, r.stderr)
	case r.code != 1 || !strings.Contains(r.stderr, "error: "):
		s.t.Errorf("%s at %s: exit status %d, which no error explains:\n%s%s", f.name, hit, r.code, r.stdout, r.stderr)
	default:
		return true
	}
	return false
}
