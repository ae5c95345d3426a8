package planner

import (
	"cmp"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// Base is what a plan made from the observed state is made from, as far as it
// decides what is to be done. Health, times and addresses that nobody asked for
// are not in it: they move by themselves.
//
// What a container was made from, its environment with the secrets in it too,
// cannot change while it is there: its ID stands for that. So no digest is needed
// that somebody could try short values on.
func Base(observed engine.State) plan.Base {
	out := plan.Base{{Object: "engine", Name: observed.Target, Fields: map[string]string{"api": encode(observed.API)}}}
	for _, c := range observed.Containers {
		out = append(out, plan.Thing{Object: "container", Name: c.Name, Identity: c.ID, Status: standing(c), Fields: movable(c)})
	}
	for ref, i := range observed.Images {
		out = append(out, plan.Thing{Object: "image", Name: ref, Identity: i.ID})
	}
	for name, n := range observed.Networks {
		out = append(out, plan.Thing{Object: "network", Name: name, Identity: n.ID})
		for _, id := range n.Doubles {
			out = append(out, plan.Thing{Object: "double of network", Name: name + " " + short(id), Identity: id})
		}
	}
	for name, v := range observed.Volumes {
		out = append(out, plan.Thing{Object: "volume", Name: name, Fields: fixed(v)})
	}
	slices.SortFunc(out, func(a, b plan.Thing) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// standing is whether a container runs, in the engine's words. One that is being
// restarted counts as running: which of the two it is changes by itself.
func standing(c engine.Container) string {
	switch c.Status {
	case engine.StatusRestarting:
		return string(engine.StatusRunning)
	case engine.StatusExited:
		return string(c.Status) + " with " + encode(c.ExitCode)
	}
	return string(c.Status)
}

// movable are the fields that an engine can change while the container is there.
func movable(c engine.Container) map[string]string {
	if c.Observed == nil {
		return nil
	}
	out := map[string]string{}
	for name, value := range tree(*c.Observed) {
		if live[name] != "" {
			out[name] = encode(value)
		}
	}
	if len(c.Stale) > 0 {
		out["stale"] = encode(c.Stale) // what a restart was planned for
	}
	return out
}

// fixed is what a volume is made from. A volume has no ID, and the time of its
// creation is no help: to Engine 20.10 that is when something was last written
// at its root.
func fixed(v engine.Volume) map[string]string {
	out := map[string]string{"driver": encode(v.Driver), "project": encode(v.Labels[engine.LabelProject])}
	if v.Recorded != nil {
		out["definition"] = encode(*v.Recorded)
	}
	return out
}
