package planner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// An outgoing is a set of containers that stop, dependents first, and perhaps
// go.
type outgoing struct {
	*draft
	desired *spec.Stack // nil: the labels say what depends on what
	why     plan.Reason
	reasons map[string]plan.Reason // container ID -> its own reason, in place of why
	timeout *time.Duration
	verb    plan.Verb
	volumes bool              // anonymous volumes go too
	after   map[string]string // container ID -> an action that has to be over before

	services map[string][]engine.Container
	stops    map[string]string // container ID -> the action that stops it
	removes  []string
}

func newOutgoing(d *draft, desired *spec.Stack, containers []engine.Container, opts StopOptions) *outgoing {
	o := &outgoing{
		draft: d, desired: desired, timeout: opts.Timeout, volumes: opts.Volumes, verb: plan.Remove,
		services: map[string][]engine.Container{}, stops: map[string]string{},
	}
	for _, c := range containers {
		o.services[c.Service] = append(o.services[c.Service], c)
	}
	return o
}

func (o *outgoing) step(c engine.Container) step {
	why, own := o.reasons[c.ID]
	if !own {
		why = o.why
	}
	return step{change: plan.Change{Verb: o.verb, Object: "container", Name: c.Name, Service: c.Service}, reasons: []plan.Reason{why}}
}

// stopAll stops what runs. A service stops when all that depends on it has, in
// whatever way: one that cannot be stopped does not keep up the rest.
func (o *outgoing) stopAll() {
	graph := o.dependencies()
	waits := map[string][]plan.Edge{}
	for _, name := range dependentsFirst(graph) {
		var stopped []plan.Edge
		for _, c := range o.services[name] {
			if id := o.stop(c, waits[name]); id != "" {
				stopped = append(stopped, onSettled(id))
			}
		}
		if len(stopped) == 0 {
			stopped = waits[name] // what is not there hands on what it waited for
		}
		for dependency := range graph[name] {
			waits[dependency] = append(waits[dependency], stopped...)
		}
	}
}

func (o *outgoing) stop(c engine.Container, edges []plan.Edge) string {
	if !runs(c.Status) {
		return ""
	}
	s := o.step(c)
	edges = append(slices.Clone(edges), onSettled(o.after[c.ID]))
	edges = o.preStop(s, c, o.hooks(c).PreStop, edges...)
	o.stops[c.ID] = o.add(s, "stop "+c.Name, engine.StopContainer{Name: c.ID, Timeout: o.timeout}, edges...)
	return o.stops[c.ID]
}

// removeAll removes the containers that have stopped.
func (o *outgoing) removeAll() {
	for _, name := range sortedKeys(o.services) {
		for _, c := range o.services[name] {
			op := engine.RemoveContainer{Name: c.ID, Volumes: o.volumes}
			last := o.add(o.step(c), "remove "+c.Name, op, onDone(o.stops[c.ID]), onSettled(o.after[c.ID]))
			o.removes = append(o.removes, last)
			o.removeAnonymous(c, last)
		}
	}
}

// removeAnonymous removes the anonymous volumes too. The engine does so with
// the container only for those that it made with this container, not for those
// carried over from an older one.
func (o *outgoing) removeAnonymous(c engine.Container, removed string) {
	if !o.volumes {
		return
	}
	for _, target := range sortedKeys(c.Anonymous) {
		name := c.Anonymous[target]
		s := o.step(c)
		s.loses = []string{fmt.Sprintf("anonymous volume at %s of %s", target, c.Name)}
		o.removes = append(o.removes, o.add(s, "remove volume "+name, engine.RemoveVolume{Name: name}, onDone(removed)))
	}
}

// hooks are those of the stack file, or else those that the container's label
// recorded when it was made.
func (o *outgoing) hooks(c engine.Container) engine.Hooks { return hooksOf(o.desired, c) }

func hooksOf(desired *spec.Stack, c engine.Container) engine.Hooks {
	if desired != nil {
		if s, ok := desired.Services[c.Service]; ok {
			return engine.Hooks{PostStart: s.PostStart, PreStop: s.PreStop}
		}
	}
	return c.DecodeHooks()
}

// preStop adds the pre_stop hooks of a running container, and returns the
// edges for its stop.
func (d *draft) preStop(s step, c engine.Container, list []spec.Hook, edges ...plan.Edge) []plan.Edge {
	if c.Status != engine.StatusRunning {
		return edges
	}
	for i, hook := range list {
		edges = after(d.add(s, hookID("pre_stop", i, c.Name), engine.RunHook{Name: c.ID, Hook: hook}, edges...))
	}
	return edges
}

func hookID(kind string, i int, name string) string {
	return fmt.Sprintf("%s %d of %s", kind, i+1, name)
}

// dependencies are what each service depends on: as the containers' labels
// say, and the stack file.
func (o *outgoing) dependencies() map[string]map[string]spec.Dependency {
	out := map[string]map[string]spec.Dependency{}
	for name, containers := range o.services {
		out[name] = map[string]spec.Dependency{}
		for _, c := range containers {
			for dependency, d := range recordedDependencies(c) {
				out[name][dependency] = d
			}
		}
	}
	if o.desired != nil {
		for name, s := range o.desired.Services {
			out[name] = s.DependsOn
		}
	}
	return out
}

// recordedDependencies reads the label that docker compose and stack write.
func recordedDependencies(c engine.Container) map[string]spec.Dependency {
	out := map[string]spec.Dependency{}
	for _, entry := range strings.Split(c.Labels[engine.LabelDependsOn], ",") {
		parts := strings.Split(entry, ":")
		if parts[0] == "" {
			continue
		}
		d := spec.Dependency{Condition: spec.Started}
		if len(parts) > 1 {
			d.Condition = spec.Condition(parts[1])
		}
		if len(parts) > 2 {
			d.Restart = parts[2] == "true"
		}
		out[parts[0]] = d
	}
	return out
}

// dependenciesFirst sorts the services. Labels written by hand could hold a
// cycle; it is cut where it is met.
func dependenciesFirst(graph map[string]map[string]spec.Dependency) []string {
	var order []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, dependency := range sortedKeys(graph[name]) {
			visit(dependency)
		}
		order = append(order, name)
	}
	for _, name := range sortedKeys(graph) {
		visit(name)
	}
	return order
}

func dependentsFirst(graph map[string]map[string]spec.Dependency) []string {
	order := dependenciesFirst(graph)
	slices.Reverse(order)
	return order
}
