package laws

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// A planFunc is a planner.
type planFunc = func(*spec.Stack, engine.State, planner.Options) (*plan.Plan, error)

// A bug is one that a planner could have. It is planted from outside: in what
// the planner is given, or in the plan that it makes.
type bug struct {
	name string
	law  string // that is to catch it
	at   int    // the case that caught it last, which is tried first
	up   func() planFunc
}

var bugs = []bug{
	{"the old container goes before the proof", "safe", 3, damage(func(p *plan.Plan) {
		each(p, isOldsRemoval, func(a *plan.Action) {
			a.After = []plan.Edge{{ID: strings.Replace(a.ID, "remove ", "rename "+strings.TrimSuffix(a.Change.Name, ".old")+" to ", 1)}}
		})
	})},
	{"there is no way back", "safe", 3, damage(func(p *plan.Plan) { drop(p, plan.Action.Undo) })},
	{"the old container's restart policy does not come back", "safe", 71, damage(func(p *plan.Plan) {
		drop(p, func(a plan.Action) bool { return strings.HasPrefix(a.ID, "undo: hold ") })
	})},
	{"anonymous volumes are not carried over", "safe", 7, damage(func(p *plan.Plan) {
		each(p, is[engine.CreateContainer], func(a *plan.Action) {
			op := a.Op.(engine.CreateContainer) //nolint:errcheck // it is one
			op.Anonymous = nil
			a.Op = op
		})
	})},
	{"a volume is removed", "safe", 0, damage(func(p *plan.Plan) {
		p.Actions = append(p.Actions, plan.Action{ID: "tidy up", Op: engine.RemoveVolume{Name: "p_data"}, Reasons: []plan.Reason{{Code: plan.Surplus}}})
	})},
	{"the order hangs on chance", "pure", 2, func() planFunc {
		var calls atomic.Int64
		return damaged(func(p *plan.Plan) {
			if n := len(p.Actions); n > 1 {
				k := int(calls.Add(1)) % n
				p.Actions = slices.Concat(p.Actions[k:], p.Actions[:k])
			}
		})
	}},
	{"a container does not wait for its network", "fixpoint", 14, damage(func(p *plan.Plan) {
		each(p, is[engine.CreateContainer], func(a *plan.Action) {
			a.After = slices.DeleteFunc(a.After, func(e plan.Edge) bool { return strings.HasPrefix(e.ID, "create network ") })
		})
	})},
	{"nothing waits for the health of a dependency", "complete", 54, damage(func(p *plan.Plan) {
		each(p, func(a plan.Action) bool { return !a.Undo() }, func(a *plan.Action) {
			a.After = slices.DeleteFunc(a.After, func(e plan.Edge) bool {
				return strings.HasPrefix(e.ID, "healthy ") && !strings.HasPrefix(e.ID, "healthy p-"+a.Change.Service+"-")
			})
		})
	})},
	{"a cycle", "acyclic", 2, damage(func(p *plan.Plan) {
		if n := len(p.Actions); n > 1 {
			p.Actions[0].After = append(p.Actions[0].After, plan.Edge{ID: p.Actions[n-1].ID})
			p.Actions[n-1].After = append(p.Actions[n-1].After, plan.Edge{ID: p.Actions[0].ID})
		}
	})},
	{"a rename has no reason", "explained", 3, damage(func(p *plan.Plan) {
		each(p, is[engine.RenameContainer], func(a *plan.Action) { a.Reasons = nil })
	})},
	{"a pull policy replaces containers", "explained", 21, func() planFunc {
		return func(s *spec.Stack, observed engine.State, o planner.Options) (*plan.Plan, error) {
			for _, service := range s.Services {
				o.ForceRecreate = o.ForceRecreate || service.PullPolicy == "never"
			}
			return planner.Up(s, observed, o)
		}
	}},
	{"drift of networks is not seen", "fixpoint", 5, misread(func(c *engine.Container) { c.Observed.Networks = c.Recorded.Networks })},
	{"drift of limits is not seen", "fixpoint", 41, misread(func(c *engine.Container) { c.Observed.Memory = c.Recorded.Memory })},
	{"a job that is done runs again", "fixpoint", 2, misread(func(c *engine.Container) {
		if c.Status == engine.StatusExited && c.ExitCode == 0 {
			c.ExitCode = 1
		}
	})},
	{"the old container stays", "fixpoint", 3, damage(func(p *plan.Plan) { drop(p, isOldsRemoval) })},
	{"the first replica is surplus, and not the last", "safe", 52, func() planFunc { return firstIsSurplus }},
	{"the old container is not held", "interruptible", 10, damage(dropHolds)},
	{"what an interrupted run left is not seen", "interruptible", 3, func() planFunc {
		return func(s *spec.Stack, observed engine.State, o planner.Options) (*plan.Plan, error) {
			observed.Containers = slices.DeleteFunc(slices.Clone(observed.Containers), func(c engine.Container) bool {
				return strings.HasSuffix(c.Name, ".new") || strings.HasSuffix(c.Name, ".old")
			})
			return planner.Up(s, observed, o)
		}
	}},
}

// sample is how many cases have to be enough to catch every planted bug.
const sample = 80

// TestPlantedBugsAreCaught plants each bug, and has the laws find it among the
// random cases.
func TestPlantedBugsAreCaught(t *testing.T) {
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			for i := range sample {
				seed := (b.at + i) % sample
				c := newWorld(t, seed).story(seed)
				c.Up, c.Points = b.up(), 2
				if b.law == "interruptible" {
					c.Points = 6
				}
				r := recorder{TB: t}
				r.hold(c)
				if slices.ContainsFunc(r.reports, func(text string) bool { return isOf(text, b.law) }) {
					t.Logf("caught by %q at case %d", b.law, seed)
					return
				}
				if len(r.reports) > 0 {
					t.Logf("case %d: another law's: %s", seed, strings.SplitN(r.reports[0], "\n", 2)[0])
				}
			}
			t.Errorf("no case is against %q", b.law)
		})
	}
}

// isOf reports whether a report is one of the law.
func isOf(text, law string) bool {
	names, _, _ := strings.Cut(text, ":")
	return strings.Contains(names, law)
}

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	mu      sync.Mutex // laws may report from the goroutines of actions
	reports []string
}

// errFatal ends a case that goes no further.
type errFatal struct{}

func (r *recorder) hold(c Case) {
	defer func() {
		if v := recover(); v != nil && v != any(errFatal{}) {
			panic(v)
		}
	}()
	_, _ = c.Hold(r) // a refusal breaks no law
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(errFatal{})
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.reports) > 0
}

// damage makes a planner whose plans are damaged.
func damage(f func(*plan.Plan)) func() planFunc { return func() planFunc { return damaged(f) } }

func damaged(f func(*plan.Plan)) planFunc {
	return func(s *spec.Stack, observed engine.State, o planner.Options) (*plan.Plan, error) {
		p, err := planner.Up(s, observed, o)
		if err == nil {
			f(p)
		}
		return p, err
	}
}

// misread makes a planner that sees each container of stack's otherwise.
func misread(f func(*engine.Container)) func() planFunc {
	return func() planFunc {
		return func(s *spec.Stack, observed engine.State, o planner.Options) (*plan.Plan, error) {
			observed.Containers = slices.Clone(observed.Containers)
			for i := range observed.Containers {
				if c := &observed.Containers[i]; c.Observed != nil {
					seen := *c.Observed
					c.Observed = &seen
					f(c)
				}
			}
			return planner.Up(s, observed, o)
		}
	}
}

func each(p *plan.Plan, pick func(plan.Action) bool, f func(*plan.Action)) {
	for i := range p.Actions {
		if pick(p.Actions[i]) {
			f(&p.Actions[i])
		}
	}
}

// drop takes actions out of a plan; what came after one of them comes after
// what that came after.
func drop(p *plan.Plan, pick func(plan.Action) bool) {
	gone := map[string][]plan.Edge{}
	p.Actions = slices.DeleteFunc(p.Actions, func(a plan.Action) bool {
		if pick(a) {
			gone[a.ID] = a.After
		}
		return pick(a)
	})
	for i := range p.Actions {
		var edges []plan.Edge
		for _, e := range p.Actions[i].After {
			if instead, ok := gone[e.ID]; ok {
				edges = append(edges, instead...)
			} else {
				edges = append(edges, e)
			}
		}
		p.Actions[i].After = edges
	}
}

func is[T plan.Op](a plan.Action) bool {
	_, ok := a.Op.(T)
	return ok
}

func isOldsRemoval(a plan.Action) bool {
	return is[engine.RemoveContainer](a) && !a.Undo() && strings.HasPrefix(a.ID, "remove ") && strings.HasSuffix(a.ID, ".old") && !strings.HasPrefix(a.ID, "remove leftover")
}

func dropHolds(p *plan.Plan) {
	drop(p, func(a plan.Action) bool { return strings.HasPrefix(a.ID, "undo: hold ") })
	drop(p, func(a plan.Action) bool { return strings.HasPrefix(a.ID, "hold ") })
}

// firstIsSurplus removes the first replica in place of the last.
func firstIsSurplus(s *spec.Stack, observed engine.State, o planner.Options) (*plan.Plan, error) {
	p, err := planner.Up(s, observed, o)
	if err != nil {
		return p, err
	}
	firstOf := map[string]string{}
	for _, c := range observed.Containers {
		if c.Number == 1 {
			firstOf[c.Service] = c.ID
		}
	}
	each(p, because("surplus: "), func(a *plan.Action) {
		switch a.Op.(type) {
		case engine.StopContainer:
			a.Op = engine.StopContainer{Name: firstOf[a.Change.Service]}
		case engine.RemoveContainer:
			a.Op = engine.RemoveContainer{Name: firstOf[a.Change.Service]}
		}
	})
	return p, nil
}
