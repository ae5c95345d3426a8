package stack_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
)

// A failure to record what was reached is no failure of the run.
func TestAnUpThatCannotBeRecordedSucceeds(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Fail(func(op plan.Op) error {
		if _, tags := op.(engine.TagImage); tags {
			return errors.New("no room")
		}
		return nil
	})
	result, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{Wait: true}), stack.Options{})
	if err != nil || result.Unrecorded == nil || !strings.Contains(result.Unrecorded.Error(), "no room") {
		t.Fatalf("up: %v; not recorded because of: %v", err, result.Unrecorded)
	}
	entries, err := stack.History(t.Context(), e, desired.Name)
	if err != nil || len(entries) > 0 {
		t.Errorf("kept is %v, %v", entries, err)
	}

	// The next one makes it good, though it has nothing else to do.
	e.Fail(nil)
	result, err = stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{Wait: true}), stack.Options{})
	if err != nil || result.Unrecorded != nil || !result.Plan.Empty() {
		t.Errorf("up: %v, %v, %s", err, result.Unrecorded, result.Plan.Text())
	}
	before := len(e.Ops())
	entries, err = stack.History(t.Context(), e, desired.Name)
	if err != nil || len(entries) != 1 || !entries[0].Current {
		t.Errorf("kept is %v, %v", entries, err)
	}
	up(t, e, desired, planner.Options{})
	if ops := e.Ops()[before:]; len(ops) > 0 {
		t.Errorf("one more up did %v", ops)
	}
}

// A run that fails has reached nothing that is worth going back to.
func TestAFailedUpIsNotRecorded(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Fail(func(op plan.Op) error {
		if start, ok := op.(engine.StartContainer); ok && start.Name == "app-web-1" {
			return errors.New("no")
		}
		return nil
	})
	if _, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{}), stack.Options{}); err == nil {
		t.Fatal("up succeeded")
	}
	if entries, err := stack.History(t.Context(), e, desired.Name); err != nil || len(entries) > 0 {
		t.Errorf("kept is %v, %v", entries, err)
	}
}

// How long a stop and a start took is known to the next plan.
func TestRunsAreMeasured(t *testing.T) {
	e, desired := world(t, twoServices)
	up(t, e, desired, planner.Options{Wait: true})
	stopped := make(map[string]time.Duration)
	level := "2"
	web := desired.Services["web"]
	web.Container.Env = map[string]*string{"LEVEL": &level}
	desired.Services["web"] = web
	_, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{Wait: true}), stack.Options{Events: func(ev reconciler.Event) {
		if ev.Kind == "StopContainer" && ev.Status == reconciler.Succeeded {
			stopped[ev.Change.Service] = ev.Elapsed
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	state, err := e.Snapshot(t.Context(), planner.Query(desired))
	if err != nil {
		t.Fatal(err)
	}
	if got := state.Records["web"]; got.Stop != stopped["web"] || got.Stop <= 0 || got.Ready <= 0 {
		t.Errorf("web took %+v, its stop %s", got, stopped["web"])
	}
	if got := state.Records["db"]; got.Ready <= 0 || got.Stop != 0 {
		t.Errorf("db, of the run before, took %+v", got)
	}
}
