package laws

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

var errInjected = errors.New("injected")

// unharmed: when any one action fails, what ran and is still desired runs, the
// old or the new, and the next run reaches what this one did not. So it does
// when only the answer is lost. With --no-start nothing new is to run.
func (c Case) unharmed(t testing.TB, p *plan.Plan, end *memory.Engine) {
	t.Helper()
	want := c.picture(t, end)
	for _, k := range c.points(len(p.Actions)) {
		a := p.Actions[k]
		if a.Undo() {
			continue
		}
		for _, carriedOut := range []bool{false, true} {
			if text := c.afterFailure(t, p, a, carriedOut, want); text != "" {
				t.Errorf("safe: when %q fails (carried out: %t), %s\nthe plan was:\n%s", a.ID, carriedOut, text, p.Graph())
				return
			}
		}
	}
}

// afterFailure says what is wrong after a run in which one action failed, ""
// for nothing.
func (c Case) afterFailure(t testing.TB, p *plan.Plan, a plan.Action, carriedOut bool, want string) string {
	t.Helper()
	c.Tally.Failures.Add(1)
	e := c.Engine.Clone()
	fail := func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
		hit := reflect.DeepEqual(op, a.Op)
		if hit && !carriedOut {
			return plan.Outcome{}, errInjected
		}
		out, err := engine.Perform(ctx, e, op, progress)
		if hit {
			return plan.Outcome{}, errInjected
		}
		return out, err
	}
	// Its error is the injected one.
	_, _ = reconciler.Apply(context.Background(), fail, p, reconciler.Options{})
	if lost := c.lost(t, e); len(lost) > 0 && !carriedOut {
		return "these do not run any more as they did: " + strings.Join(lost, ", ")
	}
	if lost := c.lostVolumes(t, snapshot(t, c.Engine, c.Desired), e); len(lost) > 0 {
		return "volumes are lost: " + strings.Join(lost, ", ")
	}
	if c.Options.NoRecreate && c.returned(t, e) {
		want = "" // and stays, as that flag asks
	}
	return c.recovers(t, e, want)
}

// returned reports whether a container that an earlier run had put aside has its
// name again.
func (c Case) returned(t testing.TB, e *memory.Engine) bool {
	t.Helper()
	names := map[string]string{}
	for _, now := range snapshot(t, e, c.Desired).Containers {
		names[now.ID] = now.Name
	}
	return slices.ContainsFunc(snapshot(t, c.Engine, c.Desired).Containers, func(was engine.Container) bool {
		base, aside := strings.CutSuffix(was.Name, ".old")
		return aside && names[was.ID] == base
	})
}

// lost are the containers that ran before, are desired, and do not run now
// under their names, with their restart policy. Three kinds do not come back
// and do not count: one whose host port is in other hands by now, one that lived
// in the namespace of a container that was replaced, and one that on_failure
// leaves aside.
func (c Case) lost(t testing.TB, e *memory.Engine) []string {
	t.Helper()
	if c.Options.NoStart {
		return nil
	}
	running, ports := map[string]engine.Container{}, map[engine.Port]bool{}
	for _, now := range snapshot(t, e, c.Desired).Containers {
		if now.Status == engine.StatusRunning {
			running[now.Name] = now
		}
		for _, p := range now.Ports {
			ports[p] = true
		}
	}
	taken := func(p engine.Port) bool { return ports[p] }
	var out []string
	for _, was := range snapshot(t, c.Engine, c.Desired).Containers {
		if was.Status != engine.StatusRunning || !c.desires(was) || len(was.Joins) > 0 || !c.rollsBack(was.Service) {
			continue
		}
		now, runs := running[was.Name]
		switch {
		case !runs && !slices.ContainsFunc(was.Ports, taken):
			out = append(out, was.Name)
		case runs && !c.revives(was, now):
			out = append(out, was.Name+" (its restart policy is off)")
		}
	}
	return out
}

// revives reports whether the restart policy is the one that there was, or that
// is desired.
func (c Case) revives(was, now engine.Container) bool {
	if was.Observed == nil || now.Observed == nil {
		return true
	}
	policy := now.Observed.Restart
	return policy == was.Observed.Restart || policy == c.Desired.Services[was.Service].Container.Restart
}

// rollsBack reports whether a failed replacement of the service is to be undone.
func (c Case) rollsBack(service string) bool {
	return cmp.Or(c.Options.OnFailure, c.Desired.Services[service].OnFailure, spec.Rollback) == spec.Rollback
}

// desires reports whether c wants a container of this name. Jobs end by
// themselves.
func (c Case) desires(was engine.Container) bool {
	s, ok := c.Desired.Services[was.Service]
	return ok && !s.Job && was.Number <= c.replicas(s) && was.Name == c.name(s, was.Number)
}

// replicas is how many replicas of a service are desired.
func (c Case) replicas(s spec.Service) int {
	switch n, scaled := c.Options.Scale[cmp.Or(s.Of, s.Name)]; {
	case scaled && s.Of != "" && !s.PerReplica:
		return min(1, n)
	case scaled:
		return n
	}
	return s.Replicas
}

// name is what the n-th replica is to be called.
func (c Case) name(s spec.Service, n int) string {
	return c.Desired.ContainerName(s, n)
}
