package planner_test

import (
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

func TestOnlyABuildMakesAllPlatforms(t *testing.T) {
	both := []string{"linux/amd64", "linux/arm64"}
	service := func(name string, b spec.Build) spec.Service {
		return spec.Service{Name: name, Replicas: 1, Build: &b, Container: spec.Container{Image: "app-" + name}}
	}
	desired := &spec.Stack{Name: "app", Services: map[string]spec.Service{
		"base": service("base", spec.Build{Context: "/base", Platforms: both}),
		"web":  service("web", spec.Build{Context: "/web", Platforms: both, AdditionalContexts: map[string]string{"b": "service:base"}}),
		"one":  service("one", spec.Build{Context: "/one", Platforms: both[:1]}),
	}}
	up, err := planner.Up(desired, engine.State{}, planner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	build, err := planner.Build(desired, engine.State{}, planner.ImageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for image, want := range map[string]bool{"app-base": true, "app-web": true, "app-one": false} {
		if allPlatforms(t, up, image) || allPlatforms(t, build, image) != want {
			t.Errorf("%s: up makes all %v, build %v, want %v", image, allPlatforms(t, up, image), allPlatforms(t, build, image), want)
		}
	}
}

func allPlatforms(t *testing.T, p *plan.Plan, image string) bool {
	t.Helper()
	for _, a := range p.Actions {
		if op, ok := a.Op.(engine.BuildImage); ok && op.Image == image {
			return op.AllPlatforms
		}
	}
	t.Fatalf("no build of %s", image)
	return false
}
