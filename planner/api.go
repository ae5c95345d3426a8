package planner

import (
	"errors"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

var errTodo = errors.New("planner: not yet")

// Up plans what makes observed into desired.
func Up(desired *spec.Stack, observed engine.State, opts Options) (*plan.Plan, error) {
	return nil, errTodo
}

// Down plans the end of a project. desired may be nil: then labels say all.
func Down(project string, desired *spec.Stack, observed engine.State, opts DownOptions) (*plan.Plan, error) {
	return nil, errTodo
}

// Start plans the start of stopped containers, dependencies first.
func Start(project string, desired *spec.Stack, observed engine.State, opts StartOptions) (*plan.Plan, error) {
	return nil, errTodo
}

// Stop plans the stop of running containers, dependents first.
func Stop(project string, desired *spec.Stack, observed engine.State, opts StopOptions) (*plan.Plan, error) {
	return nil, errTodo
}

// Restart plans a stop and start of containers.
func Restart(project string, desired *spec.Stack, observed engine.State, opts StopOptions) (*plan.Plan, error) {
	return nil, errTodo
}

// Remove plans the removal of stopped containers.
func Remove(project string, desired *spec.Stack, observed engine.State, opts StopOptions) (*plan.Plan, error) {
	return nil, errTodo
}

// Build plans the build of images.
func Build(desired *spec.Stack, observed engine.State, opts ImageOptions) (*plan.Plan, error) {
	return nil, errTodo
}

// Pull plans the pull of images.
func Pull(desired *spec.Stack, observed engine.State, opts ImageOptions) (*plan.Plan, error) {
	return nil, errTodo
}

// Query is what Up must observe for desired.
func Query(desired *spec.Stack) engine.Query { return engine.Query{} }
