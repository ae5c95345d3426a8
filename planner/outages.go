package planner

import (
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// A forecast is what a plan makes unavailable, read off its actions: a service
// is there as long as one of its containers runs.
type forecast struct {
	plan     *plan.Plan
	desired  *spec.Stack // nil: the labels say what depends on what
	observed engine.State
	index    map[string]int

	serving map[string][]engine.Container // by service
	names   []string                      // of the services that serve, in order
	on      map[string][]int              // actions by the container that they name
}

func newForecast(d *draft, desired *spec.Stack) forecast {
	f := forecast{
		plan: &d.plan, desired: desired, observed: d.before, index: d.index,
		serving: map[string][]engine.Container{}, on: map[string][]int{},
	}
	for _, c := range f.observed.Containers {
		if serves(c) && !f.job(c.Service) {
			f.serving[c.Service] = append(f.serving[c.Service], c)
		}
	}
	f.names = sortedKeys(f.serving)
	for i, a := range f.plan.Actions {
		if name := subject(a.Op); name != "" && !a.Undo() {
			f.on[name] = append(f.on[name], i)
		}
	}
	return f
}

// subject is the container that an operation changes the service of, as the
// operation names it; "" for none.
func subject(op plan.Op) string {
	switch op := op.(type) {
	case engine.StopContainer:
		return op.Name
	case engine.RemoveContainer:
		return op.Name
	case engine.RestartContainer:
		return op.Name
	case engine.StartContainer:
		return op.Name
	case engine.DisconnectNetwork:
		return op.Container
	}
	return ""
}

// outages are what of the services that run now is unavailable while the plan
// is carried out, by the services' names.
func (d *draft) outages(desired *spec.Stack) (out []plan.Outage) {
	if len(d.plan.Actions) == 0 {
		return nil
	}
	f := newForecast(d, desired)
	for _, name := range f.names {
		out = append(out, f.service(name)...)
	}
	for i := range out {
		out[i].Needed = f.needed(out[i], out)
	}
	return out
}

// job reports whether a service is one, which serves nobody.
func (f forecast) job(service string) bool {
	return f.desired != nil && f.desired.Services[service].Job
}

func serves(c engine.Container) bool {
	aside := strings.HasSuffix(c.Name, suffixNew) || strings.HasSuffix(c.Name, suffixOld)
	return !c.OneOff && !aside && (c.Status == engine.StatusRunning || c.Status == engine.StatusRestarting)
}

// A turn is what the plan does to one running container: the actions that end
// it and that start it again, or its successor; "" for none.
type turn struct {
	end, begin string
	network    string // that it is taken off
	doubtful   bool   // only if an image changes
}

func (f forecast) service(name string) []plan.Outage {
	var all, pauses, ends []turn
	for _, c := range f.serving[name] {
		t := f.turn(c)
		all = append(all, t)
		switch {
		case t.end != "" && t.begin == "":
			ends = append(ends, t)
		case t.end != "" && !f.precedes(t.begin, t.end):
			pauses = append(pauses, t)
		}
	}
	o := plan.Outage{Service: name, Replicas: len(all)}
	switch {
	case len(ends) == len(all) && !f.begins(name):
		o.Kind = plan.Ended
	case len(ends) == len(all), len(pauses) > 0 && len(pauses)+len(ends) == len(all) && !f.takeTurns(pauses):
		o.Kind = plan.Down
	case len(pauses) > 0:
		o.Kind = plan.Reduced
	default:
		return f.cuts(o, all)
	}
	if o.Kind != plan.Ended {
		f.measure(&o, pauses)
	}
	return []plan.Outage{o}
}

// measure says how long it takes, by the service's own record.
func (f forecast) measure(o *plan.Outage, pauses []turn) {
	r := f.observed.Records[o.Service]
	o.For = r.Stop + r.Ready
	o.AtLeast = o.For > 0 && (r.Stop == 0 || r.Ready == 0)
	o.If = len(pauses) > 0 && !slices.ContainsFunc(pauses, func(t turn) bool { return !t.doubtful })
}

// takeTurns reports whether some two of them never are away at once.
func (f forecast) takeTurns(turns []turn) bool {
	for _, a := range turns {
		for _, b := range turns {
			if a.end != b.end && f.precedes(a.begin, b.end) {
				return true
			}
		}
	}
	return false
}

// cuts are the networks that running containers are off for a moment.
func (f forecast) cuts(o plan.Outage, all []turn) (out []plan.Outage) {
	var networks []string
	for _, t := range all {
		if t.network != "" && !slices.Contains(networks, t.network) {
			networks = append(networks, t.network)
		}
	}
	for _, network := range networks {
		o.Kind, o.Network = plan.Cut, network
		out = append(out, o)
	}
	return out
}

func (f forecast) turn(c engine.Container) (t turn) {
	actions := slices.Concat(f.on[c.ID], f.on[c.Name], f.on[c.Name+suffixNew])
	slices.Sort(actions)
	for _, i := range slices.Compact(actions) {
		a := f.plan.Actions[i]
		switch op := a.Op.(type) {
		case engine.StopContainer:
			t.ends(a, op.Name == c.ID)
		case engine.RemoveContainer:
			t.ends(a, op.Name == c.ID && t.end == "")
		case engine.RestartContainer:
			t.ends(a, op.Name == c.ID)
			if op.Name == c.ID {
				t.begin = a.ID
			}
		case engine.StartContainer:
			t.begin = a.ID
		case engine.DisconnectNetwork:
			if op.Container == c.ID {
				t.network = op.Network
			}
		}
	}
	return t
}

func (t *turn) ends(a plan.Action, yes bool) {
	if yes {
		t.end, t.doubtful = a.ID, a.Doubtful()
	}
}

// begins reports whether the plan starts any container of the service.
func (f forecast) begins(service string) bool {
	return slices.ContainsFunc(f.plan.Actions, func(a plan.Action) bool {
		_, starts := a.Op.(engine.StartContainer)
		return starts && !a.Undo() && a.Change.Service == service
	})
}

// precedes reports whether action b comes after action a, by whatever edges.
func (f forecast) precedes(a, b string) bool {
	seen := map[string]bool{}
	var before func(id string) bool
	before = func(id string) bool {
		if seen[id] {
			return false
		}
		seen[id] = true
		return slices.ContainsFunc(f.plan.Actions[f.index[id]].After, func(e plan.Edge) bool {
			return e.ID == a || before(e.ID)
		})
	}
	return a != "" && a != b && before(b)
}

// needed are the services that depend on one that is not there, and are there
// themselves.
func (f forecast) needed(o plan.Outage, outages []plan.Outage) (names []string) {
	for _, name := range f.names {
		away := slices.ContainsFunc(outages, func(other plan.Outage) bool {
			return other.Service == name && (other.Kind == plan.Down || other.Kind == plan.Ended)
		})
		if _, depends := f.dependencies(name)[o.Service]; depends && !away {
			names = append(names, name)
		}
	}
	return names
}

func (f forecast) dependencies(service string) map[string]spec.Dependency {
	if f.desired != nil {
		if s, ok := f.desired.Services[service]; ok {
			return s.DependsOn
		}
	}
	for _, c := range f.observed.Containers {
		if c.Service == service {
			return recordedDependencies(c)
		}
	}
	return nil
}

// finished is the plan, which also tells the services of this run that it leaves
// as they are.
func (u *up) finished(order []string) (*plan.Plan, error) {
	p, err := u.finish(u.desired)
	if err != nil {
		return nil, err
	}
	touched := map[string]bool{}
	for _, s := range p.Steps() {
		touched[s.Service] = true
	}
	for _, o := range p.Outages {
		touched[o.Service] = true
	}
	for _, name := range order {
		if !touched[name] && len(u.turns[name]) > 0 {
			p.Unchanged = append(p.Unchanged, name)
		}
	}
	slices.Sort(p.Unchanged)
	return p, nil
}
