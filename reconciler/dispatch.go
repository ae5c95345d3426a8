package reconciler

import (
	"context"
	"errors"

	"github.com/stackfile/stack/plan"
)

// A report is what the goroutine of an action tells the loop: progress, in
// order, and in the last report how it ended.
type report struct {
	node     int
	progress []plan.Progress
	over     bool
	outcome  plan.Outcome
	err      error
}

const (
	// reportBuffer is how many reports may lie between the actions and the
	// loop before progress is held back.
	reportBuffer = 256
	// heldMax is how much progress an action holds back before it drops the
	// oldest.
	heldMax = 1024
)

// dispatch starts the goroutine of an action. It ends after its last report.
func (l *loop) dispatch(ctx context.Context, i int) {
	op, perform, reports := l.nodes[i].action.Op, l.perform, l.reports
	go func() {
		r := relay{node: i, reports: reports}
		outcome, err := perform(ctx, op, r.progress)
		// A cancelled call says that it was cancelled; the cause says why.
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = context.Cause(ctx)
		}
		reports <- report{i, r.held, true, outcome, err}
	}()
}

// relay passes the progress of one action on to the loop. It never blocks: what
// the loop is too slow to take is held back, and goes with the next report. It
// belongs to the action's goroutine.
type relay struct {
	node    int
	reports chan<- report
	held    []plan.Progress
}

func (r *relay) progress(p plan.Progress) {
	r.hold(p)
	select {
	case r.reports <- report{node: r.node, progress: r.held}:
		r.held = nil
	default:
	}
}

// hold keeps each line of output, up to heldMax, and of the rest the latest.
func (r *relay) hold(p plan.Progress) {
	last := len(r.held) - 1
	switch {
	case last >= 0 && p.Log == "" && r.held[last].Log == "":
		r.held[last] = p
	case len(r.held) == heldMax:
		r.held = append(r.held[1:], p)
	default:
		r.held = append(r.held, p)
	}
}
