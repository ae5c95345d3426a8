package stack

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
)

// record keeps what a run has reached, while the lock is held, and notes in its
// result what containers there are. That a reference of an old generation is in
// use after all is no failure: it stays until then.
func record(ctx context.Context, e engine.Engine, r *Record, before engine.State, run *Result, measured map[string]engine.Record, opts Options) error {
	brief, err := look(ctx, e, r.Query(before), opts.Pause)
	if err != nil {
		return err
	}
	run.list(brief)
	after := planner.Reached(before, brief, run.Plan, run.Outcomes)
	p, err := r.Plan(before, after, measured)
	if err != nil {
		return err
	}
	opts.Planned, opts.Events = nil, nil // the user has asked for the stack, and sees what becomes of it
	result, err := carryOut(ctx, e, p, after, opts)
	if len(result.Failed) > 0 && !result.Interrupted && !slices.ContainsFunc(result.Failed, matters) {
		return nil
	}
	return err
}

func matters(f *reconciler.ActionError) bool {
	_, untags := f.Action.Op.(engine.RemoveImage)
	return !untags || !errors.Is(f.Err, engine.ErrConflict)
}

// History are the generations of a project, the oldest first.
func History(ctx context.Context, r engine.Reader, project string) ([]planner.Entry, error) {
	observed, err := look(ctx, r, planner.RollbackQuery(project), nil)
	if err != nil {
		return nil, err
	}
	return planner.History(observed), nil
}

// A stopwatch takes the times of services from the events of a run, and hands
// the events on. It belongs to the goroutine that calls it.
type stopwatch struct {
	next   func(reconciler.Event)
	began  map[string]time.Time       // starts, by container
	stops  map[string][]time.Duration // by service
	proofs map[string][]time.Duration
}

func newStopwatch(next func(reconciler.Event)) *stopwatch {
	return &stopwatch{next: next, began: map[string]time.Time{}, stops: map[string][]time.Duration{}, proofs: map[string][]time.Duration{}}
}

func (w *stopwatch) event(e reconciler.Event) {
	name, service := e.Change.Name, e.Change.Service
	switch {
	case e.Kind == engine.StartContainer{}.Kind() && e.Status == reconciler.Started:
		w.began[name] = e.Time
	case e.Status != reconciler.Succeeded:
	case e.Kind == engine.StopContainer{}.Kind():
		w.stops[service] = append(w.stops[service], e.Elapsed)
	case e.Kind == engine.WaitContainer{}.Kind() && !w.began[name].IsZero():
		w.proofs[service] = append(w.proofs[service], e.Time.Sub(w.began[name]))
		w.began[name] = time.Time{} // what waits once more waits for something else
	}
	if w.next != nil {
		w.next(e)
	}
}

// records are the medians of what was measured.
func (w *stopwatch) records() map[string]engine.Record {
	out := map[string]engine.Record{}
	for service, list := range w.stops {
		r := out[service]
		r.Stop = median(list)
		out[service] = r
	}
	for service, list := range w.proofs {
		r := out[service]
		r.Ready = median(list)
		out[service] = r
	}
	return out
}

func median(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
