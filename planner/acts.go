package planner

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// KillOptions of Kill.
type KillOptions struct {
	Services      []string // empty: those of the file that are in an active profile, or without a file all
	Signal        string   // "": SIGKILL
	RemoveOrphans bool     // when no service is named: all that the project has, too
}

// Kill plans a signal to each running container, to all at once.
func Kill(project string, desired *spec.Stack, observed engine.State, opts KillOptions) (*plan.Plan, error) {
	file := desired
	if opts.RemoveOrphans && len(opts.Services) == 0 {
		file = nil
	}
	containers, err := members(file, observed, opts.Services)
	if err != nil {
		return nil, err
	}
	return each(project, desired, observed, containers, plan.Kill, func(d *draft, s step, c engine.Container) {
		if runs(c.Status) {
			d.add(s, "kill "+c.Name, engine.KillContainer{Name: c.ID, Signal: opts.Signal})
		}
	})
}

// Pause plans the pause of each running container.
func Pause(project string, desired *spec.Stack, observed engine.State, services []string) (*plan.Plan, error) {
	containers, err := members(desired, observed, services)
	if err != nil {
		return nil, err
	}
	return each(project, desired, observed, containers, plan.Pause, func(d *draft, s step, c engine.Container) {
		switch c.Status {
		case engine.StatusRunning:
			d.add(s, "pause "+c.Name, engine.PauseContainer{Name: c.ID})
		case engine.StatusRestarting:
			d.note(c.Service, "container %s is restarting, and is not paused", c.Name)
		}
	})
}

// Unpause plans that each paused container goes on.
func Unpause(project string, desired *spec.Stack, observed engine.State, services []string) (*plan.Plan, error) {
	containers, err := members(desired, observed, services)
	if err != nil {
		return nil, err
	}
	return each(project, desired, observed, containers, plan.Unpause, func(d *draft, s step, c engine.Container) {
		if c.Status == engine.StatusPaused {
			d.add(s, "unpause "+c.Name, engine.UnpauseContainer{Name: c.ID})
		}
	})
}

// each plans something for every one of the containers.
func each(project string, desired *spec.Stack, observed engine.State, containers []engine.Container, verb plan.Verb, act func(*draft, step, engine.Container)) (*plan.Plan, error) {
	d := newDraft(project, observed)
	for _, c := range containers {
		act(&d, requestedOf(verb, c), c)
	}
	return d.finish(desired)
}

// requestedOf is a step with a container that a command asked for.
func requestedOf(verb plan.Verb, c engine.Container) step {
	return step{
		change:  plan.Change{Verb: verb, Object: "container", Name: c.Name, Service: c.Service},
		reasons: []plan.Reason{{Code: plan.Requested, Text: string(verb)}},
	}
}

// CommitOptions of Commit.
type CommitOptions struct {
	Service string
	Index   int    // the replica; 0: the first
	Image   string // the reference that the image gets; "" for none
	Author  string
	Message string
	Changes []string // instructions of a Dockerfile
	Running bool     // the container is not paused meanwhile
}

// Commit plans an image of a service's container as it is. That there is none is
// an error.
func Commit(project string, desired *spec.Stack, observed engine.State, opts CommitOptions) (*plan.Plan, error) {
	containers, err := members(desired, observed, []string{opts.Service})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(containers, func(a, b engine.Container) int { return cmp.Compare(a.Number, b.Number) })
	i := slices.IndexFunc(containers, func(c engine.Container) bool {
		return c.Service == opts.Service && (opts.Index == 0 || opts.Index == c.Number)
	})
	if i < 0 {
		return nil, &AbsentError{Service: opts.Service, Index: opts.Index}
	}
	d, c := newDraft(project, observed), containers[i]
	d.add(requestedOf(plan.Commit, c), "commit "+c.Name, engine.CommitContainer{
		Name: c.ID, Image: opts.Image, Author: opts.Author, Message: opts.Message, Changes: opts.Changes, Pause: !opts.Running,
	})
	return d.finish(desired)
}

// An AbsentError says that a service has no container, or not that replica.
type AbsentError struct {
	Service string
	Index   int // 0: any
}

func (e *AbsentError) Error() string {
	if e.Index > 0 {
		return fmt.Sprintf("service %s, replica %d: no container", e.Service, e.Index)
	}
	return fmt.Sprintf("service %s: no container", e.Service)
}

// Push plans the pushes of the services' images that the stack builds: each of
// its names once. An image without a registry's name in the file has nowhere to
// go, and is left out with a note.
func Push(desired *spec.Stack, observed engine.State, opts ImageOptions) (*plan.Plan, error) {
	d := newDraft(desired.Name, observed)
	services, err := imageServices(desired, opts)
	if err != nil {
		return nil, err
	}
	for _, s := range services {
		switch {
		case s.Build == nil:
			d.note(s.Name, "service %s is not pushed: its image is not built", s.Name)
		case unnamed(desired.Name, s):
			d.note(s.Name, "service %s is not pushed: its image has no name in the file", s.Name)
		default:
			d.push(s)
		}
	}
	return d.finish(desired)
}

// push adds the pushes of a service's image and of its other names, after its
// build if there is one in the plan.
func (d *draft) push(s spec.Service) {
	var after []plan.Edge
	if built := "build " + s.Container.Image; d.has(built) {
		after = append(after, onDone(built))
	}
	for _, ref := range append([]string{s.Container.Image}, s.Build.Tags...) {
		st := step{
			change:  plan.Change{Verb: plan.Push, Object: "image", Name: ref, Service: s.Name},
			reasons: []plan.Reason{{Code: plan.Requested, Text: "push"}},
		}
		d.add(st, "push "+ref, engine.PushImage{Image: ref}, after...)
	}
}
