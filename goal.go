package stack

import (
	"context"
	"slices"

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
	// Certain reports whether there is something to do for certain, from what
	// lists tell: see engine.Query.Enough. Then the first look, which decides
	// only that, needs no more of the engine. nil for never.
	Certain func(brief engine.State) bool
	// Record says how what was reached is kept; nil for not at all.
	Record *Record
}

// A Record is how the outcome of a run is kept: what of the engine it must look
// at afterwards, and the pure function that plans from what was reached, see
// planner.Reached. measured is how long the services took in the run.
type Record struct {
	// Missing reports whether the engine has what the goal asks for and it is
	// not kept; nil for never.
	Missing func(observed engine.State) bool
	Query   func(before engine.State) engine.Query
	Plan    func(before, after engine.State, measured map[string]engine.Record) (*plan.Plan, error)
}

// Up is the goal of a stack as its file asks for it.
func Up(desired *spec.Stack, opts planner.Options) Goal {
	record := recordOf(desired.Name, opts, func(engine.State) (*spec.Stack, error) { return desired, nil })
	record.Missing = func(observed engine.State) bool { return planner.Unkept(desired, observed, opts) }
	up := func(observed engine.State) (*plan.Plan, error) { return planner.Up(desired, observed, opts) }
	return Goal{
		Query: planner.Query(desired),
		Plan:  up,
		// Without containers the lists say it all, but for the images: one
		// that is needed, and may not be brought, is an error here, and looked
		// for in full.
		Certain: func(brief engine.State) bool {
			return len(brief.Containers) == 0 && does[engine.CreateContainer](up(brief))
		},
		Record: record,
	}
}

// does reports whether a plan has an operation of this kind.
func does[Op plan.Op](p *plan.Plan, err error) bool {
	return err == nil && slices.ContainsFunc(p.Actions, func(a plan.Action) bool {
		_, ok := a.Op.(Op)
		return ok
	})
}

// unkept reports whether there is something to keep though there is nothing to
// do.
func (g Goal) unkept(observed engine.State) bool {
	return g.Record != nil && g.Record.Missing != nil && g.Record.Missing(observed)
}

// Rollback is the goal of a project as it was in an earlier generation.
func Rollback(project string, opts planner.RollbackOptions) Goal {
	return Goal{
		Query: planner.RollbackQuery(project),
		Plan: func(observed engine.State) (*plan.Plan, error) {
			return planner.Rollback(project, observed, opts)
		},
		Record: recordOf(project, opts.Up(), func(before engine.State) (*spec.Stack, error) {
			_, desired, err := planner.Target(project, before, opts)
			return desired, err
		}),
	}
}

// recordOf keeps the stack that a run has reached as a generation.
func recordOf(project string, opts planner.Options, reached func(before engine.State) (*spec.Stack, error)) *Record {
	return &Record{
		Query: func(before engine.State) engine.Query { return planner.RecordQuery(before, project) },
		Plan: func(before, after engine.State, measured map[string]engine.Record) (*plan.Plan, error) {
			desired, err := reached(before)
			if err != nil {
				return nil, err
			}
			return planner.Record(planner.Recording{Desired: desired, Options: opts, Before: before, After: after, Records: measured})
		},
	}
}

// Why looks at the engine and explains a service: why each of its containers
// was made, and what up with the options would do to it now.
func Why(ctx context.Context, r engine.Reader, desired *spec.Stack, opts planner.Options, service string) (planner.Cause, error) {
	observed, err := look(ctx, r, planner.Query(desired), nil)
	if err != nil {
		return planner.Cause{}, err
	}
	return planner.Why(desired, observed, opts, service)
}

// Build is the goal of fresh images of the services that have a build section.
func Build(desired *spec.Stack, opts planner.ImageOptions) Goal {
	return Goal{Query: planner.Query(desired), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Build(desired, observed, opts)
	}}
}

// Pull is the goal of the registry's images.
func Pull(desired *spec.Stack, opts planner.ImageOptions) Goal {
	return Goal{Query: planner.Query(desired), Plan: func(observed engine.State) (*plan.Plan, error) {
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
	if opts.Volumes || opts.Images != "" {
		q.Repository = engine.GenerationRepository(p.Name)
	}
	down := func(observed engine.State) (*plan.Plan, error) {
		return planner.Down(p.Name, p.Desired, observed, opts)
	}
	return Goal{
		Query: q, Plan: down,
		Certain: func(brief engine.State) bool { return does[engine.RemoveContainer](down(brief)) },
	}
}

// Start is the goal of containers that run.
func Start(p Project, opts planner.StartOptions) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Start(p.Name, p.Desired, observed, opts)
	}}
}

// Stop is the goal of containers that do not run.
func Stop(p Project, opts planner.StopOptions) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Stop(p.Name, p.Desired, observed, opts)
	}}
}

// Restart is the goal of containers that run since now.
func Restart(p Project, opts planner.StopOptions) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Restart(p.Name, p.Desired, observed, opts)
	}}
}

// Remove is the goal of stopped containers that are gone.
func Remove(p Project, opts planner.StopOptions) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Remove(p.Name, p.Desired, observed, opts)
	}}
}

// Kill is the goal of containers that have got a signal.
func Kill(p Project, opts planner.KillOptions) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Kill(p.Name, p.Desired, observed, opts)
	}}
}

// Paused is the goal of containers that stand still and go on where they were.
func Paused(p Project, services []string) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Pause(p.Name, p.Desired, observed, services)
	}}
}

// Unpaused is the goal of paused containers that run.
func Unpaused(p Project, services []string) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Unpause(p.Name, p.Desired, observed, services)
	}}
}

// Commit is the goal of an image of a container as it is.
func Commit(p Project, opts planner.CommitOptions) Goal {
	return Goal{Query: p.query(), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Commit(p.Name, p.Desired, observed, opts)
	}}
}

// Push is the goal of built images that their registries have.
func Push(desired *spec.Stack, opts planner.ImageOptions) Goal {
	return Goal{Query: planner.Query(desired), Plan: func(observed engine.State) (*plan.Plan, error) {
		return planner.Push(desired, observed, opts)
	}}
}
