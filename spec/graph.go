package spec

import (
	"maps"
	"slices"
	"strings"
)

// A CycleError is a circle of services, each of which waits for the next.
type CycleError struct {
	Path []string // the first service is the last one too
}

func (e *CycleError) Error() string {
	return "dependency cycle: " + strings.Join(e.Path, " -> ")
}

// Order returns the active services, each one after those it depends on, and by
// name where that leaves a choice. The error is a *CycleError; a Stack made by
// Load has none.
func (s *Stack) Order() ([]string, error) {
	return order(s.edges())
}

// Dependents returns the services that depend on the named one, directly or
// through others, sorted.
func (s *Stack) Dependents(name string) []string {
	back := map[string][]string{}
	for from, targets := range s.edges() {
		for _, to := range targets {
			back[to] = append(back[to], from)
		}
	}
	reached := reach(back, name)
	delete(reached, name)
	return slices.Sorted(maps.Keys(reached))
}

// WithDependencies returns the named services and all that they depend on,
// directly or through others, sorted. Names that are no active service are left
// out.
func (s *Stack) WithDependencies(names ...string) []string {
	reached := reach(s.edges(), names...)
	maps.DeleteFunc(reached, func(name string, _ bool) bool { _, ok := s.Services[name]; return !ok })
	return slices.Sorted(maps.Keys(reached))
}

// edges holds for each service what it depends on, sorted.
func (s *Stack) edges() map[string][]string {
	edges := make(map[string][]string, len(s.Services))
	for name, service := range s.Services {
		targets := slices.AppendSeq(make([]string, 0, len(service.DependsOn)), maps.Keys(service.DependsOn))
		slices.Sort(targets)
		edges[name] = targets
	}
	return edges
}

// reach returns everything reached from the given names, those included.
func reach(edges map[string][]string, from ...string) map[string]bool {
	reached := map[string]bool{}
	for todo := slices.Clone(from); len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !reached[name] {
			reached[name] = true
			todo = append(todo, edges[name]...)
		}
	}
	return reached
}

// order sorts the keys of edges so that each comes after those it points to.
// Targets that are no keys are left out.
func order(edges map[string][]string) ([]string, error) {
	const visiting, done = 1, 2
	state := make(map[string]int, len(edges))
	var out, path []string
	var visit func(name string) error
	visit = func(name string) error {
		targets, ok := edges[name]
		if !ok || state[name] == done {
			return nil
		}
		if state[name] == visiting {
			return &CycleError{append(slices.Clone(path[slices.Index(path, name):]), name)}
		}
		state[name] = visiting
		path = append(path, name)
		for _, target := range targets {
			if err := visit(target); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		state[name] = done
		out = append(out, name)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(edges)) {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}
