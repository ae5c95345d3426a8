package planner

import (
	"fmt"
	"slices"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// Stop plans the stop of running containers, dependents first. desired may be
// nil, here and below: then the containers' labels say what depends on what.
func Stop(project string, desired *spec.Stack, observed engine.State, opts StopOptions) (*plan.Plan, error) {
	d := newDraft(project, observed)
	containers, err := members(desired, observed, opts.Services)
	if err != nil {
		return nil, err
	}
	o := newOutgoing(&d, desired, containers, opts)
	o.verb, o.why = plan.Stop, plan.Reason{Code: plan.Requested, Text: "stop"}
	o.stopAll()
	return d.finish(desired)
}

// Remove plans the removal of stopped containers, or with opts.Stop of all. A
// running one is otherwise left, with a note, and so are the steps of its
// service's pre_start.
func Remove(project string, desired *spec.Stack, observed engine.State, opts StopOptions) (*plan.Plan, error) {
	d := newDraft(project, observed)
	containers, err := members(desired, observed, opts.Services)
	if err != nil {
		return nil, err
	}
	if !opts.Stop {
		containers = slices.DeleteFunc(containers, func(c engine.Container) bool {
			if runs(c.Status) {
				d.note(c.Service, "container %s is %s and stays (--stop stops it first)", c.Name, c.Status)
			}
			return runs(c.Status)
		})
		containers = outlived(containers, observed.Containers)
	}
	o := newOutgoing(&d, desired, containers, opts)
	o.why = plan.Reason{Code: plan.Requested, Text: "rm"}
	o.stopAll()
	o.removeAll()
	return d.finish(desired)
}

// Start plans the start of containers that do not run, dependencies first, and
// before those of a service the steps of its pre_start that have not succeeded.
// A container that never ran, and whose step is not there, is an
// *UnpreparedError. No container at all is an ErrNothing, or an *AbsentError when
// the project has others.
func Start(project string, desired *spec.Stack, observed engine.State, opts StartOptions) (*plan.Plan, error) {
	containers, err := members(desired, observed, opts.Services)
	if err != nil {
		return nil, err
	}
	if len(containers) == 0 {
		return nil, noContainer(project, observed, opts.Services)
	}
	return inOrder(project, desired, observed, containers, func(s *sequence, c engine.Container, edges []plan.Edge) {
		if idle(c.Status) {
			s.start(c, edges)
		}
		if opts.Wait {
			s.await(c, engine.Ready, opts.WaitTimeout)
		}
	})
}

func noContainer(project string, observed engine.State, services []string) error {
	if len(services) > 0 && len(observed.Containers) > 0 {
		return &AbsentError{Service: services[0]}
	}
	return fmt.Errorf("project %s: %w", project, ErrNothing)
}

// Restart plans a stop and a start of containers, dependencies first, and of
// those that depend on them with restart: true. Of steps of pre_start the same
// holds as for Start.
func Restart(project string, desired *spec.Stack, observed engine.State, opts StopOptions) (*plan.Plan, error) {
	services := opts.Services
	if !opts.NoDeps && len(services) > 0 {
		services = withRestarted(desired, observed, services)
	}
	containers, err := members(desired, observed, services)
	if err != nil {
		return nil, err
	}
	return inOrder(project, desired, observed, containers, func(s *sequence, c engine.Container, edges []plan.Edge) {
		s.restart(c, opts, edges)
	})
}

// members are the containers that a command is for, those that run has made left
// out.
func members(desired *spec.Stack, observed engine.State, services []string) ([]engine.Container, error) {
	if err := knownServices(desired, observed, services); err != nil {
		return nil, err
	}
	var out []engine.Container
	for _, c := range observed.Containers {
		if !c.OneOff && meant(desired, c, services) {
			out = append(out, c)
		}
	}
	return out, nil
}

// withRestarted adds the services that depend on one of services with restart:
// true, directly or not.
func withRestarted(desired *spec.Stack, observed engine.State, services []string) []string {
	o := newOutgoing(nil, desired, observed.Containers, StopOptions{})
	graph := o.dependencies()
	out := slices.Clone(services)
	for _, name := range dependenciesFirst(graph) {
		for dependency, d := range graph[name] {
			if d.Restart && slices.Contains(out, dependency) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// A sequence is containers being started, dependencies first.
type sequence struct {
	draft
	desired *spec.Stack
	begun   map[string]string // container -> the action that starts it, or its last hook
}

// inOrder calls each for every one of the containers, those of dependencies first,
// with the edges of what must come before.
func inOrder(project string, desired *spec.Stack, observed engine.State, containers []engine.Container, each func(*sequence, engine.Container, []plan.Edge)) (*plan.Plan, error) {
	s := &sequence{draft: newDraft(project, observed), desired: desired, begun: map[string]string{}}
	o := newOutgoing(&s.draft, desired, containers, StopOptions{})
	graph := o.dependencies()
	for _, name := range dependenciesFirst(graph) {
		var edges []plan.Edge
		for _, dependency := range sortedKeys(graph[name]) {
			for _, c := range o.services[dependency] {
				edges = append(edges, s.meets(c, graph[name][dependency])...)
			}
		}
		for _, c := range o.services[name] {
			if err := unprepared(c, graph[name], o.services); err != nil {
				return nil, err
			}
			if stepOf(c) != "" {
				s.prepare(c, edges)
				continue
			}
			each(s, c, edges)
		}
	}
	return s.finish(desired)
}

func (s *sequence) step(c engine.Container, verb plan.Verb) step {
	return step{
		change:  plan.Change{Verb: verb, Object: "container", Name: c.Name, Service: c.Service},
		reasons: []plan.Reason{{Code: plan.Requested, Text: string(verb)}},
	}
}

func (s *sequence) start(c engine.Container, edges []plan.Edge) {
	st := s.step(c, plan.Start)
	s.hooked(st, c, s.add(st, "start "+c.Name, engine.StartContainer{Name: c.ID}, edges...))
}

func (s *sequence) restart(c engine.Container, opts StopOptions, edges []plan.Edge) {
	st := s.step(c, plan.Restart)
	edges = s.preStop(st, c, hooksOf(s.desired, c).PreStop, edges...)
	s.hooked(st, c, s.add(st, "restart "+c.Name, engine.RestartContainer{Name: c.ID, Timeout: opts.Timeout}, edges...))
}

func (s *sequence) hooked(st step, c engine.Container, begun string) {
	for i, hook := range hooksOf(s.desired, c).PostStart {
		begun = s.add(st, hookID("post_start", i, c.Name), engine.RunHook{Name: c.ID, Hook: hook}, onDone(begun))
	}
	s.begun[c.ID] = begun
}

// meets are the edges of what starts after c meets the condition of d.
func (s *sequence) meets(c engine.Container, d spec.Dependency) []plan.Edge {
	switch want := condition(d.Condition); {
	case s.begun[c.ID] == "" && meets(c, want):
		return nil
	case want == engine.Running:
		return after(s.begun[c.ID])
	default:
		return after(s.await(c, want, 0))
	}
}

func (s *sequence) await(c engine.Container, want engine.Condition, timeout time.Duration) string {
	if s.begun[c.ID] == "" && meets(c, want) {
		return ""
	}
	op := engine.WaitContainer{Name: c.ID, Condition: want, Timeout: timeout}
	if c.Recorded != nil && c.Recorded.Healthcheck != nil && len(c.Recorded.Healthcheck.Test) > 0 {
		op.Check = c.Recorded.Healthcheck
	}
	return s.add(s.step(c, plan.Wait), string(want)+" "+c.Name, op, after(s.begun[c.ID])...)
}
