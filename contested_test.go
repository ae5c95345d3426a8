package stack_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/lock"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

// A network is contested for who has taken the lock from a dead holder, and where
// the answer to an earlier try was lost, and only there.
func TestANetworkIsContestedWhereAnotherCallMayBeUnderWay(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(e *memory.Engine)
		want    []bool
	}{
		"nobody":      {func(*memory.Engine) {}, []bool{false}},
		"dead":        {leaveDeadLock(t), []bool{true}},
		"lost answer": {func(e *memory.Engine) { e.FailAfter(loseFirst("CreateNetwork")) }, []bool{false, true}},
	} {
		e, desired := world(t, twoServices)
		c.prepare(e)
		pause := func(context.Context, time.Duration) error { return nil }
		if _, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{}), stack.Options{Pause: pause}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []bool
		for _, op := range e.Ops() {
			if op, ok := op.(engine.CreateNetwork); ok {
				got = append(got, op.Contested)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: contested %v, want %v", name, got, c.want)
		}
	}
}

// leaveDeadLock leaves the lock of a process that is no more: of this one's PID,
// and started at another time.
func leaveDeadLock(t *testing.T) func(e *memory.Engine) {
	return func(e *memory.Engine) {
		dead := lock.Self()
		dead.Started++
		if _, err := lock.Take(t.Context(), e, "app", lock.Options{Process: dead}); err != nil {
			t.Fatal(err)
		}
	}
}

// loseFirst loses the answer to the first operation of a kind.
func loseFirst(kind string) func(plan.Op) error {
	lost := false
	return func(op plan.Op) error {
		if op.Kind() != kind || lost {
			return nil
		}
		lost = true
		return &engine.TransientError{Err: errors.New("connection reset"), Sent: true}
	}
}
