package reconciler_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

var errCtrlC = errors.New("ctrl-c")

// slow performs each action in a second of the bubble's time; it ends early,
// with the context's error, when that is cancelled.
func slow(ctx context.Context, _ plan.Op, _ func(plan.Progress)) (plan.Outcome, error) {
	select {
	case <-ctx.Done():
		return plan.Outcome{}, ctx.Err()
	case <-time.After(time.Second):
		return plan.Outcome{}, nil
	}
}

// interruption is one Apply that is interrupted, and perhaps aborted.
type interruption struct {
	plan          *plan.Plan
	cancel, abort time.Duration // after how long; 0 for never
	want          string
	cause         error // in the error of Apply; nil: no error at all
}

// run is in a bubble, which also finds any goroutine that is left.
func (i interruption) run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		abort := make(chan struct{})
		if i.cancel > 0 {
			time.AfterFunc(i.cancel, func() { cancel(errCtrlC) })
		}
		if i.abort > 0 {
			time.AfterFunc(i.abort, func() { close(abort) })
		}
		var events record
		result, err := reconciler.Apply(ctx, slow, i.plan, reconciler.Options{Parallel: 1, Events: events.add, Abort: abort})
		if got := events.fates(); got != i.want {
			t.Errorf("got:  %s\nwant: %s", got, i.want)
		}
		if result.Interrupted != (i.cause != nil) || !errors.Is(err, i.cause) {
			t.Errorf("interrupted %v, error %v, want cause %v", result.Interrupted, err, i.cause)
		}
	})
}

func TestInterruptionLetsOperationsFinishAndBeginsNothing(t *testing.T) {
	interruption{
		plan: of(act("a"), act("b", "a"), act("c")), cancel: 500 * time.Millisecond,
		want:  "b skipped (interrupted), c skipped (interrupted), a succeeded",
		cause: errCtrlC,
	}.run(t)
}

func TestInterruptionCancelsWaits(t *testing.T) {
	interruption{
		plan: of(act("a"), act("wait", "a"), act("b", "wait")), cancel: 1500 * time.Millisecond,
		want:  "a succeeded, b skipped (interrupted), wait failed",
		cause: errCtrlC,
	}.run(t)
}

func TestInterruptionCutsOffBuilds(t *testing.T) {
	interruption{
		plan: of(act("build"), act("b", "build")), cancel: 500 * time.Millisecond,
		want:  "b skipped (interrupted), build failed",
		cause: errCtrlC,
	}.run(t)
}

func TestCancelledWaitFailsWithTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		time.AfterFunc(time.Millisecond, func() { cancel(errCtrlC) })
		result, _ := reconciler.Apply(ctx, slow, of(act("wait")), reconciler.Options{})
		if len(result.Failed) != 1 || !errors.Is(result.Failed[0], errCtrlC) {
			t.Errorf("failed: %v", result.Failed)
		}
	})
}

func TestInterruptionUndoesAReplaceWhoseOldContainerIsStopped(t *testing.T) {
	interruption{
		plan: replace(), cancel: 1500 * time.Millisecond,
		want: "create succeeded, rename old skipped (interrupted), rename new skipped (interrupted), " +
			"start skipped (interrupted), wait ready skipped (interrupted), remove old skipped (interrupted), " +
			"stop old succeeded, remove new succeeded, rename old back skipped (interrupted), start old succeeded",
		cause: errCtrlC,
	}.run(t)
}

func TestInterruptedWaitForReadyIsUndone(t *testing.T) {
	interruption{
		plan: replace(), cancel: 5500 * time.Millisecond,
		want: "create succeeded, stop old succeeded, rename old succeeded, rename new succeeded, start succeeded, " +
			"remove old skipped (interrupted), wait ready failed, " +
			"remove new succeeded, rename old back succeeded, start old succeeded",
		cause: errCtrlC,
	}.run(t)
}

func TestWaitOfAnUndoIsNotInterrupted(t *testing.T) {
	interruption{
		plan:   of(act("a"), act("b", "a"), act("undo", "!b", "a"), act("wait old", "undo"), act("next", "wait old")),
		cancel: 500 * time.Millisecond,
		want:   "b skipped (interrupted), a succeeded, undo succeeded, wait old succeeded, next succeeded",
		cause:  errCtrlC,
	}.run(t)
}

func TestAbortCancelsOperationsAndBeginsNoUndo(t *testing.T) {
	interruption{
		plan: replace(), cancel: 1300 * time.Millisecond, abort: 1500 * time.Millisecond,
		want: "create succeeded, rename old skipped (interrupted), rename new skipped (interrupted), " +
			"start skipped (interrupted), wait ready skipped (interrupted), remove old skipped (interrupted), " +
			"remove new skipped (interrupted), rename old back skipped (interrupted), start old skipped (interrupted), " +
			"stop old failed",
		cause: reconciler.ErrAborted,
	}.run(t)
}

func TestAbortNeedsNoInterruptionBefore(t *testing.T) {
	for _, id := range []string{"a", "wait"} {
		interruption{
			plan: of(act(id), act("b", id)), abort: 500 * time.Millisecond,
			want:  "b skipped (interrupted), " + id + " failed",
			cause: reconciler.ErrAborted,
		}.run(t)
	}
}

func TestSkipKeepsTheFailureAsItsCauseInAnInterruption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		perform := func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
			if op.Kind() == "a" {
				return plan.Outcome{}, errBroken
			}
			return slow(ctx, op, progress)
		}
		time.AfterFunc(time.Millisecond, func() { cancel(errCtrlC) })
		var events record
		_, _ = reconciler.Apply(ctx, perform, of(act("a"), act("b"), act("c", "b", "a")), reconciler.Options{Events: events.add})
		if got, want := events.fates(), "a failed, c skipped (a), b succeeded"; got != want {
			t.Errorf("got:  %s\nwant: %s", got, want)
		}
	})
}

func TestContextThatHasEndedBeginsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, err := reconciler.Apply(ctx, nil, of(act("a"), act("b", "a")), reconciler.Options{})
	if !errors.Is(err, context.Canceled) || len(result.Skipped) != 2 {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestInterruptionGoesBeforeWhatItBringsAbout has the report of a cancelled
// wait and the end of the context lie ready at the same time; which of the two
// a select takes is random, so it is tried often.
func TestInterruptionGoesBeforeWhatItBringsAbout(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var got record
			events := func(e reconciler.Event) {
				if got.add(e); e.Action == "wait 2" && e.Status == reconciler.Started {
					cancel(errCtrlC)
					synctest.Wait() // until wait 1 has reported
				}
			}
			_, _ = reconciler.Apply(ctx, slow, of(act("wait 1"), act("wait 2"), act("b", "wait 1")), reconciler.Options{Events: events})
			if fates := got.fates(); !strings.Contains(fates, "b skipped (interrupted)") {
				t.Error(fates)
			}
		})
	}
}
