package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// stepOf is the service of whose pre_start a container is a step, "" for that of
// a service.
func stepOf(c engine.Container) string { return c.Labels[engine.LabelPreStart] }

// isOf reports whether a container belongs to one of some services, as its
// replica or as a step of its pre_start. With none named it is about all.
func isOf(c engine.Container, services []string) bool {
	return len(services) == 0 || slices.Contains(services, c.Service) || slices.Contains(services, stepOf(c))
}

// prepare runs a step that has not succeeded yet. One that has is left: the
// start of a container that it was run for is no reason to run it again.
func (s *sequence) prepare(c engine.Container, edges []plan.Edge) {
	if idle(c.Status) && !meets(c, engine.Completed) {
		s.start(c, edges)
	}
}

// unprepared is an error when a container that never ran would start without a
// step that it depends on, since that has no container.
func unprepared(c engine.Container, dependsOn map[string]spec.Dependency, there map[string][]engine.Container) error {
	if c.Status != engine.StatusCreated {
		return nil
	}
	for _, name := range sortedKeys(dependsOn) {
		if strings.HasPrefix(name, c.Service+".pre_start.") && len(there[name]) == 0 {
			return &UnpreparedError{Service: c.Service, Step: name}
		}
	}
	return nil
}

// An UnpreparedError says that a service cannot start before a step of its
// pre_start has run, of which there is no container.
type UnpreparedError struct{ Service, Step string }

func (e *UnpreparedError) Error() string {
	return fmt.Sprintf("service %s: %s has not run, and has no container", e.Service, e.Step)
}

// outlived are the containers without the steps of services of which some
// container is not among them: such a step is the sign that it has succeeded.
func outlived(going, all []engine.Container) []engine.Container {
	gone, stays := map[string]bool{}, map[string]bool{}
	for _, c := range going {
		gone[c.ID] = true
	}
	for _, c := range all {
		stays[c.Service] = stays[c.Service] || !gone[c.ID]
	}
	return slices.DeleteFunc(going, func(c engine.Container) bool { return stepOf(c) != "" && stays[stepOf(c)] })
}
