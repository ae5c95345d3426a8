// Package laws holds the planner and the reconciler to the promises of the
// design, on every case that is given to it. It never decides what a plan
// should be: the cases do.
package laws

import (
	"context"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
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
	Points  int    // at how many points at most the run is killed, and made to fail; 0 for all
	Tally   *Tally // what was tried is added to it; nil: it is not counted
	// Up is the planner; nil: planner.Up. A test that plants a bug gives
	// another one.
	Up func(*spec.Stack, engine.State, planner.Options) (*plan.Plan, error)
}

// A Tally counts what was tried, over all cases that share it.
type Tally struct {
	Cases, Refused, Orders, Kills, Failures atomic.Int64
}

// orders is in how many random orders, which the edges allow, a plan is carried
// out beside its own.
const orders = 2

// Hold plans the case, holds the plan to every law, and returns it. An error
// of the planner is returned, after it was seen that nothing was touched.
func (c Case) Hold(t testing.TB) (*plan.Plan, error) {
	t.Helper()
	if c.Tally == nil {
		c.Tally = new(Tally)
	}
	if c.Up == nil {
		c.Up = planner.Up
	}
	c.Tally.Cases.Add(1)
	before := len(c.Engine.Ops())
	p, err := c.plan(t, c.Engine)
	if len(c.Engine.Ops()) != before {
		t.Errorf("read-only: planning changed the engine")
	}
	if err != nil {
		c.Tally.Refused.Add(1)
		if strings.HasPrefix(err.Error(), "plan of ") {
			t.Errorf("explained, acyclic and complete: %v", err)
		}
		return nil, err
	}
	c.hold(t, p)
	return p, nil
}

func (c Case) hold(t testing.TB, p *plan.Plan) {
	t.Helper()
	c.pure(t, p)
	if err := p.Check(); err != nil {
		t.Errorf("explained, acyclic and complete: %v", err)
		return
	}
	c.awaited(t, p)
	p = c.kept(t, p)
	for _, text := range c.hasty(p, snapshot(t, c.Engine, c.Desired)) {
		t.Errorf("complete: %s\nthe plan was:\n%s", text, p.Graph())
	}
	end := c.fixpoint(t, p)
	if !t.Failed() {
		c.complete(t, p, end)
		c.interruptible(t, p, end)
		c.unharmed(t, p, end)
		c.recorded(t, p, end)
	}
}

func (c Case) plan(t testing.TB, e *memory.Engine) (*plan.Plan, error) {
	t.Helper()
	return c.Up(c.Desired, snapshot(t, e, c.Desired), c.Options)
}

// pure: twenty plans of one input are equal.
func (c Case) pure(t testing.TB, p *plan.Plan) {
	t.Helper()
	observed := snapshot(t, c.Engine, c.Desired)
	for range 20 {
		again, err := c.Up(c.Desired, observed, c.Options)
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("pure: another plan of the same input (error %v):\n%s\nthe first was:\n%s", err, again.Graph(), p.Graph())
			return
		}
	}
}

// fixpoint: after Apply what is there is what is desired, and the next plan is
// empty, when no flag asks for more. It also holds the run to "safe" and
// "explained", and returns the world afterwards.
func (c Case) fixpoint(t testing.TB, p *plan.Plan) *memory.Engine {
	t.Helper()
	e := c.run(t, p)
	if t.Failed() {
		return e
	}
	for _, text := range c.missed(snapshot(t, e, c.Desired)) {
		t.Errorf("fixpoint: after the run, %s\nthe plan was:\n%s", text, p.Graph())
	}
	for _, text := range c.needless(snapshot(t, c.Engine, c.Desired), snapshot(t, e, c.Desired)) {
		t.Errorf("explained: %s\nthe plan was:\n%s", text, p.Graph())
	}
	next, err := c.settled().plan(t, e)
	if err != nil {
		t.Errorf("fixpoint: the next plan: %v\nthe plan was:\n%s", err, p.Graph())
	} else if !next.Empty() {
		t.Errorf("fixpoint: the next plan is not empty:\n%s\nthe plan was:\n%s", next.Graph(), p.Graph())
	}
	return e
}

// run carries out the plan on a copy of the engine, watched.
func (c Case) run(t testing.TB, p *plan.Plan) *memory.Engine {
	t.Helper()
	e := c.Engine.Clone()
	guard := newWatch(c, e)
	_, err := reconciler.Apply(context.Background(), guard.perform, p, reconciler.Options{})
	for _, harm := range guard.verdict() {
		t.Errorf("%s\nthe plan was:\n%s", harm, p.Graph())
	}
	if err != nil {
		t.Errorf("fixpoint: apply: %v\nthe plan was:\n%s", err, p.Graph())
		return e
	}
	for _, lost := range c.lostVolumes(t, snapshot(t, c.Engine, c.Desired), e) {
		t.Errorf("safe: volume %s is lost\nthe plan was:\n%s", lost, p.Graph())
	}
	return e
}

// complete: whatever order the edges allow, the end is the same. A plan that
// only its list keeps in order lacks an edge.
func (c Case) complete(t testing.TB, p *plan.Plan, end *memory.Engine) {
	t.Helper()
	want := c.picture(t, end)
	for seed := range orders {
		c.Tally.Orders.Add(1)
		other := shuffled(p, uint64(seed))
		if got := c.picture(t, c.run(t, other)); !t.Failed() && got != want {
			t.Errorf("complete: in another order the run ends with\n%s\nand not with\n%s\nthe order was:\n%s", got, want, other.Graph())
		}
		if t.Failed() {
			return
		}
	}
}

// shuffled is the plan with its list in another order. Its edges are the same,
// and what they leave open is done in the order of the list.
func shuffled(p *plan.Plan, seed uint64) *plan.Plan {
	out := *p
	out.Actions = make([]plan.Action, len(p.Actions))
	for to, from := range rand.New(rand.NewPCG(seed, 7)).Perm(len(p.Actions)) {
		out.Actions[to] = p.Actions[from]
	}
	return &out
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

// settled is the case without the flags that ask for something each time.
func (c Case) settled() Case {
	c.Options.ForceRecreate, c.Options.RenewAnonymous, c.Options.Rerun = false, false, false
	c.Options.Build, c.Options.Pull = false, "missing"
	desired := *c.Desired
	desired.Services = map[string]spec.Service{}
	for name, s := range c.Desired.Services {
		s.PullPolicy = "missing"
		desired.Services[name] = s
	}
	c.Desired = &desired
	return c
}
