package stack

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// A Saved plan is one that is carried out later, with all that this takes: no
// stack file is read again. Secret values are in it, as far as the stack has any.
type Saved struct {
	Made    time.Time
	Engine  string // whose plan it is, see engine.Reader
	Query   engine.Query
	Options planner.Options
	Desired *spec.Stack
	Plan    *plan.Plan
	// Waiting is the same plan with a wait for each service at its end, for
	// who asks for that later; nil where Plan has those already.
	Waiting *plan.Plan
}

// Save plans as [Plan] does for [Up], and returns the plan with what it takes to
// carry it out later. now is the time to note.
func Save(ctx context.Context, r engine.Reader, desired *spec.Stack, opts planner.Options, now time.Time) (*Saved, error) {
	s := &Saved{Made: now.UTC().Truncate(time.Second), Query: planner.Query(desired), Options: opts, Desired: desired}
	var err error
	if s.Engine, err = engineID(ctx, r); err != nil {
		return nil, err
	}
	_, err = Plan(ctx, r, Goal{Query: s.Query, Plan: s.plan})
	return s, err
}

func engineID(ctx context.Context, r engine.Reader) (id string, err error) {
	err = Retry(ctx, nil, func() error {
		id, err = r.ID(ctx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("look at the engine: %w", err)
	}
	return id, nil
}

// plan makes the plans of s from one look at the engine.
func (s *Saved) plan(observed engine.State) (*plan.Plan, error) {
	var err error
	if s.Plan, err = planner.Up(s.Desired, observed, s.Options); err != nil {
		return nil, err
	}
	s.Plan.Base = planner.Base(observed)
	if s.Options.Wait || s.Options.NoStart {
		return s.Plan, nil
	}
	waiting := s.Options
	waiting.Wait = true
	if s.Waiting, err = planner.Up(s.Desired, observed, waiting); err != nil {
		return nil, err
	}
	s.Waiting.Base = s.Plan.Base
	return s.Plan, nil
}

// Check holds the plan to the engine and the project that it was made for;
// project is "" where none is asked for.
func (s *Saved) Check(ctx context.Context, r engine.Reader, project string) error {
	if project != "" && project != s.Desired.Name {
		return &StrangerError{Made: "project " + s.Desired.Name, Meant: "project " + project}
	}
	id, err := engineID(ctx, r)
	if err != nil {
		return err
	}
	if id != s.Engine {
		return &StrangerError{Made: "the engine " + s.Engine, Meant: id}
	}
	return nil
}

// A StrangerError says that a saved plan was made for something else than what
// it is to be carried out on.
type StrangerError struct{ Made, Meant string }

func (e *StrangerError) Error() string {
	return fmt.Sprintf("the plan was made for %s, and this is %s", e.Made, e.Meant)
}

// Goal is what the plan reaches: exactly that plan, or, when what it was made
// from has moved, a *MovedError. With wait it ends when each service is ready.
func (s *Saved) Goal(wait bool) Goal {
	p := s.Plan
	if wait && s.Waiting != nil {
		p = s.Waiting
	}
	return Goal{
		Query: s.Query,
		Plan: func(observed engine.State) (*plan.Plan, error) {
			if moves := planner.Moved(p, observed); len(moves) > 0 {
				return nil, &MovedError{Made: s.Made, Moves: moves}
			}
			return p, nil
		},
		Record: recordOf(s.Desired.Name, s.Options, func(engine.State) (*spec.Stack, error) { return s.Desired, nil }),
	}
}

// A MovedError says that a saved plan is not carried out, since what it was made
// from is not so any more. Nothing has been touched.
type MovedError struct {
	Made  time.Time
	Moves []string // what has moved, and how; a line each
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("since the plan was made (%s), something has moved:\n  %s", e.Made.Format(time.RFC3339), strings.Join(e.Moves, "\n  "))
}
