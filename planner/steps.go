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

// meant reports whether a command is for a container: for one of the services that
// are named, or, when none is, of those of the file that are in an active profile.
// Without a file it is for all.
func meant(desired *spec.Stack, c engine.Container, services []string) bool {
	if len(services) > 0 || desired == nil {
		return isOf(c, services)
	}
	return active(desired, c.Service) || active(desired, stepOf(c))
}

func active(desired *spec.Stack, service string) bool {
	_, ok := desired.Services[service]
	return ok
}

// judgeStep runs a step again for a service that is made anew. Specification,
// chapter 05, pre_start: also one that has succeeded, when its service is
// recreated. One replica more, or one of several made anew, is no reason, unless
// the step is one for each replica.
func (u *up) judgeStep(v *verdict, r *replica) {
	of := u.desired.Services[r.service.Of]
	if r.service.Of == "" || !u.chosen[of.Name] {
		return
	}
	var doubt plan.Guard
	for _, other := range u.preparedBy(r, of) {
		if other.found == nil {
			continue
		}
		w := u.decide(other)
		if !w.replaces() {
			return
		}
		doubt = append(doubt, w.guard...)
	}
	if len(doubt) > 0 {
		v.guard = append(v.guard, doubt...)
		v.doubts = append(v.doubts, follow(of.Name, "stands before %s, if that is replaced"))
		return
	}
	v.reasons = append(v.reasons, follow(of.Name, "stands before %s, which is made anew"))
}

// preparedBy are the replicas of a service that a step stands before, as they
// are found. One that gives way to the old container put aside for it counts as
// that.
func (u *up) preparedBy(r *replica, of spec.Service) (out []*replica) {
	numbered, _ := u.sortOut(of)
	for n := 1; n <= u.replicas(of); n++ {
		other := &replica{service: of, name: u.containerName(of, n), number: n, found: numbered[n]}
		if old, ok := u.asides[other.name]; ok && other.found != nil && u.decide(other).replaces() {
			other.found = &old
		}
		if !r.service.PerReplica || n == r.number {
			out = append(out, other)
		}
	}
	return out
}

// preparesOther reports whether r is a step for one replica, and other is, or is
// a step for, another replica of the same service.
func (r *replica) preparesOther(other *replica) bool {
	same := r.service.Of == other.service.Name || other.service.PerReplica && r.service.Of == other.service.Of
	return r.service.PerReplica && same && r.number != other.number
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
