package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/stackfile/stack/plan"
)

// DefaultParallel is how many operations run at once when Options do not say.
const DefaultParallel = 8

// Interrupted stands for an action as the cause of a skip when nothing failed:
// the end of the context, or the abort, came first.
const Interrupted = "interrupted"

// ErrAborted is the cause of operations cancelled by Options.Abort.
var ErrAborted = errors.New("aborted")

// Result is what became of a plan. Its lists are in the plan's order.
type Result struct {
	Outcomes    map[string]plan.Outcome // of each action that succeeded, by ID
	Failed      []*ActionError
	Skipped     []Skip
	Warnings    []Warning
	Interrupted bool // the context ended, or the abort came, before the plan was over
}

// An ActionError says which action of a plan failed, and why.
type ActionError struct {
	Action plan.Action
	Err    error
}

func (e *ActionError) Error() string { return fmt.Sprintf("%s: %v", e.Action.ID, e.Err) }

// Unwrap returns the cause.
func (e *ActionError) Unwrap() error { return e.Err }

// A Skip is an action that did not run because of a failure or an interruption.
type Skip struct {
	Action plan.Action
	Cause  string // the ID of the action that failed first, or Interrupted
}

// A Warning is what an engine answered beside success.
type Warning struct {
	Action plan.Action
	Text   string
}

// Apply carries out p, and returns when each of its actions is over and no
// goroutine of it is left. Whatever does not come after a failed action goes
// on.
//
// When ctx ends, the waits, builds and pulls under way are cancelled, the other
// operations under way are left to finish, and nothing new begins except undos (actions with an edge
// on Failed, and those that need one of these to succeed). When opts.Abort is
// closed, all that is under way is cancelled and nothing begins.
//
// The error joins an *ActionError for each failed action and, after an
// interruption, the cause of ctx. It is nil when nothing failed and nothing
// interrupted. A plan that does not pass its own Check is refused before
// anything begins. A panic in perform is not recovered.
func Apply(ctx context.Context, perform Perform, p *plan.Plan, opts Options) (Result, error) {
	if err := p.Check(); err != nil {
		return Result{}, fmt.Errorf("plan: %w", err)
	}
	l := newLoop(ctx, perform, p, opts)
	defer l.release()
	l.run() //nolint:contextcheck // operations outlive ctx: the loop has a context for each kind of action
	return l.result()
}

func (l *loop) result() (Result, error) {
	r := Result{Outcomes: l.outcomes, Interrupted: l.interrupted}
	var errs []error
	for i := range l.nodes {
		n := &l.nodes[i]
		for _, text := range l.outcomes[n.action.ID].Warnings {
			r.Warnings = append(r.Warnings, Warning{*n.action, text})
		}
		switch n.state {
		case failed:
			e := &ActionError{*n.action, n.err}
			r.Failed, errs = append(r.Failed, e), append(errs, e)
		case skipped:
			r.Skipped = append(r.Skipped, Skip{*n.action, n.cause})
		}
	}
	if l.interrupted {
		errs = append(errs, l.cause())
	}
	return r, errors.Join(errs...)
}
