package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// RollbackOptions of Rollback. The zero value goes back to the newest generation
// that differs from what runs.
type RollbackOptions struct {
	Services      []string          // only these, and not what they depend on; empty: all
	To            int               // the number of a generation; 0: the newest that differs
	Values        map[string]string // for what generations leave out, by the names of a *MissingError
	RemoveOrphans bool              // containers of services that the generation does not have
	IgnoreOrphans bool
	WaitTimeout   time.Duration
	StopTimeout   *time.Duration
	OnFailure     spec.OnFailure
}

// RollbackQuery is what has to be observed before Rollback can plan.
func RollbackQuery(project string) engine.Query {
	return engine.Query{Project: project, Contents: true, Generations: true}
}

// Up are the options with which the generation is brought up: nothing is built
// or pulled, its images are there or it cannot be reached.
func (o RollbackOptions) Up() Options {
	return Options{
		Services: o.Services, NoDeps: len(o.Services) > 0, NoBuild: true, Pull: "never", Wait: true,
		RemoveOrphans: o.RemoveOrphans, IgnoreOrphans: o.IgnoreOrphans,
		WaitTimeout: o.WaitTimeout, StopTimeout: o.StopTimeout, OnFailure: o.OnFailure,
	}
}

// Rollback plans the way back to a generation, as Up plans the way to a file:
// each container is the one that it had, made from the same image. It returns an
// error, and no plan, when there is no such generation, and a *MissingError when
// it left something out that is not to be had any more.
func Rollback(project string, observed engine.State, opts RollbackOptions) (*plan.Plan, error) {
	g, desired, err := Target(project, observed, opts)
	if err != nil {
		return nil, err
	}
	p, err := Up(desired, observed, opts.Up())
	if err != nil {
		return nil, fmt.Errorf("generation %d: %w", g.Number, err)
	}
	p.Notes = append([]plan.Note{{Text: fmt.Sprintf("back to generation %d, recorded %s", g.Number, g.Created.UTC().Format(time.RFC3339))}}, p.Notes...)
	return p, nil
}

// Target is the generation that Rollback goes back to, and its stack with all
// that was left out.
func Target(project string, observed engine.State, opts RollbackOptions) (engine.Generation, *spec.Stack, error) {
	kept, err := candidates(project, observed, opts.To)
	if err != nil {
		return engine.Generation{}, nil, err
	}
	for _, g := range kept {
		if opts.To == 0 && runsAlready(g, observed, opts) {
			continue
		}
		desired, err := recovered(g, observed, opts)
		return g, desired, err
	}
	return engine.Generation{}, nil, &GenerationError{Project: project, Same: true, Known: numbers(kept)}
}

// runsAlready reports whether a generation is what runs, as far as is known. One
// that lacks something, or cannot be planned, is not.
func runsAlready(g engine.Generation, observed engine.State, opts RollbackOptions) bool {
	opts.Values = nil
	desired, err := recovered(g, observed, opts)
	if err != nil {
		return false
	}
	p, err := Up(desired, observed, opts.Up())
	return err == nil && p.Empty()
}

// candidates are the generations to choose from, the newest first.
func candidates(project string, observed engine.State, to int) ([]engine.Generation, error) {
	var out, all []engine.Generation
	for _, g := range slices.Backward(observed.Generations) {
		if g.Stack == nil {
			continue
		}
		all = append(all, g)
		if to == 0 || g.Number == to {
			out = append(out, g)
		}
	}
	if len(out) == 0 {
		return nil, &GenerationError{Project: project, Number: to, Known: numbers(all)}
	}
	return out, nil
}

func numbers(generations []engine.Generation) []int {
	var out []int
	for _, g := range generations {
		out = append(out, g.Number)
	}
	slices.Sort(out)
	return out
}

// A GenerationError says that there is no generation to go back to.
type GenerationError struct {
	Project string
	Number  int   // that was asked for; 0: none in particular
	Same    bool  // there are some, and each is what runs
	Known   []int // those that there are
}

func (e *GenerationError) Error() string {
	switch {
	case e.Same:
		return fmt.Sprintf("project %s: no generation differs from what runs", e.Project)
	case len(e.Known) == 0:
		return fmt.Sprintf("project %s: no generation is recorded: %v", e.Project, engine.ErrNotFound)
	}
	return fmt.Sprintf("project %s: no generation %d (there are: %s)", e.Project, e.Number, strings.Trim(fmt.Sprint(e.Known), "[]"))
}

// Unwrap makes it an engine.ErrNotFound.
func (e *GenerationError) Unwrap() error { return engine.ErrNotFound }

// A MissingError names the values that a generation left out, since they are
// secret, and that no container has any more. RollbackOptions.Values takes
// them by these names.
type MissingError struct {
	Generation int
	Names      []string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("generation %d: secret values are not recorded, and no container has these any more: %s", e.Generation, strings.Join(e.Names, ", "))
}

// recovered is the stack of a generation with what was left out.
func recovered(g engine.Generation, observed engine.State, opts RollbackOptions) (*spec.Stack, error) {
	r := &recovery{generation: g, observed: observed, opts: opts, used: map[string]bool{}, texts: map[string]string{}}
	r.values()
	out, err := engine.Filled(g.Stack, r.texts)
	if err != nil {
		return nil, err
	}
	r.files(out)
	if len(r.missing) > 0 {
		slices.Sort(r.missing)
		return nil, &MissingError{Generation: g.Number, Names: slices.Compact(r.missing)}
	}
	var errs []error
	for _, name := range sortedKeys(opts.Values) {
		if !r.used[name] {
			errs = append(errs, fmt.Errorf("value %s: generation %d leaves out nothing of that name", name, g.Number))
		}
	}
	return out, errors.Join(errs...)
}
