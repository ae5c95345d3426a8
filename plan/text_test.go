package plan_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stackfile/stack/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

type op string

func (o op) Kind() string { return string(o) }

type wait struct{ op }

func (wait) Waits() {}

// example has every kind of edge, a guard, an undo, a wait and notes.
func example() *plan.Plan {
	network := plan.Change{Verb: plan.Create, Object: "network", Name: "ml_default"}
	build := plan.Change{Verb: plan.Build, Object: "image", Name: "ml-model", Service: "model"}
	model := plan.Change{Verb: plan.Replace, Object: "container", Name: "ml-model-1", Service: "model"}
	back := plan.Change{Verb: plan.Replace, Object: "container", Name: "ml-back-1", Service: "back"}
	ready := plan.Change{Verb: plan.Wait, Object: "container", Name: "ml-model-1", Service: "model"}

	unchanged := plan.Guard{{ID: "build ml-model", Image: "ml-model", ImageID: "sha256:1"}}
	image := []plan.Reason{{Code: plan.Changed, Field: "image", From: "sha256:1", To: "what the build gives"}}
	env := []plan.Reason{
		{Code: plan.Changed, Field: "environment.LOG_LEVEL", From: `"info"`, To: `"debug"`},
		{Code: plan.Drifted, Field: "mem_limit", From: "256 MiB", To: "512 MiB"},
	}
	undo := []plan.Reason{{Code: plan.Undo, Text: "puts ml-back-1 back"}}
	return &plan.Plan{
		Target: "docker", Project: "ml",
		Actions: []plan.Action{
			{ID: "network ml_default", Change: network, Op: op("CreateNetwork"), Reasons: []plan.Reason{{Code: plan.Missing}}},
			{ID: "build ml-model", Change: build, Op: op("BuildImage"), Reasons: []plan.Reason{{Code: plan.Requested, Text: "--build"}}},
			{ID: "stop ml-model-1", Change: model, Op: op("StopContainer"), After: []plan.Edge{{ID: "build ml-model"}}, Unless: unchanged, Reasons: image},
			{ID: "start ml-model-1", Change: model, Op: op("StartContainer"), After: []plan.Edge{{ID: "stop ml-model-1"}, {ID: "build ml-model"}}, Unless: unchanged, Reasons: image},
			{ID: "ready ml-model-1", Change: ready, Op: wait{"WaitContainer"}, After: []plan.Edge{{ID: "start ml-model-1"}}, Reasons: image},
			{ID: "stop ml-back-1", Change: back, Op: op("StopContainer"), After: []plan.Edge{{ID: "network ml_default"}, {ID: "ready ml-model-1"}}, Reasons: env[:1]},
			{ID: "start ml-back-1", Change: back, Op: op("StartContainer"), After: []plan.Edge{{ID: "stop ml-back-1"}}, Reasons: env},
			{ID: "restart ml-back-1", Change: back, Op: op("StartContainer"), After: []plan.Edge{{ID: "start ml-back-1", When: plan.Failed}, {ID: "stop ml-back-1", When: plan.Settled}}, Reasons: undo},
		},
		Notes: []plan.Note{{Text: "container ml-old-1 is an orphan"}, {Service: "db", Text: "labels of volume ml_data differ"}},
	}
}

// everything has each field that a plan can have.
func everything() *plan.Plan {
	p := example()
	remove := plan.Change{Verb: plan.Remove, Object: "volume", Name: "ml_data"}
	p.Actions = append(p.Actions, plan.Action{
		ID: "remove volume ml_data", Change: remove, Op: op("RemoveVolume"), Loses: []string{"volume ml_data"},
		Reasons: []plan.Reason{{Code: plan.Requested, Text: "down"}},
	})
	p.Skips = []plan.Skip{{Service: "train", Text: "inputs unchanged"}}
	p.Unchanged = []string{"cache", "train"}
	p.Outages = []plan.Outage{
		{Service: "model", Kind: plan.Reduced, For: 12 * time.Second, Replicas: 2, If: true},
		{Service: "back", Kind: plan.Down, For: 1400 * time.Millisecond, AtLeast: true, Replicas: 1, Needed: []string{"front"}},
		{Service: "front", Kind: plan.Cut, Network: "ml_default", Replicas: 1},
		{Service: "old", Kind: plan.Ended, Replicas: 1},
	}
	return p
}

func TestTextTellsAllThatThereIs(t *testing.T) { golden(t, "everything.txt", everything().Text()) }

func TestOutageSaysHowLong(t *testing.T) {
	for _, c := range []struct {
		outage plan.Outage
		want   string
	}{
		{plan.Outage{Kind: plan.Down}, "unavailable: no record yet of how long"},
		{plan.Outage{Kind: plan.Down, For: 20 * time.Millisecond}, "unavailable: about 0.1 s"},
		{plan.Outage{Kind: plan.Down, For: 1440 * time.Millisecond}, "unavailable: about 1.4 s"},
		{plan.Outage{Kind: plan.Down, For: 42 * time.Second}, "unavailable: about 42 s"},
		{plan.Outage{Kind: plan.Down, For: 5 * time.Minute}, "unavailable: about 5 min"},
	} {
		if got := c.outage.String(); got != c.want {
			t.Errorf("%v: %q, want %q", c.outage.For, got, c.want)
		}
	}
}

func TestTextTellsEachChangeWithItsReasons(t *testing.T) { golden(t, "plan.txt", example().Text()) }

func TestGraphHasEveryEdge(t *testing.T) { golden(t, "plan.graph", example().Graph()) }

func TestJSONHasChangesActionsAndNotes(t *testing.T) {
	text, err := example().JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.json", string(text))
}

func TestEmptyPlanSaysSo(t *testing.T) {
	p := &plan.Plan{Project: "ml", Actions: []plan.Action{{ID: "ready db", Op: wait{"WaitContainer"}}}}
	if got := p.Text(); got != "nothing to do\n" {
		t.Errorf("a plan of waits only prints %q", got)
	}
}

func TestGuardOnAnImageThatWasNotThereIsNoCondition(t *testing.T) {
	p := example()
	for i := range p.Actions {
		if p.Actions[i].Unless != nil {
			p.Actions[i].Unless = plan.Guard{{ID: "build ml-model", Image: "ml-model"}}
		}
	}
	for _, s := range p.Steps() {
		if len(s.If) > 0 {
			t.Errorf("%s hangs on %v", s.Change, s.If)
		}
	}
}

func TestConditionNamesTheImageOfAnotherService(t *testing.T) {
	p := example()
	p.Actions[1].Change.Service = "train"
	golden(t, "condition.txt", p.Text())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", file, got, want)
	}
}
