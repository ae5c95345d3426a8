package stack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/lock"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

// ofLock reports whether an operation is one of a lock.
func ofLock(op plan.Op) bool {
	name := ""
	switch op := op.(type) {
	case engine.CreateVolume:
		name = op.Definition.Name
	case engine.RemoveVolume:
		name = op.Name
	}
	return strings.HasPrefix(name, "stack-lock.")
}

// However many apply at once, one does the work, and the others find it done:
// they name whom they wait for, and what is asked of the engine is what one
// alone would ask.
func TestAppliesAtOnceAreOneAfterTheOther(t *testing.T) {
	alone, desired := world(t, twoServices)
	up(t, alone, desired, planner.Options{Wait: true})
	for _, n := range []int{2, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			e, desired := world(t, twoServices)
			all := newCrowd(n)
			e.Fail(all.hold)
			for i := range n {
				all.waiting.Add(1)
				go func() {
					defer all.waiting.Done()
					all.results[i], all.errs[i] = stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{Wait: true}), stack.Options{
						Lock: lock.Options{Command: fmt.Sprint("number ", i), Waiting: func(h lock.Holder) { all.wait(i, h) }},
					})
				}()
			}
			all.waiting.Wait()
			all.check(t)
			if got, want := kinds(e), kinds(alone); !slices.Equal(got, want) {
				t.Errorf("%d at once asked for %q\none alone for %q", n, got, want)
			}
		})
	}
}

// kinds are the operations that an engine was asked for, without the lock's,
// in no order.
func kinds(e *memory.Engine) (out []string) {
	for _, op := range slices.DeleteFunc(e.Ops(), ofLock) {
		out = append(out, op.Kind())
	}
	slices.Sort(out)
	return out
}

// A crowd are applies at once. The first that changes something is held up until
// all others wait for it.
type crowd struct {
	results []stack.Result
	errs    []error
	waiting sync.WaitGroup

	mu     sync.Mutex // each apply has a goroutine of its own
	waits  map[int]lock.Holder
	full   chan struct{} // closed when all but one wait
	others int
}

func newCrowd(n int) *crowd {
	return &crowd{results: make([]stack.Result, n), errs: make([]error, n), waits: map[int]lock.Holder{}, full: make(chan struct{}), others: n - 1}
}

func (c *crowd) hold(op plan.Op) error {
	if !ofLock(op) {
		<-c.full
	}
	return nil
}

func (c *crowd) wait(i int, h lock.Holder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, again := c.waits[i]; again {
		return
	}
	if c.waits[i] = h; len(c.waits) == c.others {
		close(c.full)
	}
}

func (c *crowd) check(t *testing.T) {
	t.Helper()
	for i, result := range c.results {
		if c.errs[i] != nil {
			t.Errorf("number %d: %v", i, c.errs[i])
			continue
		}
		if _, waited := c.waits[i]; waited == result.Plan.Empty() {
			continue // who waited has found nothing to do
		}
		t.Errorf("number %d: waited for %v, and its plan was\n%s", i, c.waits[i], result.Plan.Text())
	}
	if len(c.waits) != c.others {
		t.Errorf("%d waited, want %d", len(c.waits), c.others)
	}
}

func TestAnEmptyPlanTakesNoLock(t *testing.T) {
	e, desired := world(t, twoServices)
	up(t, e, desired, planner.Options{Wait: true})
	held, err := lock.Take(t.Context(), e, "app", lock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := len(e.Ops())
	up(t, e, desired, planner.Options{Wait: true})
	if ops := e.Ops()[before:]; len(ops) > 0 {
		t.Errorf("engine was asked for %v", ops)
	}
	if err := held.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAHeldLockFailsAtOnceWithoutPatience(t *testing.T) {
	e, desired := world(t, twoServices)
	if _, err := lock.Take(t.Context(), e, "app", lock.Options{Command: "stack up"}); err != nil {
		t.Fatal(err)
	}
	result, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{}), stack.Options{Lock: lock.Options{Patience: -1}})
	var held *lock.HeldError
	if !errors.As(err, &held) || held.Holder.Command != "stack up" || result.Plan != nil {
		t.Errorf("apply: %v", err)
	}
	if ops := slices.DeleteFunc(e.Ops(), ofLock); len(ops) > 0 {
		t.Errorf("engine was asked for %v", ops)
	}
}

func TestTheLockIsReleasedWhateverHappens(t *testing.T) {
	for name, spoil := range map[string]func(e *memory.Engine, stop func()){
		"success":      func(*memory.Engine, func()) {},
		"failure":      func(e *memory.Engine, _ func()) { e.Behave("db", memory.Behaviour{Exits: true, Code: 1}) },
		"interruption": func(e *memory.Engine, stop func()) { e.Fail(onCreate(stop)) },
	} {
		t.Run(name, func(t *testing.T) {
			e, desired := world(t, twoServices)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			spoil(e, stop)
			_, err := stack.Apply(ctx, e, stack.Up(desired, planner.Options{Wait: true}), stack.Options{})
			if (err == nil) != (name == "success") {
				t.Errorf("apply: %v", err)
			}
			if left, err := e.VolumesWith(t.Context(), engine.LabelLock, "app"); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
}

// onCreate does something when the first container is created.
func onCreate(do func()) func(plan.Op) error {
	return func(op plan.Op) error {
		if op.Kind() == "CreateContainer" {
			do()
		}
		return nil
	}
}

// A holder whose lock is destroyed begins nothing new: of a stack with two
// services in a row the second is not created.
func TestADestroyedLockEndsTheApply(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Behave("db", memory.Behaviour{Health: engine.HealthStarting}) // for ever: only the loss ends the wait
	e.FailAfter(func(op plan.Op) error {
		if op.Kind() != "StartContainer" {
			return nil
		}
		return e.RemoveVolume(context.Background(), engine.RemoveVolume{Name: "stack-lock.app"})
	})
	_, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{Wait: true}), stack.Options{})
	if !errors.As(err, new(*lock.LostError)) || errors.Is(err, context.Canceled) {
		t.Errorf("apply: %v", err)
	}
	if got := running(t, e); got != "app-db-1" {
		t.Errorf("running: %s", got)
	}
}
