package planner

import (
	"maps"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// Reached is what a run came to: what it found before, with the containers and
// images of a brief look afterwards, the answer to [RecordQuery]. What only a full
// look could tell of them is known: what a container was made from does not
// change, and of one that the run has made itself the plan tells.
func Reached(before, brief engine.State, p *plan.Plan, outcomes map[string]plan.Outcome) engine.State {
	out := before
	out.Images = maps.Clone(before.Images)
	made := map[string]*spec.Container{} // by ID
	for _, c := range before.Containers {
		made[c.ID] = c.Recorded
	}
	for _, a := range p.Actions {
		outcome := outcomes[a.ID]
		switch op := a.Op.(type) {
		case engine.CreateContainer:
			made[outcome.ContainerID] = recorded(op)
		case engine.BuildImage:
			renew(out.Images, op.Image, outcome.ImageID)
		case engine.PullImage:
			renew(out.Images, op.Image, outcome.ImageID)
		}
	}
	maps.Copy(out.Images, brief.Images)
	out.Containers = slices.Clone(brief.Containers)
	for i, c := range out.Containers {
		out.Containers[i].Recorded = made[c.ID]
	}
	return out
}

// recorded is what will be read back from a container that op makes.
func recorded(op engine.CreateContainer) *spec.Container {
	var env []string
	for key, value := range op.Definition.Env {
		if value != nil {
			env = append(env, key+"="+*value)
		}
	}
	out, err := engine.DecodeDefinition(op.Labels[engine.LabelDefinition], env)
	if err != nil {
		return nil // as of one that another tool made
	}
	return out
}

func renew(images map[string]engine.Image, ref, id string) {
	if id != "" {
		images[ref] = engine.Image{ID: id}
	}
}
