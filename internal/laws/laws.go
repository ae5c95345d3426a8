// Package laws holds the planner and the reconciler to the promises of the
// design, on every case that is given to it. It never decides what a plan
// should be: the cases do.
package laws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

// A Case is a world, and what is desired of it.
type Case struct {
	Engine  *memory.Engine // as it is before; it is copied, never changed
	Desired *spec.Stack
	Options planner.Options
	Points  int // at how many points at most the run is killed, and made to fail; 0 for all
}

// points are the indexes at which a plan of n actions is disturbed, spread
// evenly.
func (c Case) points(n int) []int {
	step := 1
	if c.Points > 0 && n > c.Points {
		step = n/c.Points + 1
	}
	var out []int
	for k := 0; k < n; k += step {
		out = append(out, k)
	}
	return out
}

// Hold plans the case, holds the plan to every law, and returns it. An error
// of the planner is returned, after it was seen that nothing was touched.
func (c Case) Hold(t testing.TB) (*plan.Plan, error) {
	t.Helper()
	before := len(c.Engine.Ops())
	p, err := c.plan(t, c.Engine)
	if len(c.Engine.Ops()) != before {
		t.Errorf("read-only: planning changed the engine")
	}
	if err != nil {
		return nil, err
	}
	c.pure(t, p)
	if err := p.Check(); err != nil {
		t.Errorf("explained, acyclic and complete: %v", err)
	}
	c.awaited(t, p)
	p = c.kept(t, p)
	end := c.fixpoint(t, p)
	if !t.Failed() {
		c.interruptible(t, p, end)
		c.unharmed(t, p)
		c.recorded(t, end)
	}
	return p, nil
}

func (c Case) plan(t testing.TB, e *memory.Engine) (*plan.Plan, error) {
	t.Helper()
	observed, err := e.Snapshot(context.Background(), planner.Query(c.Desired))
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return planner.Up(c.Desired, observed, c.Options)
}

// pure: twenty plans of one input are equal.
func (c Case) pure(t testing.TB, p *plan.Plan) {
	t.Helper()
	observed, err := c.Engine.Snapshot(context.Background(), planner.Query(c.Desired))
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	for range 20 {
		again, err := planner.Up(c.Desired, observed, c.Options)
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("pure: another plan of the same input (error %v):\n%s\nthe first was:\n%s", err, again.Graph(), p.Graph())
			return
		}
	}
}

// fixpoint: after Apply the next plan is empty, when no flag asks for more. It
// also holds the run to "safe", and returns the world afterwards.
func (c Case) fixpoint(t testing.TB, p *plan.Plan) *memory.Engine {
	t.Helper()
	e := c.Engine.Clone()
	guard := newWatch(c, e)
	if _, err := reconciler.Apply(context.Background(), guard.perform, p, reconciler.Options{}); err != nil {
		t.Errorf("fixpoint: apply: %v\nthe plan was:\n%s", err, p.Graph())
		return e
	}
	for _, harm := range guard.harm {
		t.Errorf("safe: %s\nthe plan was:\n%s", harm, p.Graph())
	}
	next, err := c.settled().plan(t, e)
	if err != nil || !next.Empty() {
		t.Errorf("fixpoint: the next plan is not empty (error %v):\n%s\nthe plan was:\n%s", err, next.Graph(), p.Graph())
	}
	return e
}

// settled is the case without the flags that ask for something each time.
func (c Case) settled() Case {
	c.Options.ForceRecreate, c.Options.RenewAnonymous, c.Options.Rerun = false, false, false
	c.Options.Build, c.Options.Pull = false, "missing"
	desired := *c.Desired
	desired.Services = maps.Clone(desired.Services)
	for name, s := range desired.Services {
		s.PullPolicy = "missing"
		desired.Services[name] = s
	}
	c.Desired = &desired
	return c
}

// errKilled is what a call answers when its process is dead.
var errKilled = errors.New("killed")

// interruptible: killed after any number of engine calls, the next run reaches
// the same state as an undisturbed one, and leaves nothing behind.
func (c Case) interruptible(t testing.TB, p *plan.Plan, end *memory.Engine) {
	t.Helper()
	want := picture(t, end, c.Desired)
	for _, k := range c.points(len(p.Actions)) {
		e := c.Engine.Clone()
		kill := countdown{left: k, perform: performOn(e)}
		// Its error is the kill.
		_, _ = reconciler.Apply(context.Background(), kill.call, p, reconciler.Options{Parallel: 1})
		next, err := c.plan(t, e)
		if err != nil {
			t.Errorf("interruptible: killed after %d calls: plan: %v", k, err)
			return
		}
		if _, err := reconciler.Apply(context.Background(), performOn(e), next, reconciler.Options{}); err != nil {
			t.Errorf("interruptible: killed after %d calls: the next run: %v\nits plan was:\n%s", k, err, next.Graph())
			return
		}
		if got := picture(t, e, c.Desired); got != want {
			t.Errorf("interruptible: killed after %d calls, the next run ends with\n%s\nand not with\n%s\nthe plan was:\n%s\nand the next one:\n%s", k, got, want, p.Graph(), next.Graph())
			return
		}
	}
}

// unharmed: when any one action fails, what ran and is still desired runs, the
// old or the new. With --no-start nothing new is to run.
func (c Case) unharmed(t testing.TB, p *plan.Plan) {
	t.Helper()
	if c.Options.NoStart {
		return
	}
	for _, k := range c.points(len(p.Actions)) {
		a := p.Actions[k]
		if a.Undo() {
			continue
		}
		e := c.Engine.Clone()
		fail := func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
			if reflect.DeepEqual(op, a.Op) {
				return plan.Outcome{}, errors.New("injected")
			}
			return engine.Perform(ctx, e, op, progress)
		}
		// Its error is the injected one.
		_, _ = reconciler.Apply(context.Background(), fail, p, reconciler.Options{})
		if lost := c.lost(t, e); len(lost) > 0 {
			t.Errorf("safe: when %q fails, these do not run any more: %s\nthe plan was:\n%s", a.ID, strings.Join(lost, ", "), p.Graph())
			return
		}
	}
}

// lost are the containers that ran before, are desired, and do not run now
// under their names. Three kinds do not come back and do not count: one whose
// host port is in other hands by now, one that lived in the namespace of a
// container that was replaced, and one that on_failure leaves aside.
func (c Case) lost(t testing.TB, e *memory.Engine) []string {
	t.Helper()
	running, ports := map[string]bool{}, map[engine.Port]bool{}
	for _, now := range snapshot(t, e, c.Desired).Containers {
		running[now.Name] = now.Status == engine.StatusRunning
		for _, p := range now.Ports {
			ports[p] = true
		}
	}
	taken := func(p engine.Port) bool { return ports[p] }
	var out []string
	for _, was := range snapshot(t, c.Engine, c.Desired).Containers {
		if slices.ContainsFunc(was.Ports, taken) || len(was.Joins) > 0 || !c.rollsBack(was.Service) {
			continue
		}
		if was.Status == engine.StatusRunning && c.desires(was) && !running[was.Name] {
			out = append(out, was.Name)
		}
	}
	return out
}

// rollsBack reports whether a failed replacement of the service is to be undone.
func (c Case) rollsBack(service string) bool {
	return cmp.Or(c.Options.OnFailure, c.Desired.Services[service].OnFailure, spec.Rollback) == spec.Rollback
}

// desires reports whether c wants a container of this name. Jobs end by
// themselves.
func (c Case) desires(was engine.Container) bool {
	s, ok := c.Desired.Services[was.Service]
	n := s.Replicas
	if scale, scaled := c.Options.Scale[was.Service]; scaled {
		n = scale
	}
	name := s.ContainerName
	if name == "" {
		name = fmt.Sprintf("%s-%s-%d", c.Desired.Name, was.Service, was.Number)
	}
	return ok && !s.Job && was.Number <= n && was.Name == name
}

func snapshot(t testing.TB, e *memory.Engine, desired *spec.Stack) engine.State {
	t.Helper()
	state, err := e.Snapshot(context.Background(), planner.Query(desired))
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return state
}

func performOn(e *memory.Engine) reconciler.Perform {
	return func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
		return engine.Perform(ctx, e, op, progress)
	}
}

// A countdown lets some calls through, and none afterwards.
type countdown struct {
	mu      sync.Mutex // calls come from the goroutines of actions
	left    int
	perform reconciler.Perform
}

func (k *countdown) call(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
	k.mu.Lock()
	k.left--
	dead := k.left < 0
	k.mu.Unlock()
	if dead {
		return plan.Outcome{}, errKilled
	}
	return k.perform(ctx, op, progress)
}

// picture is all of a project's state that a user can tell from another: no
// IDs, no times.
func picture(t testing.TB, e *memory.Engine, desired *spec.Stack) string {
	t.Helper()
	state := snapshot(t, e, desired)
	var lines []string
	for _, c := range state.Containers {
		if _, ok := desired.Services[c.Service]; !ok {
			lines = append(lines, "orphan "+c.Name)
			continue
		}
		lines = append(lines, fmt.Sprintf("container %s %s image %s %s", c.Name, c.Status, c.ImageID, definition(c)))
	}
	for name, n := range state.Networks {
		lines = append(lines, fmt.Sprintf("network %s %s", name, n.Labels[engine.LabelDefinition]))
	}
	for name, v := range state.Volumes {
		if len(name) != 64 { // anonymous ones have a name that the engine makes
			lines = append(lines, fmt.Sprintf("volume %s %s", name, v.Labels[engine.LabelDefinition]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func definition(c engine.Container) string {
	if c.Observed == nil {
		return "(no definition)"
	}
	text, err := engine.EncodeDefinition(*c.Observed)
	if err != nil {
		return err.Error()
	}
	return text
}
