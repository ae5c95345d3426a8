package planner

import (
	"fmt"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// A draft is a plan while it is being made. Actions are added once; an ID that
// is there already keeps its first action.
type draft struct {
	plan     plan.Plan
	before   engine.State // what was observed
	index    map[string]int
	building map[string]bool // services whose build is being planned because another one builds upon them
	// allPlatforms has builds make all that the file lists, and not only what runs
	// here: the engine may not be able to run the other platforms' programs.
	allPlatforms bool
}

func newDraft(project string, observed engine.State) draft {
	return draft{before: observed, plan: plan.Plan{Target: observed.Target, Project: project}, index: map[string]int{}, building: map[string]bool{}}
}

// A step is what the actions of one change have in common.
type step struct {
	change  plan.Change
	guard   plan.Guard
	reasons []plan.Reason
	loses   []string
}

// add puts an action into the plan and returns its ID.
func (d *draft) add(s step, id string, op plan.Op, after ...plan.Edge) string {
	if _, ok := d.index[id]; ok {
		return id
	}
	d.index[id] = len(d.plan.Actions)
	d.plan.Actions = append(d.plan.Actions, plan.Action{
		ID: id, Change: s.change, Op: op, After: distinct(guarded(after, s.guard)), Unless: s.guard, Reasons: s.reasons, Loses: s.loses,
	})
	return id
}

// guarded adds the edges without which a guard could not be decided.
func guarded(after []plan.Edge, guard plan.Guard) []plan.Edge {
	for _, same := range guard {
		after = append(after, plan.Edge{ID: same.ID})
	}
	return after
}

func distinct(edges []plan.Edge) []plan.Edge {
	seen := map[plan.Edge]bool{}
	out := edges[:0:0]
	for _, e := range edges {
		if e.ID != "" && !seen[e] {
			seen[e] = true
			out = append(out, e)
		}
	}
	return out
}

// then adds an edge to an action that is in the plan already.
func (d *draft) then(id string, edge plan.Edge) {
	a := &d.plan.Actions[d.index[id]]
	a.After = distinct(append(a.After, edge))
}

func (d *draft) has(id string) bool {
	_, ok := d.index[id]
	return ok
}

func (d *draft) note(service, format string, args ...any) {
	d.plan.Notes = append(d.plan.Notes, plan.Note{Service: service, Text: fmt.Sprintf(format, args...)})
}

// finish hands the plan over, with what it makes unavailable. A plan that does
// not hold what plans promise is a bug of this package, and is not handed over.
// desired may be nil.
func (d *draft) finish(desired *spec.Stack) (*plan.Plan, error) {
	if err := d.plan.Check(); err != nil {
		return nil, fmt.Errorf("plan of %s: %w", d.plan.Project, err)
	}
	d.plan.Outages = d.outages(desired)
	return &d.plan, nil
}

// after makes edges to actions that must have succeeded; empty IDs are left
// out by add.
func after(ids ...string) []plan.Edge {
	edges := make([]plan.Edge, len(ids))
	for i, id := range ids {
		edges[i] = plan.Edge{ID: id}
	}
	return edges
}

func onFailed(id string) plan.Edge  { return plan.Edge{ID: id, When: plan.Failed} }
func onSettled(id string) plan.Edge { return plan.Edge{ID: id, When: plan.Settled} }
func onDone(id string) plan.Edge    { return plan.Edge{ID: id} }
