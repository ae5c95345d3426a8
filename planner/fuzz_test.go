package planner_test

import (
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// Whatever the labels of containers hold, all that is planned by labels alone
// is a plan that keeps what plans promise.
func FuzzLabels(f *testing.F) {
	f.Add("b:service_healthy:true", `{"pre_stop":[{"command":["drain"]}]}`, "", "", "1")
	f.Add("b", "", "a:service_started:false,c:x:y:z", `{"post_start":null}`, "-1")
	f.Add(":,::,", "[]", "b:", "{", "18446744073709551616")
	f.Fuzz(func(t *testing.T, dependsA, hooksA, dependsB, hooksB, number string) {
		container := func(name, depends, hooks string) engine.Container {
			return engine.Container{
				ID: "id-" + name, Name: "p-" + name + "-1", Service: name, Number: 1, Status: engine.StatusRunning,
				Labels:    map[string]string{engine.LabelDependsOn: depends, engine.LabelHooks: hooks, engine.LabelNumber: number},
				Anonymous: map[string]string{depends: hooks},
			}
		}
		state := engine.State{Containers: []engine.Container{container("a", dependsA, hooksA), container("b", dependsB, hooksB)}}
		for name, make := range byLabels(state) {
			p, err := make()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := p.Check(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}

// byLabels are all plans that need no stack file, and the one that removes
// orphans.
func byLabels(state engine.State) map[string]func() (*plan.Plan, error) {
	return map[string]func() (*plan.Plan, error){
		"down":    func() (*plan.Plan, error) { return planner.Down("p", nil, state, planner.DownOptions{Volumes: true}) },
		"start":   func() (*plan.Plan, error) { return planner.Start("p", nil, state, planner.StartOptions{Wait: true}) },
		"stop":    func() (*plan.Plan, error) { return planner.Stop("p", nil, state, planner.StopOptions{}) },
		"restart": func() (*plan.Plan, error) { return planner.Restart("p", nil, state, planner.StopOptions{}) },
		"remove":  func() (*plan.Plan, error) { return planner.Remove("p", nil, state, planner.StopOptions{Stop: true}) },
		"up": func() (*plan.Plan, error) {
			return planner.Up(&spec.Stack{Name: "p"}, state, planner.Options{RemoveOrphans: true})
		},
	}
}
