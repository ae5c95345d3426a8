package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// Pause waits for d, or until ctx is done, whose error it then returns.
type Pause func(ctx context.Context, d time.Duration) error

// pauses lie between the tries of one call: five tries in seven seconds, which
// is what an engine takes to restart.
var pauses = []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, 2 * time.Second, 4 * time.Second}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retry calls try until it succeeds, fails for good, or has been called often
// enough. Of errors that may pass by themselves, again says which are worth
// another try. The end of ctx ends a pause, and with that the tries.
func retry(ctx context.Context, pause Pause, again func(*engine.TransientError) bool, try func() error) error {
	if pause == nil {
		pause = sleep
	}
	for i := 0; ; i++ {
		err := try()
		var passing *engine.TransientError
		if i == len(pauses) || !errors.As(err, &passing) || !again(passing) || pause(ctx, pauses[i]) != nil {
			return err
		}
	}
}

// Retry calls try until it succeeds, fails for good, or has been called often
// enough, as Apply does with each call to an engine that can be asked for again.
func Retry(ctx context.Context, pause Pause, try func() error) error {
	return retry(ctx, pause, always, try)
}

func always(*engine.TransientError) bool { return true }

// snapshot reads the engine, patiently.
func snapshot(ctx context.Context, r engine.Reader, q engine.Query, pause Pause) (state engine.State, err error) {
	err = Retry(ctx, pause, func() error {
		state, err = r.Snapshot(ctx, q)
		return err
	})
	return state, err
}

// A performer carries out the operations of one plan, patiently.
type performer struct {
	engine  engine.Engine
	project string
	pause   Pause
	before  map[string]time.Time // container ID -> when it was last started, before the plan
	ctx     context.Context      // its end ends every pause, those of operations that are left to finish too

	contested bool // as in Options
}

func (p *performer) perform(ctx context.Context, op plan.Op, progress func(plan.Progress)) (out plan.Outcome, err error) {
	pausing, stop := context.WithCancel(ctx)
	defer stop()
	// Not ctx: an operation outlives the interruption, its pauses do not.
	defer context.AfterFunc(p.ctx, stop)() //nolint:contextcheck // see above
	a := attempt{performer: p, op: op}
	err = retry(pausing, p.pause, a.again, func() error {
		if a.tries++; a.tries > 1 {
			progress(plan.Progress{Text: fmt.Sprintf("trying again (%d), because: %v", a.tries, a.last)})
		}
		out, a.last = a.once(ctx, progress)
		return a.last
	})
	return out, err
}

// An attempt is one operation, with its tries.
type attempt struct {
	*performer
	op     plan.Op
	tries  int
	last   error
	unsure bool // an earlier try may have started the container
}

func (a *attempt) again(e *engine.TransientError) bool {
	_, starts := a.op.(engine.StartContainer)
	a.unsure = a.unsure || starts && e.Sent
	return !e.Sent || starts || engine.Repeatable(a.op)
}

func (a *attempt) once(ctx context.Context, progress func(plan.Progress)) (plan.Outcome, error) {
	if start, ok := a.op.(engine.StartContainer); ok && a.unsure {
		if over, err := a.started(ctx, start.Name); over || err != nil {
			return plan.Outcome{}, err
		}
	}
	return engine.Perform(ctx, a.engine, a.now(), progress)
}

// now is the operation as it is to be tried now.
func (a *attempt) now() plan.Op {
	op, ok := a.op.(engine.CreateNetwork)
	if !ok {
		return a.op
	}
	op.Contested = a.contested || a.tries > 1
	return op
}

// starts is when each container was last started.
func starts(observed engine.State) map[string]time.Time {
	out := map[string]time.Time{}
	for _, c := range observed.Containers {
		out[c.ID] = c.Started
	}
	return out
}

// started reports whether a start whose answer was lost has been carried out: it
// compares two answers of the engine, and no clock. When that cannot be told,
// because the program is over, the answer that was lost is the error: a job must
// not run twice.
func (a *attempt) started(ctx context.Context, name string) (bool, error) {
	state, err := a.engine.Snapshot(ctx, engine.Query{Project: a.project})
	if err != nil {
		return false, err
	}
	for _, c := range state.Containers {
		switch {
		case c.ID != name && c.Name != name:
		case c.Status == engine.StatusRunning, c.Status == engine.StatusRestarting:
			return true, nil
		case c.Started.IsZero(), c.Started.Equal(a.before[c.ID]):
			return false, nil
		default:
			return false, fmt.Errorf("container %s: start: the engine's answer was lost, and the container has ended by now: %s", c.Name, a.lost())
		}
	}
	return false, nil
}

// lost is the answer that was lost, as text: as an error it would be tried
// again.
func (a *attempt) lost() string {
	var passing *engine.TransientError
	if errors.As(a.last, &passing) {
		return passing.Error()
	}
	return "no answer"
}
