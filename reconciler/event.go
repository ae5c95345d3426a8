// Package reconciler carries out any plan: one loop owns the graph, starts each
// action as soon as its edges allow, and tells what happens as events. It never
// decides what should happen, and it knows no engine.
package reconciler

import (
	"context"
	"time"

	"github.com/stackfile/stack/plan"
)

// Perform carries out one operation. It is called from a goroutine of its own
// for each action; it may call progress, from that goroutine, until it returns.
type Perform func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error)

// Options of Apply. The zero value is right for a test.
type Options struct {
	// Parallel is how many operations run at once, waits not counted; 0 for
	// DefaultParallel.
	Parallel int
	// Events is called for each event, in order, from the goroutine of
	// Apply's loop: it must not block. nil for none.
	Events func(Event)
	// Abort, when closed, cancels the operations that the end of ctx leaves
	// to finish. nil for never.
	Abort <-chan struct{}
}

// EventVersion is the version of Event's JSON form. Fields are added without a
// new version.
const EventVersion = 1

// An Event is one thing that happened to one action.
type Event struct {
	Version  int            `json:"version"`
	Seq      int            `json:"seq"` // from 1, without gaps
	Time     time.Time      `json:"time"`
	Action   string         `json:"action"` // the action's ID
	Kind     string         `json:"kind"`   // of its operation
	Change   plan.Change    `json:"change"`
	Status   Status         `json:"status"`
	Progress *plan.Progress `json:"progress,omitempty"` // of status progress
	Outcome  *plan.Outcome  `json:"outcome,omitempty"`  // of status succeeded
	Elapsed  time.Duration  `json:"elapsed,omitempty"`  // since it started, in ns, when it is over
	Error    string         `json:"error,omitempty"`    // of status failed
	Cause    string         `json:"cause,omitempty"`    // of status skipped: the ID of the action that failed first, or "interrupted"
	Err      error          `json:"-"`                  // of status failed, for callers in this process
}

// Status is what became of an action.
type Status string

// The statuses. Each action ends with one of the last four, exactly once.
const (
	Started   Status = "started"
	Progress  Status = "progress"
	Succeeded Status = "succeeded"
	Unneeded  Status = "unneeded" // its guard held, or it would undo what did not fail
	Failed    Status = "failed"
	Skipped   Status = "skipped" // something it comes after failed, or an interruption came first
)
