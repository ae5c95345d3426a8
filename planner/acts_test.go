package planner_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// standing are containers in each state, one of them of a service that the file
// does not have.
func standing() (*spec.Stack, engine.State) {
	desired := &spec.Stack{Name: "app", Services: map[string]spec.Service{"web": {Name: "web"}, "db": {Name: "db"}}}
	container := func(service string, number int, status engine.Status) engine.Container {
		name := "app-" + service + "-" + string(rune('0'+number))
		return engine.Container{ID: "id-of-" + name, Name: name, Service: service, Number: number, Status: status}
	}
	return desired, engine.State{Containers: []engine.Container{
		container("web", 1, engine.StatusRunning), container("web", 2, engine.StatusPaused),
		container("db", 1, engine.StatusExited), container("db", 2, engine.StatusRestarting),
		container("old", 1, engine.StatusRunning),
	}}
}

func TestActsAreForThoseThatCanBear(t *testing.T) {
	desired, observed := standing()
	acts := map[string]func(*spec.Stack) (*plan.Plan, error){
		"kill": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Kill("app", d, observed, planner.KillOptions{Signal: "SIGHUP"})
		},
		"kill all": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Kill("app", d, observed, planner.KillOptions{RemoveOrphans: true})
		},
		"kill web": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Kill("app", d, observed, planner.KillOptions{Services: []string{"web"}})
		},
		"pause":      func(d *spec.Stack) (*plan.Plan, error) { return planner.Pause("app", d, observed, nil) },
		"unpause":    func(d *spec.Stack) (*plan.Plan, error) { return planner.Unpause("app", d, observed, nil) },
		"unpause db": func(d *spec.Stack) (*plan.Plan, error) { return planner.Unpause("app", d, observed, []string{"db"}) },
		"stop": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Stop("app", d, observed, planner.StopOptions{})
		},
		"stop old": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Stop("app", d, observed, planner.StopOptions{Services: []string{"old"}})
		},
		"rm": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Remove("app", d, observed, planner.StopOptions{Stop: true})
		},
		"restart": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Restart("app", d, observed, planner.StopOptions{})
		},
		"commit db": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Commit("app", d, observed, planner.CommitOptions{Service: "db"})
		},
		"commit web 2": func(d *spec.Stack) (*plan.Plan, error) {
			return planner.Commit("app", d, observed, planner.CommitOptions{Service: "web", Index: 2})
		},
	}
	for name, want := range map[string][2]string{
		"kill":     {"kill app-web-1, kill app-web-2, kill app-db-2", "kill app-web-1, kill app-web-2, kill app-db-2, kill app-old-1"},
		"kill all": {"kill app-web-1, kill app-web-2, kill app-db-2, kill app-old-1", "kill app-web-1, kill app-web-2, kill app-db-2, kill app-old-1"},
		"kill web": {"kill app-web-1, kill app-web-2", "kill app-web-1, kill app-web-2"},
		"pause":    {"pause app-web-1", "pause app-web-1, pause app-old-1"},
		"stop":     {"stop app-web-1, stop app-web-2, stop app-db-2", "stop app-web-1, stop app-web-2, stop app-old-1, stop app-db-2"},
		"stop old": {"stop app-old-1", "stop app-old-1"},
		"rm": {
			"stop app-web-1, stop app-web-2, stop app-db-2, remove app-db-1, remove app-db-2, remove app-web-1, remove app-web-2",
			"stop app-web-1, stop app-web-2, stop app-old-1, stop app-db-2, remove app-db-1, remove app-db-2, remove app-old-1, remove app-web-1, remove app-web-2",
		},
		"restart": {
			"restart app-db-1, restart app-db-2, restart app-web-1, restart app-web-2",
			"restart app-db-1, restart app-db-2, restart app-old-1, restart app-web-1, restart app-web-2",
		},
		"unpause":      {"unpause app-web-2", "unpause app-web-2"},
		"unpause db":   {"", ""},
		"commit db":    {"commit app-db-1", "commit app-db-1"},
		"commit web 2": {"commit app-web-2", "commit app-web-2"},
	} {
		for i, d := range []*spec.Stack{desired, nil} {
			p, err := acts[name](d)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := ids(p); got != want[i] {
				t.Errorf("%s, with a file %v: %q, want %q", name, d != nil, got, want[i])
			}
		}
	}
}

func ids(p *plan.Plan) string {
	out := make([]string, len(p.Actions))
	for i, a := range p.Actions {
		out[i] = a.ID
	}
	return strings.Join(out, ", ")
}

func TestActsHoldToWhatThereIs(t *testing.T) {
	desired, observed := standing()
	_, pause := planner.Pause("app", desired, observed, []string{"wbe"})
	_, kill := planner.Kill("app", nil, observed, planner.KillOptions{Services: []string{"wbe"}})
	for name, err := range map[string]error{"pause": pause, "kill": kill} {
		var unknown *planner.UnknownServiceError
		if !errors.As(err, &unknown) || unknown.Service != "wbe" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for running, want := range map[bool]bool{false: true, true: false} {
		p, err := planner.Commit("app", desired, observed, planner.CommitOptions{Service: "web", Author: "me", Running: running})
		if err != nil {
			t.Fatal(err)
		}
		if op, ok := p.Actions[0].Op.(engine.CommitContainer); !ok || op.Pause != want || op.Author != "me" {
			t.Errorf("running %v: %+v", running, p.Actions[0].Op)
		}
	}
	_, err := planner.Commit("app", desired, observed, planner.CommitOptions{Service: "web", Index: 3})
	var absent *planner.AbsentError
	if !errors.As(err, &absent) || absent.Error() != "service web, replica 3: no container" {
		t.Errorf("commit: %v", err)
	}
}

func TestPushIsOfWhatIsBuiltAndHasAName(t *testing.T) {
	build := func(tags ...string) *spec.Build { return &spec.Build{Tags: tags} }
	service := func(name, image string, b *spec.Build, on ...string) spec.Service {
		s := spec.Service{Name: name, Build: b, Replicas: 1, DependsOn: map[string]spec.Dependency{}}
		s.Container.Image = image
		for _, other := range on {
			s.DependsOn[other] = spec.Dependency{Condition: spec.Started}
		}
		return s
	}
	desired := &spec.Stack{Name: "app", Services: map[string]spec.Service{
		"api":  service("api", "example.org/api:1", build("example.org/api:latest"), "base"),
		"base": service("base", "example.org/base:1", build()), "web": service("web", "app-web", build()), "db": service("db", "db:16", nil),
	}}
	for want, opts := range map[string]planner.ImageOptions{
		"push example.org/base:1, push example.org/api:1, push example.org/api:latest": {},
		"push example.org/api:1, push example.org/api:latest":                          {Services: []string{"api"}},
		"push example.org/base:1": {Services: []string{"base"}, WithDependencies: true},
	} {
		p, err := planner.Push(desired, engine.State{}, opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(p); got != want {
			t.Errorf("%+v: %q, want %q", opts, got, want)
		}
		if all := len(opts.Services) == 0; all && len(p.Notes) != 2 {
			t.Errorf("notes: %v", p.Notes)
		}
	}
}

func TestBuildIsAsTheCommandAsks(t *testing.T) {
	web := spec.Service{Name: "web", Replicas: 1, Build: &spec.Build{Context: ".", SBOM: "false", Tags: []string{"r/web:2"}}}
	web.Container.Image = "r/web:1"
	desired := &spec.Stack{Name: "app", Services: map[string]spec.Service{"web": web}}
	p, err := planner.Build(desired, engine.State{}, planner.ImageOptions{
		Push: true, Provenance: "mode=max", SBOM: "true", SSH: map[string]string{"default": ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	b, ok := p.Actions[0].Op.(engine.BuildImage)
	if _, ssh := b.Build.SSH["default"]; !ok || b.Build.Provenance != "mode=max" || b.Build.SBOM != "true" || !ssh {
		t.Errorf("the build is %+v", p.Actions[0].Op)
	}
	if got := ids(p); got != "build r/web:1, push r/web:1, push r/web:2" || p.Actions[1].After[0].ID != "build r/web:1" {
		t.Errorf("the plan is %q, the push comes after %v", got, p.Actions[1].After)
	}
}
