package laws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// hasty are the starts that may come before a dependency is healthy or over,
// going by the edges alone: a run may be lucky.
func (c Case) hasty(p *plan.Plan, before engine.State) (out []string) {
	for _, a := range p.Actions {
		if _, starts := a.Op.(engine.StartContainer); !starts || a.Undo() {
			continue
		}
		for name, d := range c.Desired.Services[a.Change.Service].DependsOn {
			other, ok := c.Desired.Services[name]
			if !ok || !c.chosen(name) || d.Condition == spec.Started {
				continue
			}
			for n := 1; n <= c.replicas(other); n++ {
				if on := c.name(other, n); !c.apart(a.Change.Service, a.Change.Name, other, n) && !c.stands(p, before, on, d.Condition) && !awaited(p, a.ID, on) {
					out = append(out, fmt.Sprintf("%q does not come after a wait for %s, which is to be %s", a.ID, on, d.Condition))
				}
			}
		}
	}
	return out
}

// apart reports whether the n-th container of a step is for another replica than
// a container of a service, and is no business of that.
func (c Case) apart(service, container string, step spec.Service, n int) bool {
	s := c.Desired.Services[service]
	kin := step.Of == service || s.PerReplica && s.Of == step.Of
	return step.PerReplica && kin && c.name(s, n) != strings.TrimSuffix(container, ".new")
}

// stands reports whether a container meets the condition already, and nothing
// in the plan begins it anew.
func (c Case) stands(p *plan.Plan, before engine.State, name string, condition spec.Condition) bool {
	begins := slices.ContainsFunc(p.Actions, func(a plan.Action) bool {
		return !a.Undo() && a.Change.Name == name && slices.Contains([]string{"StartContainer", "RestartContainer", "UnpauseContainer"}, a.Op.Kind())
	})
	return !begins && slices.ContainsFunc(c.named(before), func(n engine.Container) bool { return n.Name == name && meets(n, condition) })
}

// awaited reports whether an action comes after a wait for a container, in
// whatever number of steps.
func awaited(p *plan.Plan, id, name string) bool {
	byID := map[string]plan.Action{}
	for _, a := range p.Actions {
		byID[a.ID] = a
	}
	seen := map[string]bool{}
	var visit func(id string) bool
	visit = func(id string) bool {
		if seen[id] {
			return false
		}
		seen[id] = true
		if plan.Waits(byID[id].Op) && byID[id].Change.Name == name {
			return true
		}
		return slices.ContainsFunc(byID[id].After, func(e plan.Edge) bool { return visit(e.ID) })
	}
	return visit(id)
}

// named are the containers, each replica that somebody renamed under the name
// that it is to have, unless another one has it.
func (c Case) named(now engine.State) []engine.Container {
	out, taken := slices.Clone(now.Containers), map[string]bool{}
	for _, n := range out {
		taken[n.Name] = true
	}
	for i, n := range out {
		s, ok := c.Desired.Services[n.Service]
		if name := c.name(s, n.Number); ok && !taken[name] {
			out[i].Name, taken[name] = name, true
		}
	}
	return out
}
