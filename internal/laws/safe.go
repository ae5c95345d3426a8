package laws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// A watch stands between a reconciler and an engine, and notes what the laws
// forbid at any moment of a run: a volume removed, a running container removed
// while nothing good stands under its name, and a start before what it depends
// on is ready.
type watch struct {
	c      Case
	engine engine.Engine
	lags   bool // the engine's own verdict on health comes long after the wait's
	before engine.State

	mu     sync.Mutex // calls come from the goroutines of actions
	harm   []string
	leaned []lean
}

// A lean is one container that was started on another one.
type lean struct {
	service, on string // a service, and the name of a container
	id          string // what was under that name
}

func newWatch(c Case, e engine.Engine) *watch {
	w := &watch{c: c, engine: e}
	w.before = w.look(context.Background())
	return w
}

func (w *watch) perform(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
	switch op := op.(type) {
	case engine.RemoveVolume:
		w.note("safe: volume %s is removed", op.Name)
	case engine.RemoveContainer:
		w.removal(ctx, op)
	case engine.StartContainer:
		w.start(ctx, op)
	}
	return engine.Perform(ctx, w.engine, op, progress)
}

func (w *watch) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.harm = append(w.harm, fmt.Sprintf(format, args...))
}

func (w *watch) look(ctx context.Context) engine.State {
	state, err := w.engine.Snapshot(ctx, planner.Query(w.c.Desired))
	if err != nil {
		w.note("snapshot: %v", err)
	}
	for i := range state.Containers {
		if c := &state.Containers[i]; w.lags && c.Health == engine.HealthStarting {
			c.Health = engine.HealthHealthy
		}
	}
	return state
}

// removal looks whether a container that ran before, and is desired, has a good
// successor at the moment of its removal.
func (w *watch) removal(ctx context.Context, op engine.RemoveContainer) {
	now := w.look(ctx)
	for _, was := range w.before.Containers {
		if was.ID != op.Name || was.Status != engine.StatusRunning || aside(w.before, was.Name) && !good(was) {
			continue // an earlier run left it unproven
		}
		if w.c.desires(was) && !w.succeeded(now, was) {
			w.note("safe: container %s is removed before its replacement is ready", was.Name)
		}
	}
}

func (w *watch) succeeded(now engine.State, was engine.Container) bool {
	for _, c := range now.Containers {
		if c.Name == was.Name && c.ID != was.ID {
			return w.c.Options.NoStart || good(c)
		}
	}
	return false
}

func good(c engine.Container) bool {
	return c.Status == engine.StatusRunning && c.Health != engine.HealthStarting && c.Health != engine.HealthUnhealthy
}

// start looks whether all that a service depends on meets its condition at the
// moment when a container of it starts.
func (w *watch) start(ctx context.Context, op engine.StartContainer) {
	now := w.look(ctx)
	i := slices.IndexFunc(now.Containers, func(c engine.Container) bool { return c.ID == op.Name || c.Name == op.Name })
	if i < 0 {
		return
	}
	service := now.Containers[i].Service
	for name, d := range w.c.Desired.Services[service].DependsOn {
		other, ok := w.c.Desired.Services[name]
		if !ok || !w.c.chosen(name) {
			continue
		}
		for n := 1; n <= w.c.replicas(other); n++ {
			if !w.c.apart(service, now.Containers[i].Name, other, n) {
				w.leansOn(now, service, w.c.name(other, n), d)
			}
		}
	}
}

func (w *watch) leansOn(now engine.State, service, name string, d spec.Dependency) {
	for _, c := range w.c.named(now) {
		if c.Name == name && meets(c, d.Condition) {
			w.lean(lean{service, name, c.ID})
			return
		}
	}
	w.note("complete: a container of %s starts before %s meets %s", service, name, d.Condition)
}

func (w *watch) lean(l lean) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leaned = append(w.leaned, l)
}

func meets(c engine.Container, condition spec.Condition) bool {
	switch condition {
	case spec.Healthy:
		return c.Status == engine.StatusRunning && c.Health == engine.HealthHealthy
	case spec.Completed:
		return c.Status == engine.StatusExited && c.ExitCode == 0
	}
	return c.Status == engine.StatusRunning || c.Status == engine.StatusExited && !c.Started.IsZero()
}

// verdict is all that was wrong with a run that is over.
func (w *watch) verdict() []string {
	end := map[string]string{}
	for _, c := range w.look(context.Background()).Containers {
		end[c.Name] = c.ID
	}
	for _, l := range w.leaned {
		if end[l.on] != l.id {
			w.note("complete: a container of %s starts before %s is replaced", l.service, l.on)
		}
	}
	return w.harm
}

// lostVolumes are the volumes that there were before, anonymous ones included,
// and that are gone or were given up by the container that had them. Nothing that
// up plans removes one.
func (c Case) lostVolumes(t testing.TB, before engine.State, r engine.Reader) (lost []string) {
	t.Helper()
	q := planner.Query(c.Desired)
	q.Volumes = slices.Collect(maps.Keys(before.Volumes))
	for _, was := range before.Containers {
		if strings.HasSuffix(was.Name, ".new") {
			continue // half-made: nothing has ever been written to what is its own
		}
		q.Volumes = slices.AppendSeq(q.Volumes, maps.Values(was.Anonymous))
	}
	now, err := r.Snapshot(t.Context(), q)
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	for _, name := range q.Volumes {
		if _, ok := now.Volumes[name]; !ok {
			lost = append(lost, name)
		}
	}
	has := map[string]map[string]string{}
	for _, n := range now.Containers {
		has[n.Name] = n.Anonymous
	}
	for _, was := range before.Containers {
		lost = append(lost, c.givenUp(was, has)...)
	}
	return lost
}

// givenUp are the anonymous volumes that a replacement did not take over.
func (c Case) givenUp(was engine.Container, has map[string]map[string]string) (lost []string) {
	s, ok := c.Desired.Services[was.Service]
	now, there := has[was.Name]
	if !ok || !there || c.Options.RenewAnonymous || was.Name != c.name(s, was.Number) {
		return nil
	}
	for target, name := range was.Anonymous {
		if s.Container.Mounts[target].Source == "" && now[target] != name {
			lost = append(lost, fmt.Sprintf("of %s at %s", was.Name, target))
		}
	}
	return lost
}
