package planner_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

// BenchmarkUp plans stacks of which nothing, or everything, differs.
func BenchmarkUp(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		desired := wide(n)
		b.Run(fmt.Sprintf("first/%d", n), func(b *testing.B) { plans(b, desired, engine.State{}) })
		b.Run(fmt.Sprintf("nothing/%d", n), func(b *testing.B) { plans(b, desired, running(b, desired)) })
	}
}

func plans(b *testing.B, desired *spec.Stack, observed engine.State) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := planner.Up(desired, observed, planner.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// wide is a stack of n services, each depending on the one ten before it.
func wide(n int) *spec.Stack {
	s := &spec.Stack{
		Name: "p", Services: map[string]spec.Service{},
		Networks: map[string]spec.Network{"default": {Name: "p_default"}},
	}
	value := "x"
	for i := range n {
		name := fmt.Sprintf("s%05d", i)
		service := spec.Service{Name: name, Replicas: 1, Container: spec.Container{
			Image: "web:1", Env: map[string]*string{"A": &value, "B": &value},
			Ports:    map[string][]string{"80/tcp": {fmt.Sprint(10000 + i)}},
			Networks: map[string]spec.Endpoint{"p_default": {Aliases: []string{name}}},
		}}
		if i >= 10 {
			service.DependsOn = map[string]spec.Dependency{fmt.Sprintf("s%05d", i-10): {Condition: spec.Started, Required: true}}
		}
		s.Services[name] = service
	}
	return s
}

func running(b *testing.B, desired *spec.Stack) engine.State {
	b.Helper()
	e := memory.New()
	e.SetImage("web:1", engine.Image{ID: imageID("web:1")})
	observed, err := e.Snapshot(context.Background(), planner.Query(desired))
	if err != nil {
		b.Fatal(err)
	}
	p, err := planner.Up(desired, observed, planner.Options{})
	if err != nil {
		b.Fatal(err)
	}
	perform := func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
		return engine.Perform(ctx, e, op, progress)
	}
	if _, err := reconciler.Apply(context.Background(), perform, p, reconciler.Options{}); err != nil {
		b.Fatal(err)
	}
	if observed, err = e.Snapshot(context.Background(), planner.Query(desired)); err != nil {
		b.Fatal(err)
	}
	return observed
}
