package planner_test

import (
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// With nothing to do, only what this stack made, and did not come to record, is
// recorded.
func TestOnlyOwnContainersAreRecordedWithNothingToDo(t *testing.T) {
	made := spec.Container{Image: "web:1"}
	desired := &spec.Stack{Name: "p", Services: map[string]spec.Service{"web": {Name: "web", Replicas: 1, PullPolicy: "missing", Container: made}}}
	for name, test := range map[string]struct {
		labels map[string]string
		want   bool
	}{
		"killed before it was recorded": {map[string]string{engine.LabelReasons: engine.EncodeHistory(engine.History{})}, true},
		"made by another tool":          {map[string]string{engine.LabelProject: "p"}, false},
	} {
		observed := engine.State{
			Containers: []engine.Container{{ID: "1", Name: "p-web-1", Service: "web", Number: 1, Status: engine.StatusRunning, ImageID: "sha256:1", Labels: test.labels, Recorded: &made, Observed: &made}},
			Images:     map[string]engine.Image{"web:1": {ID: "sha256:1"}},
		}
		if got := planner.Unkept(desired, observed, planner.Options{}); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
