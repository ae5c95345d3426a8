// Package stack brings stack files to life: it loads a file, looks at an
// engine, plans what differs, and carries the plan out. It is what the command
// and other programs use. It never prints, never reads an environment variable,
// and leaves each decision to package planner.
//
//	desired, err := stack.Load(ctx, spec.LoadOptions{Dir: "."})
//	...
//	result, err := stack.Apply(ctx, engine, stack.Up(desired, planner.Options{Wait: true}), stack.Options{})
//
// A [Goal] is what a command is after. [Plan] says what would be done for it and
// is handed only a reader, so that it cannot change anything; [Apply] does it.
package stack

import (
	"context"
	"errors"
	"fmt"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/lock"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

// Load reads a stack from its files. An error of the files is a
// *spec.FileError, with all that is wrong in them.
func Load(ctx context.Context, opts spec.LoadOptions) (*spec.Stack, error) {
	return spec.Load(ctx, opts)
}

// Plan looks at the engine and says what reaching the goal takes.
func Plan(ctx context.Context, r engine.Reader, goal Goal) (*plan.Plan, error) {
	p, _, err := planWith(ctx, r, goal, nil)
	return p, err
}

// planWith returns what it has seen, too.
func planWith(ctx context.Context, r engine.Reader, goal Goal, pause Pause) (*plan.Plan, engine.State, error) {
	observed, err := look(ctx, r, goal.Query, pause)
	if err != nil {
		return nil, engine.State{}, err
	}
	p, err := goal.Plan(observed)
	return p, observed, err
}

func look(ctx context.Context, r engine.Reader, q engine.Query, pause Pause) (engine.State, error) {
	observed, err := snapshot(ctx, r, q, pause)
	if err != nil {
		return engine.State{}, fmt.Errorf("look at the engine: %w", err)
	}
	return observed, nil
}

// Options of Apply. The zero value is right for a program that only wants the
// result.
type Options struct {
	// Parallel is how many operations run at once; 0 for the reconciler's
	// default.
	Parallel int
	// Planned is told the plan before anything of it begins. An error ends
	// Apply, with nothing of it done. nil for no interest.
	Planned func(*plan.Plan) error
	// Events and Abort are as in reconciler.Options.
	Events func(reconciler.Event)
	Abort  <-chan struct{}
	// Lock says how the project's lock is taken. Its Abort is that of above,
	// and its Retry is Apply's own.
	Lock lock.Options
	// Unlocked does without the lock: for what must not wait for anybody.
	Unlocked bool
	// Pause lies between two tries of a call that the engine could not answer
	// for a reason that may pass; nil: time passes. Tests let none pass.
	Pause Pause

	// contested says that the lock was taken from a dead holder, whose last
	// calls may still be under way in the engine.
	contested bool
}

// Apply looks at the engine, plans, and carries the plan out, while it holds the
// project's lock. It returns when all is over. Where there is nothing to do it
// needs no lock, and clears one that a dead holder has left. A failure on the way
// is an *ApplyError, and so is an interruption by the end of ctx, and the loss of
// the lock; the Result tells what was done up to then, and has no plan when nothing
// can have been.
func Apply(ctx context.Context, e engine.Engine, goal Goal, opts Options) (Result, error) {
	opts.Lock.Abort = opts.Abort
	opts.Lock.Retry = func(ctx context.Context, try func() error) error { return Retry(ctx, opts.Pause, try) }
	if opts.Unlocked {
		p, observed, err := planWith(ctx, e, goal, opts.Pause)
		if err != nil {
			return Result{}, err
		}
		return carryOut(ctx, e, p, observed, opts)
	}
	observed, certain, err := goal.firstLook(ctx, e, opts.Pause)
	if err != nil {
		return Result{}, err
	}
	if certain {
		return locked(ctx, e, goal.Query.Project, goal, opts)
	}
	p, err := goal.Plan(observed)
	if err != nil {
		return Result{}, err
	}
	if p.Empty() && !goal.unkept(observed) {
		return idle(ctx, e, p, observed, opts)
	}
	return locked(ctx, e, p.Project, goal, opts)
}

// firstLook looks only as far as it takes to see whether there is something to do
// for certain.
func (g Goal) firstLook(ctx context.Context, r engine.Reader, pause Pause) (observed engine.State, certain bool, err error) {
	q := g.Query
	if g.Certain != nil {
		q.Enough = func(brief engine.State) bool {
			certain = g.Certain(brief)
			return certain
		}
	}
	observed, err = look(ctx, r, q, pause)
	return observed, certain, err
}

// idle carries out a plan that does nothing, and clears what a run that was killed
// with its work done has left: only its lock.
func idle(ctx context.Context, e engine.Engine, p *plan.Plan, observed engine.State, opts Options) (Result, error) {
	if len(observed.Locks) > 0 {
		if err := lock.Clear(ctx, e, p.Project, observed.Locks, opts.Lock); err != nil {
			return Result{}, fmt.Errorf("clear the lock of project %s: %w", p.Project, err)
		}
	}
	result, err := carryOut(ctx, e, p, observed, opts)
	result.list(observed)
	return result, err
}

// locked takes the lock and looks and plans again: the holder before may have
// done what there was to do.
func locked(ctx context.Context, e engine.Engine, project string, goal Goal, opts Options) (result Result, err error) {
	held, err := lock.Take(ctx, e, project, opts.Lock)
	if err != nil {
		return Result{}, err
	}
	defer func() {
		if failed := held.Release(ctx); failed != nil {
			err = errors.Join(err, fmt.Errorf("release the lock of project %s: %w", project, failed))
		}
	}()
	opts.contested = held.TookOver()
	guarded, stop := held.Guard(ctx)
	defer stop()
	p, before, err := planWith(guarded, e, goal, opts.Pause)
	if err == nil {
		err = held.Sweep(guarded, before.Locks)
	}
	if lost := new(lock.LostError); errors.As(context.Cause(guarded), &lost) {
		return Result{}, lost
	}
	if err != nil {
		return Result{}, err
	}
	return reach(guarded, e, goal, p, before, opts)
}

// reach carries the plan out, and keeps what was reached.
func reach(ctx context.Context, e engine.Engine, goal Goal, p *plan.Plan, before engine.State, opts Options) (Result, error) {
	watch := newStopwatch(opts.Events)
	opts.Events = watch.event
	result, err := carryOut(ctx, e, p, before, opts)
	if err == nil && goal.Record != nil && (!p.Empty() || goal.unkept(before)) {
		if failed := record(ctx, e, goal.Record, before, &result, watch.records(), opts); failed != nil {
			result.Unrecorded = fmt.Errorf("record the generation: %w", failed)
		}
	}
	return result, err
}

func carryOut(ctx context.Context, e engine.Engine, p *plan.Plan, observed engine.State, opts Options) (Result, error) {
	if opts.Planned != nil {
		if err := opts.Planned(p); err != nil {
			return Result{Plan: p}, err
		}
	}
	performer := &performer{engine: e, project: p.Project, pause: opts.Pause, ctx: ctx, before: starts(observed), contested: opts.contested}
	done, err := reconciler.Apply(ctx, performer.perform, p, reconciler.Options{
		Parallel: opts.Parallel, Events: opts.Events, Abort: opts.Abort,
	})
	result := Result{Plan: p, Result: done}
	if err != nil {
		return result, &ApplyError{Result: result, cause: err}
	}
	return result, nil
}

// A Result is a plan and what became of it.
type Result struct {
	reconciler.Result
	Plan *plan.Plan
	// Containers are the project's, those made by run left out, as a list told
	// of them when all was over (see engine.Container.Listed), by service and
	// number; nil where nobody has looked.
	Containers []engine.Container
	// Unrecorded is why what was reached is not kept as a generation, though
	// it should be; nil else. It is no failure of the run.
	Unrecorded error
}

// list notes what containers there are.
func (r *Result) list(observed engine.State) {
	r.Containers, _ = Project{}.selected(observed.Containers, Selection{}) // all of them, of whatever service
}

// An ApplyError says that a plan did not succeed as a whole. It unwraps to a
// *reconciler.ActionError for each failure, and to the cause of the interruption
// if there was one.
type ApplyError struct {
	Result
	cause error
}

func (e *ApplyError) Error() string { return e.cause.Error() }

// Unwrap returns what the reconciler said.
func (e *ApplyError) Unwrap() error { return e.cause }
