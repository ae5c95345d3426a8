package laws

import (
	"context"
	"reflect"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

// TestActsKeepTheLaws: the plans of kill, pause and unpause are pure and explained,
// there is nothing left to do after them, and up, held to all laws, brings back what
// is desired.
func TestActsKeepTheLaws(t *testing.T) {
	desired := &spec.Stack{Name: "app", Services: map[string]spec.Service{}}
	for name, on := range map[string]map[string]spec.Dependency{"db": nil, "web": {"db": {Condition: spec.Started}}} {
		s := spec.Service{Name: name, Replicas: 2, DependsOn: on}
		s.Container.Image = name + ":1"
		desired.Services[name] = s
	}
	type act func(engine.State) (*plan.Plan, error)
	kill := func(observed engine.State) (*plan.Plan, error) {
		return planner.Kill("app", desired, observed, planner.KillOptions{})
	}
	pause := func(observed engine.State) (*plan.Plan, error) { return planner.Pause("app", desired, observed, nil) }
	unpause := func(observed engine.State) (*plan.Plan, error) {
		return planner.Unpause("app", desired, observed, nil)
	}
	for name, acts := range map[string][]act{
		"kill": {kill}, "pause": {pause}, "pause and kill": {pause, kill}, "pause and unpause": {pause, unpause},
	} {
		e := memory.New()
		for service := range desired.Services {
			e.SetImage(service+":1", engine.Image{})
		}
		carryOut(t, e, desired, func(observed engine.State) (*plan.Plan, error) {
			return planner.Up(desired, observed, planner.Options{})
		})
		for _, a := range acts {
			if n := carryOut(t, e, desired, a); n != 4 {
				t.Errorf("%s: %d actions for 4 containers", name, n)
			}
			if n := carryOut(t, e, desired, a); n != 0 {
				t.Errorf("%s: %d actions once more", name, n)
			}
		}
		p, err := (Case{Engine: e, Desired: desired}).Hold(t)
		if err != nil || p.Empty() != (name == "pause and unpause") {
			t.Errorf("%s: the next up is %v\n%s", name, err, graph(p))
		}
	}
}

// carryOut plans, twice alike, and carries it out; it returns how many actions
// there were.
func carryOut(t *testing.T, e *memory.Engine, desired *spec.Stack, act func(engine.State) (*plan.Plan, error)) int {
	t.Helper()
	observed := snapshot(t, e, desired)
	p, err := act(observed)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := act(observed); err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("pure: another plan of the same input (error %v):\n%s\nthe first was:\n%s", err, graph(again), graph(p))
	}
	if err := p.Check(); err != nil {
		t.Errorf("explained, acyclic and complete: %v", err)
	}
	if _, err := reconciler.Apply(context.Background(), performOn(e), p, reconciler.Options{}); err != nil {
		t.Fatalf("%v\n%s", err, p.Graph())
	}
	return len(p.Actions)
}
