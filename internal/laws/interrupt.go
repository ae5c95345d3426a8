package laws

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// errKilled is what a call answers when its process is dead.
var errKilled = errors.New("killed")

// interruptible: killed after any number of engine calls, in any order that the
// edges allow, the next run reaches the same state as an undisturbed one, and
// leaves nothing behind. That the engine restarts meanwhile changes nothing, and
// revives nothing that was put aside.
func (c Case) interruptible(t testing.TB, p *plan.Plan, end *memory.Engine) {
	t.Helper()
	want := c.picture(t, end)
	for i, k := range c.points(len(p.Actions)) {
		order := p
		if i%2 == 1 {
			order = shuffled(p, uint64(k))
		}
		e := c.killed(order, k)
		if i%3 == 2 && !c.Options.NoStart && len(c.Options.Services) == 0 {
			e.Drift().Restart()
			if double := c.doubles(t, e); len(double) > 0 {
				t.Errorf("interruptible: killed after %d calls, and the engine restarted, these run beside their successors: %s\nthe plan was:\n%s", k, strings.Join(double, ", "), order.Graph())
				return
			}
		}
		if text := c.recovers(t, e, want); text != "" {
			t.Errorf("interruptible: killed after %d calls, %s\nthe plan was:\n%s", k, text, order.Graph())
			return
		}
	}
}

// killed is the world after a run that was killed after so many calls.
func (c Case) killed(p *plan.Plan, calls int) *memory.Engine {
	c.Tally.Kills.Add(1)
	e := c.Engine.Clone()
	kill := countdown{left: calls, perform: performOn(e)}
	// Its error is the kill.
	_, _ = reconciler.Apply(context.Background(), kill.call, p, reconciler.Options{Parallel: 1})
	return e
}

// recovers has the next run bring e where an undisturbed run ends; want is "" when
// it may end elsewhere. It says what is wrong, "" for nothing.
func (c Case) recovers(t testing.TB, e *memory.Engine, want string) string {
	t.Helper()
	left := c.picture(t, e)
	next, err := c.plan(t, e)
	if err != nil {
		return "the next plan: " + err.Error()
	}
	if _, err := reconciler.Apply(context.Background(), performOn(e), next, reconciler.Options{}); err != nil {
		return "the next run: " + err.Error() + "\nit found\n" + left + "\nits plan was:\n" + next.Graph()
	}
	if got := c.picture(t, e); want != "" && got != want {
		return "the next run ends with\n" + got + "\nand not with\n" + want + "\nit found\n" + left + "\nits plan was:\n" + next.Graph()
	}
	if lost := c.lostVolumes(t, snapshot(t, c.Engine, c.Desired), e); len(lost) > 0 {
		return "and the next run, volumes are lost: " + strings.Join(lost, ", ")
	}
	return ""
}

// doubles are the containers that run although they were put aside.
func (c Case) doubles(t testing.TB, e *memory.Engine) (out []string) {
	t.Helper()
	running := map[string]bool{}
	for _, now := range snapshot(t, e, c.Desired).Containers {
		running[now.Name] = now.Status == engine.StatusRunning
	}
	for name := range running {
		if base, aside := strings.CutSuffix(name, ".old"); aside && running[name] && running[base] {
			out = append(out, name)
		}
	}
	return out
}

func performOn(m engine.Mutator) reconciler.Perform {
	return func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
		return engine.Perform(ctx, m, op, progress)
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
