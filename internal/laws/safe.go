package laws

import (
	"context"
	"fmt"
	"sync"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

// A watch stands between a reconciler and an engine, and notes what the law
// "safe" forbids: a volume removed, and a running container removed while
// nothing good stands under its name.
type watch struct {
	c      Case
	engine *memory.Engine

	mu   sync.Mutex // calls come from the goroutines of actions
	harm []string
}

func newWatch(c Case, e *memory.Engine) *watch { return &watch{c: c, engine: e} }

func (w *watch) perform(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
	switch op := op.(type) {
	case engine.RemoveVolume:
		w.note("volume %s is removed", op.Name)
	case engine.RemoveContainer:
		w.removal(ctx, op)
	}
	return engine.Perform(ctx, w.engine, op, progress)
}

func (w *watch) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.harm = append(w.harm, fmt.Sprintf(format, args...))
}

// removal looks whether a container that ran before, and is desired, has a good
// successor at the moment of its removal.
func (w *watch) removal(ctx context.Context, op engine.RemoveContainer) {
	before, err := w.c.Engine.Snapshot(ctx, planner.Query(w.c.Desired))
	now, err2 := w.engine.Snapshot(ctx, planner.Query(w.c.Desired))
	if err != nil || err2 != nil {
		w.note("snapshot: %v, %v", err, err2)
		return
	}
	for _, was := range before.Containers {
		if was.ID != op.Name || was.Status != engine.StatusRunning || !w.c.desires(was) {
			continue
		}
		if !w.succeeded(now, was) {
			w.note("container %s is removed before its replacement is ready", was.Name)
		}
	}
}

func (w *watch) succeeded(now engine.State, was engine.Container) bool {
	for _, c := range now.Containers {
		if c.Name == was.Name && c.ID != was.ID {
			return w.c.Options.NoStart || c.Status == engine.StatusRunning && c.Health != engine.HealthStarting && c.Health != engine.HealthUnhealthy
		}
	}
	return false
}
