package reconciler

import (
	"context"
	"errors"
	"time"

	"github.com/stackfile/stack/plan"
)

// loop carries out one plan. All of it belongs to the goroutine of Apply: the
// goroutines of actions only send reports.
type loop struct {
	graph
	perform Perform
	opts    Options
	ctx     context.Context // its end is the interruption
	waits   context.Context // of waits and what else may be cut off: ends with ctx
	ops     context.Context // of operations and undos: ends with the abort only
	cancel  []context.CancelCauseFunc

	reports     chan report
	decidable   []int // pending nodes with nothing left to wait for
	ready       [2]queue
	busy        int // operations under way
	left        int // nodes that are not over
	seq         int
	interrupted bool
	aborted     bool
}

// The two queues of ready nodes: waits do not count against Options.Parallel.
const (
	operations = iota
	waits
)

func newLoop(ctx context.Context, perform Perform, p *plan.Plan, opts Options) *loop {
	if opts.Parallel <= 0 {
		opts.Parallel = DefaultParallel
	}
	l := &loop{graph: newGraph(p), perform: perform, opts: opts, ctx: ctx, left: len(p.Actions)}
	waits, cancelWaits := context.WithCancelCause(ctx)
	ops, cancelOps := context.WithCancelCause(context.WithoutCancel(ctx))
	l.waits, l.ops, l.cancel = waits, ops, []context.CancelCauseFunc{cancelWaits, cancelOps}
	l.reports = make(chan report, reportBuffer)
	for kind := range l.ready {
		l.ready[kind].nodes = l.nodes
	}
	for i := range l.nodes {
		if l.nodes[i].waiting == 0 {
			l.decidable = append(l.decidable, i)
		}
	}
	return l
}

func (l *loop) release() {
	for _, cancel := range l.cancel {
		cancel(nil)
	}
}

func (l *loop) run() {
	for {
		// Looked at before each step, so that a report never overtakes the
		// interruption that brought it about.
		l.heed()
		l.decideAll()
		l.startAll()
		if l.left == 0 {
			return
		}
		l.receive()
	}
}

// heed looks whether the interruption or the abort has come.
func (l *loop) heed() {
	if l.called() {
		l.interrupted = true
		l.skipPending(func(n *node) bool { return !n.undo })
	}
	select {
	case <-l.opts.Abort:
		l.interrupted, l.aborted = true, true
		l.opts.Abort = nil
		for _, cancel := range l.cancel {
			cancel(ErrAborted)
		}
		l.skipPending(func(*node) bool { return true })
	default:
	}
}

// called reports whether an interruption has come that heed has not seen yet.
func (l *loop) called() bool { return !l.interrupted && l.ctx.Err() != nil }

// skipPending skips the nodes that have not begun and that pick accepts.
func (l *loop) skipPending(pick func(*node) bool) {
	for i := range l.nodes {
		n := &l.nodes[i]
		if n.state > ready || !pick(n) {
			continue
		}
		cause := l.broken(i)
		if cause == "" {
			cause = Interrupted
		}
		l.finish(i, skipped, cause, Event{Status: Skipped, Cause: cause})
	}
}

// decideAll decides all that can be decided; what is over lets others be
// decided in turn.
func (l *loop) decideAll() {
	for k := 0; k < len(l.decidable); k++ {
		i := l.decidable[k]
		if l.nodes[i].state != pending {
			continue
		}
		switch s, cause := l.decide(i); s {
		case ready:
			l.nodes[i].state = ready
			l.queue(i)
		case skipped:
			l.finish(i, s, cause, Event{Status: Skipped, Cause: cause})
		default:
			l.finish(i, s, "", Event{Status: Unneeded})
		}
	}
	l.decidable = l.decidable[:0]
}

func (l *loop) queue(i int) {
	kind := operations
	if plan.Waits(l.nodes[i].action.Op) {
		kind = waits
	}
	l.ready[kind].add(i)
}

// startAll starts each ready wait, and as many ready operations as may run.
func (l *loop) startAll() {
	for l.ready[waits].Len() > 0 && !l.called() {
		l.start(l.ready[waits].take())
	}
	for l.busy < l.opts.Parallel && l.ready[operations].Len() > 0 && !l.called() {
		l.start(l.ready[operations].take())
	}
}

// start begins a node, unless an interruption has skipped it meanwhile.
func (l *loop) start(i int) {
	n := &l.nodes[i]
	if n.state != ready {
		return
	}
	ctx := l.ops
	if !plan.Waits(n.action.Op) {
		l.busy++
	}
	if plan.CanCancel(n.action.Op) && !n.undo {
		ctx = l.waits
	}
	n.state, n.began = running, time.Now()
	l.emit(n, Event{Status: Started})
	l.dispatch(ctx, i)
}

// receive waits for a report, or for a reason to stop.
func (l *loop) receive() {
	var interruption <-chan struct{}
	if !l.interrupted {
		interruption = l.ctx.Done()
	}
	select {
	case <-interruption:
	case <-l.opts.Abort:
		// Still closed when heed looks at it.
	case r := <-l.reports:
		l.heed()
		l.note(r)
	}
}

// note takes in what an action reports.
func (l *loop) note(r report) {
	n := &l.nodes[r.node]
	for _, p := range r.progress {
		l.emit(n, Event{Status: Progress, Progress: &p})
	}
	if !r.over {
		return
	}
	if !plan.Waits(n.action.Op) {
		l.busy--
	}
	elapsed := time.Since(n.began)
	if r.err != nil {
		n.err = r.err
		l.finish(r.node, failed, n.action.ID, Event{Status: Failed, Elapsed: elapsed, Error: r.err.Error(), Err: r.err})
		return
	}
	l.outcomes[n.action.ID] = r.outcome
	l.finish(r.node, succeeded, "", Event{Status: Succeeded, Elapsed: elapsed, Outcome: &r.outcome})
}

// finish ends a node, with the event that tells it.
func (l *loop) finish(i int, s state, cause string, e Event) {
	l.left--
	l.emit(&l.nodes[i], e)
	l.decidable = append(l.decidable, l.over(i, s, cause)...)
}

func (l *loop) emit(n *node, e Event) {
	if l.opts.Events == nil {
		return
	}
	l.seq++
	e.Version, e.Seq, e.Time = EventVersion, l.seq, time.Now()
	e.Action, e.Kind, e.Change = n.action.ID, n.action.Op.Kind(), n.action.Change
	l.opts.Events(e)
}

// cause is why the loop was interrupted.
func (l *loop) cause() error {
	if l.aborted {
		return errors.Join(context.Cause(l.ctx), ErrAborted)
	}
	return context.Cause(l.ctx)
}
