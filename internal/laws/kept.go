package laws

import (
	"reflect"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

// kept: a plan that went through its encoded form is the same plan, and what it
// was made from has not moved by that. The laws that follow are held to the
// decoded one.
func (c Case) kept(t testing.TB, p *plan.Plan) *plan.Plan {
	t.Helper()
	observed := snapshot(t, c.Engine, c.Desired)
	whole := *p
	whole.Base = planner.Base(observed)
	code, err := whole.Encode()
	if err != nil {
		t.Errorf("kept: encode: %v", err)
		return p
	}
	again, err := plan.Decode(code, engine.DecodeOp)
	if err != nil || !Alike(*again, whole) {
		t.Errorf("kept: decoded it is another plan (error %v):\n%s\nit was:\n%s", err, code, p.Graph())
		return p
	}
	if moves := planner.Moved(again, observed); len(moves) > 0 {
		t.Errorf("kept: nothing has moved, but %q", moves)
	}
	return again
}

// awaited: the same plan with a wait for all at its end changes the same.
func (c Case) awaited(t testing.TB, p *plan.Plan) {
	t.Helper()
	if c.Options.NoStart {
		return
	}
	c.Options.Wait = true
	waiting, err := c.plan(t, c.Engine)
	if err != nil {
		t.Errorf("awaited: %v", err)
		return
	}
	if got, want := operations(waiting), operations(p); !reflect.DeepEqual(got, want) {
		t.Errorf("awaited: with --wait the plan is\n%s\nwithout it is\n%s", waiting.Graph(), p.Graph())
	}
}

// operations are those of a plan that change something, by their actions.
func operations(p *plan.Plan) map[string]plan.Op {
	out := map[string]plan.Op{}
	for _, a := range p.Actions {
		if !plan.Waits(a.Op) {
			out[a.ID] = a.Op
		}
	}
	return out
}
