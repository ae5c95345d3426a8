package stack_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

// Whether a start was carried out is asked of the engine's clock only, which is
// far behind this machine's here.
func TestAStartThatWasNotCarriedOutIsAskedForAgain(t *testing.T) {
	e := jobEngine()
	desired := oneJob()
	service := desired.Services["job"]
	service.Job = false
	desired.Services["job"] = service
	goal, opts := stack.Up(desired, planner.Options{}), stack.Options{Parallel: 1, Pause: noted(new([]time.Duration))}
	if _, err := stack.Apply(context.Background(), e, goal, opts); err != nil {
		t.Fatal(err)
	}
	e.Drift().Stop("p-job-1")
	lost := stumble(1, &engine.TransientError{Err: errors.New("EOF"), Sent: true})
	e.Fail(func(op plan.Op) error {
		if op.Kind() != "StartContainer" {
			return nil
		}
		return lost(op)
	})
	if _, err := stack.Apply(context.Background(), e, goal, opts); err != nil || starts(e) != 3 {
		t.Errorf("error %v after %d starts, want 3: that of before, the one that was lost, and the one that was not", err, starts(e))
	}
}

// jumping looks at the engine by a clock that jumps between the looks.
type jumping struct {
	*memory.Engine
	by []time.Duration // from the true time; the last one stays
}

func (j *jumping) Snapshot(ctx context.Context, q engine.Query) (engine.State, error) {
	state, err := j.Engine.Snapshot(ctx, q)
	state.Taken = state.Taken.Add(j.by[0])
	j.by = j.by[min(1, len(j.by)-1):]
	return state, err
}

// A clock that jumps can make an image look old, which brings it from its registry
// once more. What runs stays, and with the clock set right nothing is to be done.
func TestAClockThatJumpsReplacesNothing(t *testing.T) {
	const year = 365 * 24 * time.Hour
	e := jobEngine()
	desired := oneJob()
	service := desired.Services["job"]
	service.Job, service.PullPolicy, service.PullAfter = false, "refresh", 24*time.Hour
	desired.Services["job"] = service
	j := &jumping{Engine: e, by: []time.Duration{0, 10 * year, -10 * year, 3 * time.Hour, -3 * time.Hour, -20 * year, 5 * year, 0}}
	for looks := len(j.by); looks > 0; looks-- {
		_, err := stack.Apply(context.Background(), j, stack.Up(desired, planner.Options{Wait: true}), stack.Options{Parallel: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	made := 0
	for _, op := range e.Ops() {
		if op.Kind() == "CreateContainer" {
			made++
		}
	}
	p, err := stack.Plan(context.Background(), j, stack.Up(desired, planner.Options{}))
	if made != 1 || err != nil || !p.Empty() {
		t.Errorf("%d containers made, want 1; the plan in the end: %v, %v", made, p, err)
	}
}
