package stack_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

func TestSecondApplyHasNothingToDo(t *testing.T) {
	e, desired := world(t, twoServices)
	goal := stack.Up(desired, planner.Options{Wait: true})
	if _, err := stack.Apply(t.Context(), e, goal, stack.Options{}); err != nil {
		t.Fatal(err)
	}
	before := len(e.Ops())
	result, err := stack.Apply(t.Context(), e, goal, stack.Options{})
	if err != nil || !result.Plan.Empty() || len(e.Ops()) != before {
		t.Errorf("second apply: %v, %v, %s", err, e.Ops()[before:], result.Plan.Text())
	}
}

func TestPlanChangesNothing(t *testing.T) {
	e, desired := world(t, twoServices)
	p, err := stack.Plan(t.Context(), e, stack.Up(desired, planner.Options{}))
	if err != nil || p.Empty() || len(e.Ops()) > 0 {
		t.Errorf("plan: %v, %v; engine was asked for %v", p, err, e.Ops())
	}
}

func TestPlannedCanEndAnApply(t *testing.T) {
	e, desired := world(t, twoServices)
	no := errors.New("no")
	_, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{}), stack.Options{
		Planned: func(*plan.Plan) error { return no },
	})
	ops := slices.DeleteFunc(e.Ops(), ofLock)
	if !errors.Is(err, no) || len(ops) > 0 {
		t.Errorf("apply: %v; engine was asked for %v", err, ops)
	}
}

func TestApplyErrorTellsWhatFailedAndWhatWasSkipped(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Behave("db", memory.Behaviour{Exits: true, Code: 3})
	_, err := stack.Apply(t.Context(), e, stack.Up(desired, planner.Options{Wait: true}), stack.Options{})
	var apply *stack.ApplyError
	var notReady *engine.NotReadyError
	if !errors.As(err, &apply) || !errors.As(err, &notReady) {
		t.Fatalf("apply: %v", err)
	}
	if notReady.ExitCode != 3 || len(apply.Failed) != 1 || len(apply.Skipped) == 0 {
		t.Errorf("%d failed, %d skipped, exit code %d", len(apply.Failed), len(apply.Skipped), notReady.ExitCode)
	}
	for _, s := range apply.Skipped {
		if s.Cause != apply.Failed[0].Action.ID {
			t.Errorf("%s skipped because of %s", s.Action.ID, s.Cause)
		}
	}
}

func TestContainersAreSelectedAndSorted(t *testing.T) {
	e, desired := world(t, twoServices)
	up(t, e, desired, planner.Options{Scale: map[string]int{"web": 2}})
	project := stack.Project{Name: desired.Name, Desired: desired}
	for _, c := range []struct {
		sel  stack.Selection
		want string
	}{
		{stack.Selection{}, "app-db-1 app-web-1 app-web-2"},
		{stack.Selection{Services: []string{"web"}}, "app-web-1 app-web-2"},
		{stack.Selection{Index: 2}, "app-web-2"},
	} {
		list, err := stack.Containers(t.Context(), e, project, c.sel)
		if got := names(list); err != nil || got != c.want {
			t.Errorf("%+v: %s, %v; want %s", c.sel, got, err, c.want)
		}
	}
	_, err := stack.Containers(t.Context(), e, project, stack.Selection{Services: []string{"web", "nothere"}})
	var unknown *stack.UnknownServiceError
	if !errors.As(err, &unknown) || !slices.Equal(unknown.Services, []string{"nothere"}) {
		t.Errorf("unknown service: %v", err)
	}
}

func TestRunningTakesTheFirstReplicaThatRuns(t *testing.T) {
	e, desired := world(t, twoServices)
	up(t, e, desired, planner.Options{Scale: map[string]int{"web": 2}})
	e.Drift().Stop("app-web-1")
	project := stack.Project{Name: desired.Name} // by name only
	if c, err := stack.Running(t.Context(), e, project, "web", 0); err != nil || c.Name != "app-web-2" {
		t.Errorf("running: %s, %v", c.Name, err)
	}
	_, err := stack.Running(t.Context(), e, project, "web", 1)
	var still *stack.NotRunningError
	if !errors.As(err, &still) {
		t.Errorf("replica 1: %v", err)
	}
}

func TestOrphansAreThoseOutsideTheFile(t *testing.T) {
	_, desired := world(t, twoServices)
	desired.Inactive = []string{"tool"}
	project := stack.Project{Name: "app", Desired: desired}
	for service, want := range map[string]bool{"web": false, "tool": false, "old": true} {
		if got := project.Orphan(engine.Container{Service: service}); got != want {
			t.Errorf("orphan %s: %v", service, got)
		}
	}
	if (stack.Project{Name: "app"}).Orphan(engine.Container{Service: "old"}) {
		t.Error("an orphan without a file")
	}
}

const twoServices = `
name: app
services:
  db:
    image: db:16
    healthcheck: {test: [CMD, ready]}
  web:
    image: web:1
    depends_on:
      db: {condition: service_healthy}
`

// world is an engine in memory with the images that the file names, and the
// file's stack.
func world(t testing.TB, file string) (*memory.Engine, *spec.Stack) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stack.yaml"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	desired, err := stack.Load(t.Context(), spec.LoadOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	e := memory.New()
	for _, service := range desired.Services {
		e.SetRegistry(service.Container.Image, engine.Image{ID: "sha256:" + service.Container.Image})
	}
	return e, desired
}

func up(t *testing.T, e engine.Engine, desired *spec.Stack, opts planner.Options) {
	t.Helper()
	if _, err := stack.Apply(t.Context(), e, stack.Up(desired, opts), stack.Options{}); err != nil {
		t.Fatal(err)
	}
}

func names(list []engine.Container) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Name)
	}
	return strings.Join(out, " ")
}

// running are the names of the containers that run.
func running(t *testing.T, e engine.Engine) string {
	t.Helper()
	list, err := stack.Containers(context.WithoutCancel(t.Context()), e, stack.Project{Name: "app"}, stack.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	return names(slices.DeleteFunc(list, func(c engine.Container) bool { return c.Status != engine.StatusRunning }))
}
