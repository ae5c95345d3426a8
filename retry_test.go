package stack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// stumble makes every first n calls of a kind fail, each operation for itself.
func stumble(n int, err error) func(plan.Op) error {
	failed := map[string]int{}
	return func(op plan.Op) error {
		key := fmt.Sprintf("%T", op)
		if failed[key]++; failed[key] > n {
			return nil
		}
		return err
	}
}

func oneJob() *spec.Stack {
	return &spec.Stack{
		Name: "p", Networks: map[string]spec.Network{"default": {Name: "p_default"}}, Volumes: map[string]spec.Volume{},
		Services: map[string]spec.Service{"job": {
			Name: "job", Replicas: 1, Job: true, PullPolicy: "missing",
			Container: spec.Container{Image: "job:1", Networks: map[string]spec.Endpoint{"p_default": {}}},
		}},
	}
}

func jobEngine() *memory.Engine {
	e := memory.New()
	e.SetRegistry("job:1", engine.Image{ID: "sha256:1"})
	return e
}

func apply(e engine.Engine, pause stack.Pause) error {
	_, err := stack.Apply(context.Background(), e, stack.Up(oneJob(), planner.Options{Wait: true}), stack.Options{Parallel: 1, Pause: pause, Unlocked: true})
	return err
}

// noted lets no time pass, and notes how much was asked for.
func noted(pauses *[]time.Duration) stack.Pause {
	return func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}
}

func starts(e *memory.Engine) (n int) {
	for _, op := range e.Ops() {
		if op.Kind() == "StartContainer" {
			n++
		}
	}
	return n
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	for name, lost := range map[string]bool{"before it was carried out": false, "only the answer": true} {
		t.Run(name, func(t *testing.T) {
			e := jobEngine()
			busy := stumble(4, &engine.TransientError{Err: errors.New("connection reset"), Sent: lost})
			if lost {
				e.FailAfter(busy)
			} else {
				e.Fail(busy)
			}
			var pauses []time.Duration
			if err := apply(e, noted(&pauses)); err != nil {
				t.Fatal(err)
			}
			if len(pauses) < 4 || !slices.IsSorted(pauses[:4]) {
				t.Errorf("pauses: %v, want them to grow", pauses)
			}
		})
	}
}

func TestTheTriesEnd(t *testing.T) {
	e := jobEngine()
	e.Fail(stumble(5, &engine.TransientError{Err: errors.New("connection refused")}))
	var pauses []time.Duration
	if err := apply(e, noted(&pauses)); err == nil || err.Error() != "create network p_default: connection refused\npull job:1: connection refused" {
		t.Errorf("got %v", err)
	}
	var all time.Duration
	for _, d := range pauses[:4] {
		all += d
	}
	if len(pauses) != 8 || all > 10*time.Second {
		t.Errorf("pauses: %v, want four for each action, of ten seconds at most", pauses)
	}
}

func TestWhatIsForGoodIsNotTriedAgain(t *testing.T) {
	e := jobEngine()
	e.Fail(stumble(1, errors.New("no space left")))
	var pauses []time.Duration
	if err := apply(e, noted(&pauses)); err == nil || len(pauses) > 0 {
		t.Errorf("error %v after the pauses %v, want one and none", err, pauses)
	}
}

// The answer to a start is lost, and the program has ended by the time that it
// is looked at: to start it again would run the job twice. The engine's clock is
// far behind this machine's.
func TestAJobThatMayHaveRunIsNotStartedAgain(t *testing.T) {
	e := jobEngine()
	e.Behave("job", memory.Behaviour{Exits: true})
	e.FailAfter(func(op plan.Op) error {
		if op.Kind() == "StartContainer" {
			return &engine.TransientError{Err: errors.New("EOF"), Sent: true}
		}
		return nil
	})
	var pauses []time.Duration
	err := apply(e, noted(&pauses))
	if err == nil || starts(e) != 1 || len(pauses) != 1 {
		t.Errorf("error %v, %d starts, pauses %v; want an error, one and one", err, starts(e), pauses)
	}
}

func TestAnInterruptionEndsThePause(t *testing.T) {
	e := jobEngine()
	e.Fail(stumble(100, &engine.TransientError{Err: errors.New("connection refused")}))
	ctx, cancel := context.WithCancel(context.Background())
	pause := func(ctx context.Context, _ time.Duration) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	_, err := stack.Apply(ctx, e, stack.Up(oneJob(), planner.Options{}), stack.Options{Parallel: 1, Pause: pause, Unlocked: true})
	if !errors.Is(err, context.Canceled) || len(e.Ops()) > 2 {
		t.Errorf("error %v after %d calls", err, len(e.Ops()))
	}
}

// An engine that is busy when it is looked at is looked at again.
type busyReader struct {
	*memory.Engine
	left int
}

func (b *busyReader) Snapshot(ctx context.Context, q engine.Query) (engine.State, error) {
	if b.left--; b.left >= 0 {
		return engine.State{}, &engine.TransientError{Err: errors.New("EOF"), Sent: true}
	}
	return b.Engine.Snapshot(ctx, q)
}

func TestASnapshotIsTakenAgain(t *testing.T) {
	var pauses []time.Duration
	if err := apply(&busyReader{jobEngine(), 4}, noted(&pauses)); err != nil || len(pauses) != 4 {
		t.Errorf("error %v after the pauses %v", err, pauses)
	}
}

// The lock's own calls are as patient, whether it is the call that is lost or
// its answer: who made the lock finds his own nonce in it and goes on.
func TestTheLocksCallsAreTriedAgain(t *testing.T) {
	for name, lost := range map[string]bool{"before it was carried out": false, "only the answer": true} {
		t.Run(name, func(t *testing.T) {
			e := jobEngine()
			busy := stumble(4, &engine.TransientError{Err: errors.New("connection reset"), Sent: lost})
			ofLocks := func(op plan.Op) error {
				if !ofLock(op) {
					return nil
				}
				return busy(op)
			}
			if lost {
				e.FailAfter(ofLocks)
			} else {
				e.Fail(ofLocks)
			}
			var pauses []time.Duration
			_, err := stack.Apply(t.Context(), e, stack.Up(oneJob(), planner.Options{Wait: true}), stack.Options{Pause: noted(&pauses)})
			if err != nil {
				t.Fatal(err)
			}
			left, err := e.VolumesWith(t.Context(), engine.LabelLock, "p")
			if starts(e) != 1 || len(left) > 0 || err != nil {
				t.Errorf("%d starts, locks left behind: %q, %v", starts(e), left, err)
			}
			want := 8 // four before the lock is made, and four before it has gone
			if lost {
				want = 4 + 1 // the first answer that comes to a removal is that it is gone
			}
			if len(pauses) != want {
				t.Errorf("%d pauses, want %d: %v", len(pauses), want, pauses)
			}
		})
	}
}

// What is looked at after all is done is looked at again too: the run has done
// its work, and must not fail by its summary.
func TestContainersAreLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := jobEngine()
		if err := apply(e, nil); err != nil {
			t.Fatal(err)
		}
		list, err := stack.Containers(t.Context(), &busyReader{e, 4}, stack.Project{Name: "p"}, stack.Selection{})
		if err != nil || len(list) != 1 {
			t.Errorf("%d containers, error %v", len(list), err)
		}
	})
}
