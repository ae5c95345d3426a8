package reconciler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

const cases = 3000

// world is a random plan and how each of its operations will end.
type world struct {
	plan     *plan.Plan
	failing  map[string]bool
	parallel int
	busy     atomic.Int32
	tooBusy  atomic.Bool
}

func random(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{plan: of(), failing: map[string]bool{}, parallel: 1 + r.IntN(4)}
	n := 1 + r.IntN(14)
	for i := range n {
		w.add(r, i)
	}
	r.Shuffle(n, func(i, j int) { a := w.plan.Actions; a[i], a[j] = a[j], a[i] })
	return w
}

// add makes an action after some of the earlier ones.
func (w *world) add(r *rand.Rand, i int) {
	id := fmt.Sprint(i)
	if r.IntN(5) == 0 {
		id = "wait" + id
	}
	a := act(id)
	for _, earlier := range w.plan.Actions {
		if r.IntN(3) > 0 {
			continue
		}
		a.After = append(a.After, plan.Edge{ID: earlier.ID, When: [...]plan.When{0, 0, 0, plan.Failed, plan.Settled}[r.IntN(5)]})
		if r.IntN(8) == 0 {
			a = unless(a, earlier.ID)
		}
	}
	w.failing[id] = r.IntN(4) == 0
	w.plan.Actions = append(w.plan.Actions, a)
}

func (w *world) perform(_ context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
	if !plan.Waits(op) {
		if int(w.busy.Add(1)) > w.parallel {
			w.tooBusy.Store(true)
		}
		defer w.busy.Add(-1)
	}
	progress(plan.Progress{Text: "working"})
	if w.failing[op.Kind()] {
		return plan.Outcome{}, errBroken
	}
	return plan.Outcome{ImageID: "sha256:" + map[bool]string{true: "same", false: "other"}[len(op.Kind())%2 == 1]}, nil
}

// fate is how an action ends, and with which root cause.
type fate struct {
	status reconciler.Status
	cause  string
	idle   bool // unneeded, and not by its guard
}

// expected is the reference: what becomes of an action, given what became of
// those before it. It restates the documentation of plan.Edge.
func (w *world) expected(a plan.Action, fates map[string]fate) fate {
	impossible := false
	for _, e := range a.After {
		f := fates[e.ID]
		bad := f.status == reconciler.Failed || f.status == reconciler.Skipped
		if e.When == plan.Succeeded && bad {
			return fate{status: reconciler.Skipped, cause: f.cause}
		}
		impossible = impossible || e.When == plan.Succeeded && f.idle || e.When == plan.Failed && !bad
	}
	switch {
	case impossible:
		return fate{status: reconciler.Unneeded, idle: true}
	case w.same(a.Unless, fates):
		return fate{status: reconciler.Unneeded}
	case w.failing[a.ID]:
		return fate{status: reconciler.Failed, cause: a.ID}
	}
	return fate{status: reconciler.Succeeded}
}

func (w *world) same(g plan.Guard, fates map[string]fate) bool {
	for _, s := range g {
		if fates[s.ID].status != reconciler.Succeeded || len(s.ID)%2 == 0 {
			return false
		}
	}
	return len(g) > 0
}

// fates works out how each action ends, one after the other.
func (w *world) fates() map[string]fate {
	out := map[string]fate{}
	for len(out) < len(w.plan.Actions) {
		for _, a := range w.plan.Actions {
			if _, known := out[a.ID]; !known && ready(a, out) {
				out[a.ID] = w.expected(a, out)
			}
		}
	}
	return out
}

// ready reports whether all that a comes after is known.
func ready(a plan.Action, fates map[string]fate) bool {
	for _, e := range a.After {
		if _, ok := fates[e.ID]; !ok {
			return false
		}
	}
	return true
}

func TestRandomPlansEndAsTheReferenceSays(t *testing.T) {
	for seed := range uint64(cases) {
		w := random(seed)
		var events record
		_, err := reconciler.Apply(t.Context(), w.perform, w.plan, reconciler.Options{Parallel: w.parallel, Events: events.add})
		want := w.fates()
		broken := false
		for id, got := range checkEvents(t, w.plan, events) {
			want[id] = fate{want[id].status, want[id].cause, false}
			if got != want[id] {
				t.Errorf("%s: got %v, want %v", id, got, want[id])
			}
			broken = broken || got.status == reconciler.Failed
		}
		if (err != nil) != broken {
			t.Errorf("error: %v", err)
		}
		if t.Failed() || w.tooBusy.Load() {
			t.Fatalf("seed %d, parallel %d (exceeded: %v)\n%s%v", seed, w.parallel, w.tooBusy.Load(), w.plan.Graph(), events.fates())
		}
	}
}

// checkEvents holds a record to what every record promises, and returns how
// each action ended.
func checkEvents(t *testing.T, p *plan.Plan, events record) map[string]fate {
	t.Helper()
	started, fates := map[string]bool{}, map[string]fate{}
	for i, e := range events {
		if e.Seq != i+1 {
			t.Errorf("event %d has number %d", i, e.Seq)
		}
		if _, over := fates[e.Action]; over {
			t.Errorf("%s: %s after its end", e.Action, e.Status)
		}
		switch e.Status {
		case reconciler.Started:
			checkStart(t, p, e.Action, fates)
			started[e.Action] = true
		case reconciler.Progress:
			if !started[e.Action] {
				t.Errorf("%s: progress before its start", e.Action)
			}
		default:
			ran := e.Status == reconciler.Succeeded || e.Status == reconciler.Failed
			if started[e.Action] != ran {
				t.Errorf("%s: %s, started: %v", e.Action, e.Status, started[e.Action])
			}
			fates[e.Action] = fate{status: e.Status, cause: e.Cause}
			if e.Status == reconciler.Failed {
				fates[e.Action] = fate{status: e.Status, cause: e.Action}
			}
		}
	}
	if len(fates) != len(p.Actions) {
		t.Errorf("%d of %d actions ended", len(fates), len(p.Actions))
	}
	return fates
}

// checkStart holds an action that starts to its edges.
func checkStart(t *testing.T, p *plan.Plan, id string, fates map[string]fate) {
	t.Helper()
	for _, a := range p.Actions {
		if a.ID == id && !ready(a, fates) {
			t.Errorf("%s started before what it comes after was over", id)
		}
	}
}

// TestRandomInterruptionsBeginNothingButUndos interrupts each random plan at a
// random event.
func TestRandomInterruptionsBeginNothingButUndos(t *testing.T) {
	for seed := range uint64(cases) {
		w := random(seed)
		at := 1 + rand.New(rand.NewPCG(seed, 2)).IntN(2*len(w.plan.Actions))
		ctx, cancel := context.WithCancelCause(t.Context())
		var events record
		interrupt := func(e reconciler.Event) {
			if e.Status == reconciler.Started && e.Seq > at && !w.undo(e.Action) {
				t.Errorf("%s: began after the interruption", e.Action)
			}
			if events.add(e); e.Seq == at {
				cancel(errCtrlC)
			}
		}
		_, _ = reconciler.Apply(ctx, w.perform, w.plan, reconciler.Options{Parallel: w.parallel, Events: interrupt})
		w.checkInterrupted(t, checkEvents(t, w.plan, events))
		if t.Failed() {
			t.Fatalf("seed %d, interrupted at %d\n%s%v", seed, at, w.plan.Graph(), events.fates())
		}
		cancel(nil)
	}
}

// undo reports whether an action only runs because another one failed.
func (w *world) undo(id string) bool {
	for _, a := range w.plan.Actions {
		if a.ID != id {
			continue
		}
		for _, e := range a.After {
			if e.When == plan.Failed || e.When == plan.Succeeded && w.undo(e.ID) {
				return true
			}
		}
	}
	return false
}

// checkInterrupted holds each end to those before it: an undo ends as if there
// was no interruption, all else may be skipped too.
func (w *world) checkInterrupted(t *testing.T, got map[string]fate) {
	t.Helper()
	known := map[string]fate{}
	for len(known) < len(got) {
		for _, a := range w.plan.Actions {
			if _, done := known[a.ID]; done || !ready(a, known) {
				continue
			}
			want := w.expected(a, known)
			if f := got[a.ID]; f.status != want.status || f.cause != want.cause {
				if w.undo(a.ID) || f.status != reconciler.Skipped || !w.explains(f.cause, a, known) {
					t.Errorf("%s: got %v, want %v", a.ID, f, want)
				}
				want = f
			}
			known[a.ID] = want
		}
	}
}

// explains reports whether a skip of a can have the cause: the interruption, or
// that of something which a needs.
func (w *world) explains(cause string, a plan.Action, fates map[string]fate) bool {
	for _, e := range a.After {
		if e.When == plan.Succeeded && fates[e.ID].cause == cause {
			return true
		}
	}
	return cause == reconciler.Interrupted
}
