package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

func TestEventsTellOneActionsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		perform := func(_ context.Context, _ plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
			progress(plan.Progress{Text: "half", Current: 1, Total: 2})
			time.Sleep(time.Second) // of the bubble
			return plan.Outcome{ImageID: "sha256:1"}, nil
		}
		a := act("pull")
		a.Change = plan.Change{Verb: plan.Pull, Object: "image", Name: "web"}
		began := time.Now()
		var got record
		if _, err := reconciler.Apply(t.Context(), perform, of(a), reconciler.Options{Events: got.add}); err != nil {
			t.Fatal(err)
		}
		if len(got) != 3 || got[0].Status != reconciler.Started || got[1].Status != reconciler.Progress || got[2].Status != reconciler.Succeeded {
			t.Fatalf("events: %v", got)
		}
		for i, e := range got {
			if e.Version != 1 || e.Seq != i+1 || e.Action != "pull" || e.Kind != "pull" || e.Change != a.Change {
				t.Errorf("event %d: %+v", i, e)
			}
		}
		if *got[1].Progress != (plan.Progress{Text: "half", Current: 1, Total: 2}) {
			t.Errorf("progress: %+v", got[1].Progress)
		}
		if got[2].Elapsed != time.Second || got[2].Outcome.ImageID != "sha256:1" || !got[2].Time.Equal(began.Add(time.Second)) {
			t.Errorf("end: %+v", got[2])
		}
	})
}

func TestFailureEventHasTheError(t *testing.T) {
	var got record
	_, _ = reconciler.Apply(t.Context(), fail("a"), of(act("a")), reconciler.Options{Events: got.add})
	if last := got[len(got)-1]; last.Error != "broken" || !errors.Is(last.Err, errBroken) || last.Outcome != nil {
		t.Errorf("got %+v", last)
	}
}

// TestSlowEventsDoNotHoldUpOperations lets the callback hang on the first
// event, while an action reports more than all buffers take.
func TestSlowEventsDoNotHoldUpOperations(t *testing.T) {
	const lines = 100_000
	done := make(chan struct{})
	perform := func(_ context.Context, _ plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
		for i := range lines {
			progress(plan.Progress{Log: fmt.Sprint(i)})
			progress(plan.Progress{Text: fmt.Sprint(i)})
		}
		close(done)
		return plan.Outcome{}, nil
	}
	var got record
	events := func(e reconciler.Event) {
		if e.Status == reconciler.Progress {
			<-done
		}
		got.add(e)
	}
	if _, err := reconciler.Apply(t.Context(), perform, of(act("build")), reconciler.Options{Events: events}); err != nil {
		t.Fatal(err)
	}
	if got[len(got)-1].Status != reconciler.Succeeded {
		t.Errorf("the last event is %v", got[len(got)-1].Status)
	}
	if last := got[len(got)-2].Progress; last.Text != fmt.Sprint(lines-1) {
		t.Errorf("the last progress is %+v", last)
	}
	if len(got) > 10_000 {
		t.Errorf("%d events were kept", len(got))
	}
}

// TestPanicIsNotSwallowed runs itself again, since a panic ends the program.
func TestPanicIsNotSwallowed(t *testing.T) {
	if os.Getenv("STACK_TEST_PANIC") != "" {
		perform := func(context.Context, plan.Op, func(plan.Progress)) (plan.Outcome, error) { panic("a bug") }
		_, _ = reconciler.Apply(t.Context(), perform, of(act("a")), reconciler.Options{})
		return
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanicIsNotSwallowed$")
	again.Env = append(os.Environ(), "STACK_TEST_PANIC=1")
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: a bug") {
		t.Errorf("got %v: %s", err, out)
	}
}
