package planner_test

import (
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// Engine 20.10 may list a container on a network that it has been taken off. A
// run that was killed while it replaced the network must not count as foreign
// for that.
func TestOwnContainersAreNoStrangersOnANetwork(t *testing.T) {
	was := spec.Network{Name: "p_default"}
	made := spec.Container{Image: "web:1", Networks: map[string]spec.Endpoint{"p_default": {}}}
	taken := made
	taken.Networks = nil
	desired := &spec.Stack{
		Name:     "p",
		Services: map[string]spec.Service{"web": {Name: "web", Replicas: 1, PullPolicy: "missing", Container: made}},
		Networks: map[string]spec.Network{"default": {Name: "p_default", Internal: true}},
	}
	observed := engine.State{
		Containers: []engine.Container{{ID: "1", Name: "p-web-1", Service: "web", Number: 1, Status: engine.StatusRunning, ImageID: "sha256:1", Recorded: &made, Observed: &taken}},
		Networks:   map[string]engine.Network{"p_default": {ID: "n", Labels: map[string]string{engine.LabelProject: "p"}, Recorded: &was, Members: []string{"p-web-1"}}},
		Images:     map[string]engine.Image{"web:1": {ID: "sha256:1"}},
	}
	p, err := planner.Up(desired, observed, planner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Empty() {
		t.Error("the network is not replaced")
	}
	observed.Networks["p_default"] = engine.Network{ID: "n", Labels: map[string]string{engine.LabelProject: "p"}, Recorded: &was, Members: []string{"other"}}
	if _, err := planner.Up(desired, observed, planner.Options{}); err == nil {
		t.Error("a stranger on the network is no error")
	}
}
