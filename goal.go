package stack

import (
	"context"
	"fmt"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// A Goal is what a command is after: what of the engine it must look at, and
// the pure function that plans from that.
type Goal struct {
	Query engine.Query
	Plan  func(observed engine.State) (*plan.Plan, error)
}

// Up is the goal of a stack as its file asks for it.
func Up(desired *spec.Stack, opts planner.Options) Goal {
	return Goal{planner.Query(desired), func(observed engine.State) (*plan.Plan, error) {
		return planner.Up(desired, observed, opts)
	}}
}

// Why looks at the engine and explains a service: why each of its containers
// was made, and what up with the options would do to it now.
func Why(ctx context.Context, r engine.Reader, desired *spec.Stack, opts planner.Options, service string) (planner.Cause, error) {
	observed, err := snapshot(ctx, r, planner.Query(desired), nil)
	if err != nil {
		return planner.Cause{}, fmt.Errorf("look at the engine: %w", err)
	}
	return planner.Why(desired, observed, opts, service)
}

// Build is the goal of fresh images of the services that have a build section.
func Build(desired *spec.Stack, opts planner.ImageOptions) Goal {
	return Goal{planner.Query(desired), func(observed engine.State) (*plan.Plan, error) {
		return planner.Build(desired, observed, opts)
	}}
}

// Pull is the goal of the registry's images.
func Pull(desired *spec.Stack, opts planner.ImageOptions) Goal {
	return Goal{planner.Query(desired), func(observed engine.State) (*plan.Plan, error) {
		return planner.Pull(desired, observed, opts)
	}}
}

// A Project is a stack that may be known by its name only: then the labels of
// its objects stand in for the file.
type Project struct {
	Name    string
	Desired *spec.Stack // nil without a file
}

func (p Project) query() engine.Query { return engine.Query{Project: p.Name} }

// Down is the goal of a project that is gone.
func Down(p Project, opts planner.DownOptions) Goal {
	q := p.query()
	if p.Desired != nil {
		q.Images = planner.Query(p.Desired).Images // --rmi asks whether they are there
	}
	return Goal{q, func(observed engine.State) (*plan.Plan, error) {
		return planner.Down(p.Name, p.Desired, observed, opts)
	}}
}

// Start is the goal of containers that run.
func Start(p Project, opts planner.StartOptions) Goal {
	return Goal{p.query(), func(observed engine.State) (*plan.Plan, error) {
		return planner.Start(p.Name, p.Desired, observed, opts)
	}}
}

// Stop is the goal of containers that do not run.
func Stop(p Project, opts planner.StopOptions) Goal {
	return Goal{p.query(), func(observed engine.State) (*plan.Plan, error) {
		return planner.Stop(p.Name, p.Desired, observed, opts)
	}}
}

// Restart is the goal of containers that run since now.
func Restart(p Project, opts planner.StopOptions) Goal {
	return Goal{p.query(), func(observed engine.State) (*plan.Plan, error) {
		return planner.Restart(p.Name, p.Desired, observed, opts)
	}}
}

// Remove is the goal of stopped containers that are gone.
func Remove(p Project, opts planner.StopOptions) Goal {
	return Goal{p.query(), func(observed engine.State) (*plan.Plan, error) {
		return planner.Remove(p.Name, p.Desired, observed, opts)
	}}
}
