package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

var errBroken = errors.New("broken")

// op is an operation, named like its action.
type op string

func (o op) Kind() string { return string(o) }

// wait is a wait, named like its action.
type wait string

func (w wait) Kind() string { return string(w) }
func (wait) Waits()         {}

// build is an operation that an interruption cuts off, named like its action.
type build string

func (b build) Kind() string { return string(b) }
func (build) Cancellable()   {}

// act is an action that comes after others: "a" needs a to succeed, "!a" to
// fail, "a?" to be over. An ID that starts with "wait" is that of a wait, and one
// with "build" that of a build.
func act(id string, after ...string) plan.Action {
	a := plan.Action{ID: id, Op: op(id), Reasons: []plan.Reason{{Code: plan.Missing}}}
	if strings.HasPrefix(id, "wait") {
		a.Op = wait(id)
	}
	if strings.HasPrefix(id, "build") {
		a.Op = build(id)
	}
	for _, s := range after {
		switch {
		case strings.HasPrefix(s, "!"):
			a.After = append(a.After, plan.Edge{ID: s[1:], When: plan.Failed})
		case strings.HasSuffix(s, "?"):
			a.After = append(a.After, plan.Edge{ID: strings.TrimSuffix(s, "?"), When: plan.Settled})
		default:
			a.After = append(a.After, plan.Edge{ID: s})
		}
	}
	return a
}

// unless guards an action: it is unneeded when the image of another one is
// still sha256:same.
func unless(a plan.Action, id string) plan.Action {
	a.Unless = plan.Guard{{ID: id, Image: id, ImageID: "sha256:same"}}
	return a
}

func of(actions ...plan.Action) *plan.Plan { return &plan.Plan{Actions: actions} }

// fail performs all operations but the given ones, which fail. Images stay the
// same.
func fail(ids ...string) reconciler.Perform {
	return func(_ context.Context, op plan.Op, _ func(plan.Progress)) (plan.Outcome, error) {
		if slices.Contains(ids, op.Kind()) {
			return plan.Outcome{}, errBroken
		}
		return plan.Outcome{ImageID: "sha256:same"}, nil
	}
}

// record is the events of one Apply.
type record []reconciler.Event

func (r *record) add(e reconciler.Event) { *r = append(*r, e) }

// fates tells how each action ended, in the order in which they ended, such as
// "a succeeded, b failed, c skipped (b)".
func (r record) fates() string {
	var out []string
	for _, e := range r {
		switch e.Status {
		case reconciler.Started, reconciler.Progress:
		case reconciler.Skipped:
			out = append(out, fmt.Sprintf("%s skipped (%s)", e.Action, e.Cause))
		default:
			out = append(out, fmt.Sprintf("%s %s", e.Action, e.Status))
		}
	}
	return strings.Join(out, ", ")
}

// expect applies a plan one operation at a time and compares the fates.
func expect(t *testing.T, p *plan.Plan, perform reconciler.Perform, want string) {
	t.Helper()
	var events record
	// The error is that of the actions that are to fail.
	_, _ = reconciler.Apply(t.Context(), perform, p, reconciler.Options{Parallel: 1, Events: events.add})
	if got := events.fates(); got != want {
		t.Errorf("got:  %s\nwant: %s", got, want)
	}
}

func TestReadyActionsStartInThePlansOrder(t *testing.T) {
	p := of(act("d", "b"), act("c", "b"), act("b"), act("a"))
	expect(t, p, fail(), "b succeeded, d succeeded, c succeeded, a succeeded")
}

func TestDiamondEndsOnce(t *testing.T) {
	p := of(act("a"), act("b", "a"), act("c", "a"), act("d", "b", "c"))
	expect(t, p, fail(), "a succeeded, b succeeded, c succeeded, d succeeded")
}

func TestFailureSkipsOnlyWhatFollows(t *testing.T) {
	p := of(act("a"), act("b", "a"), act("c", "a"), act("d", "b", "c"), act("e", "d"), act("f", "c"), act("g"))
	expect(t, p, fail("b"),
		"a succeeded, b failed, c succeeded, d skipped (b), e skipped (b), f succeeded, g succeeded")
}

func TestEachFailureIsAnActionError(t *testing.T) {
	result, err := reconciler.Apply(t.Context(), fail("a", "c"), of(act("a"), act("b", "a"), act("c")), reconciler.Options{})
	var first *reconciler.ActionError
	if !errors.As(err, &first) || first.Action.ID != "a" || !errors.Is(first, errBroken) {
		t.Errorf("the first error is %v", first)
	}
	if err == nil || err.Error() != "a: broken\nc: broken" {
		t.Errorf("the error reads %q", err)
	}
	if len(result.Failed) != 2 || result.Failed[1].Action.ID != "c" {
		t.Errorf("failed: %v", result.Failed)
	}
	if len(result.Skipped) != 1 || result.Skipped[0].Action.ID != "b" || result.Skipped[0].Cause != "a" {
		t.Errorf("skipped: %v", result.Skipped)
	}
	if result.Interrupted {
		t.Error("a failure counts as an interruption")
	}
}

func TestGuardMakesUnneededAndGoesOn(t *testing.T) {
	p := of(act("pull"), unless(act("stop", "pull"), "pull"), act("next", "stop"))
	expect(t, p, fail(), "pull succeeded, stop unneeded, next succeeded")
}

func TestGuardDoesNotHoldForAnotherImage(t *testing.T) {
	p := of(act("pull"), unless(act("stop", "pull"), "pull"))
	perform := func(context.Context, plan.Op, func(plan.Progress)) (plan.Outcome, error) {
		return plan.Outcome{ImageID: "sha256:other"}, nil
	}
	expect(t, p, perform, "pull succeeded, stop succeeded")
}

func TestGuardedActionIsSkippedWhenItsImageFails(t *testing.T) {
	p := of(act("pull"), unless(act("stop", "pull"), "pull"))
	expect(t, p, fail("pull"), "pull failed, stop skipped (pull)")
}

func TestWhatNeedsAnIdleActionIsIdle(t *testing.T) {
	p := of(act("a"), act("undo", "!a"), act("after undo", "undo"), act("always", "undo?"), act("undo of undo", "!undo"))
	expect(t, p, fail(), "a succeeded, undo unneeded, after undo unneeded, undo of undo unneeded, always succeeded")
}

func TestOutcomesAndWarningsAreInTheResult(t *testing.T) {
	perform := func(_ context.Context, op plan.Op, _ func(plan.Progress)) (plan.Outcome, error) {
		return plan.Outcome{ContainerID: "id of " + op.Kind(), Warnings: []string{"no swap"}}, nil
	}
	result, err := reconciler.Apply(t.Context(), perform, of(act("b"), act("a")), reconciler.Options{})
	if err != nil || result.Outcomes["a"].ContainerID != "id of a" {
		t.Errorf("outcomes: %v, %v", result.Outcomes, err)
	}
	if len(result.Warnings) != 2 || result.Warnings[0].Action.ID != "b" || result.Warnings[0].Text != "no swap" {
		t.Errorf("warnings: %v", result.Warnings)
	}
}

func TestPlanThatFailsItsCheckIsRefused(t *testing.T) {
	perform := func(context.Context, plan.Op, func(plan.Progress)) (plan.Outcome, error) {
		t.Error("an action of a refused plan began")
		return plan.Outcome{}, nil
	}
	for _, p := range []*plan.Plan{of(act("a", "b"), act("b", "a")), of(act("c"), act("a", "b"))} {
		if _, err := reconciler.Apply(t.Context(), perform, p, reconciler.Options{}); err == nil {
			t.Errorf("accepted:\n%s", p.Graph())
		}
	}
}

func TestEmptyPlanIsOverAtOnce(t *testing.T) {
	result, err := reconciler.Apply(t.Context(), nil, &plan.Plan{}, reconciler.Options{})
	if err != nil || result.Interrupted || len(result.Outcomes) > 0 {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestParallelBoundsOperationsAndNotWaits holds each action until nothing more
// can begin.
func TestParallelBoundsOperationsAndNotWaits(t *testing.T) {
	for _, parallel := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) { checkParallel(t, parallel) })
	}
}

func checkParallel(t *testing.T, parallel int) {
	var operations, waits atomic.Int32
	release := make(chan struct{})
	perform := func(_ context.Context, op plan.Op, _ func(plan.Progress)) (plan.Outcome, error) {
		if plan.Waits(op) {
			waits.Add(1)
		} else {
			operations.Add(1)
		}
		<-release
		return plan.Outcome{}, nil
	}
	p := &plan.Plan{}
	for i := range 20 {
		p.Actions = append(p.Actions, act(fmt.Sprint("op ", i)), act(fmt.Sprint("wait ", i)))
	}
	go func() { _, _ = reconciler.Apply(t.Context(), perform, p, reconciler.Options{Parallel: parallel}) }()
	synctest.Wait()
	want := int32(parallel)
	if parallel == 0 {
		want = reconciler.DefaultParallel
	}
	if operations.Load() != want || waits.Load() != 20 {
		t.Errorf("Parallel %d: %d operations and %d waits run at once", parallel, operations.Load(), waits.Load())
	}
	close(release)
}

// What is on the longest path begins first; of equals what goes on with what was
// begun, and then the plan's first.
func TestTheLongestPathGoesFirst(t *testing.T) {
	p := of(
		act("short"), act("other"), act("slow"), act("wait", "slow"), act("long"), act("longer", "long"),
		act("undo", "!short"), act("undone", "undo"),
	)
	var begun []string
	_, err := reconciler.Apply(t.Context(), fail(), p, reconciler.Options{Parallel: 1, Events: func(e reconciler.Event) {
		if e.Status == reconciler.Started {
			begun = append(begun, e.Action)
		}
	}})
	if want := "slow wait long longer short other"; err != nil || strings.Join(begun, " ") != want {
		t.Errorf("%v, begun %q; want %s", err, begun, want)
	}
}
