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

// That a service is asked for no more is a note, and nothing to record.
func TestAServiceLessIsNotRecordedWithNothingToDo(t *testing.T) {
	web, tool := spec.Service{Name: "web", Replicas: 1, ImageID: "sha256:1", Container: spec.Container{Image: "web:1"}}, spec.Service{Name: "tool", Replicas: 1}
	kept := &spec.Stack{Name: "p", Services: map[string]spec.Service{"web": web, "tool": tool}}
	desired := &spec.Stack{Name: "p", Services: map[string]spec.Service{"web": web}}
	observed := engine.State{
		Containers: []engine.Container{{
			ID: "1", Name: "p-web-1", Service: "web", Number: 1, Status: engine.StatusRunning, ImageID: "sha256:1",
			Labels: map[string]string{engine.LabelReasons: engine.EncodeHistory(engine.History{})}, Recorded: &web.Container, Observed: &web.Container,
		}},
		Images:      map[string]engine.Image{"web:1": {ID: "sha256:1"}},
		Generations: []engine.Generation{{Project: "p", Number: 1, Stack: kept}},
	}
	if planner.Unkept(desired, observed, planner.Options{}) {
		t.Error("to be recorded without a service that is not asked for any more")
	}
	web.Container.Image = "web:2"
	desired.Services["web"] = web
	if !planner.Unkept(desired, observed, planner.Options{}) {
		t.Error("another image is not to be recorded")
	}
}
