package planner

import (
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// restore plans what an interrupted run left to do, and changes the observed
// state of this work sheet to what it will be then. What is named .new is
// half-made and is removed. What is named .old is proven: it comes back where
// its replacement was not renamed yet, and else it waits for the proof of its
// replacement.
func (u *up) restore() {
	u.own = make(map[string]bool, len(u.observed.Containers))
	for _, c := range u.observed.Containers {
		u.own[c.Name] = true
	}
	kept := make([]engine.Container, 0, len(u.observed.Containers))
	for _, c := range u.observed.Containers {
		base, suffix := u.leftover(c)
		switch {
		case suffix == suffixNew:
			s := u.repair(c, plan.Remove, "half-made by an interrupted run")
			gone := u.add(s, "remove leftover "+c.Name, engine.RemoveContainer{Name: c.ID, Volumes: true})
			u.halves = append(u.halves, onDone(gone))
			u.claim(c.Name, gone)
		case suffix == suffixOld && u.own[base]:
			u.asides[base] = c
		case suffix == suffixOld:
			kept = append(kept, u.comeBack(c, base))
		default:
			kept = append(kept, c)
		}
	}
	u.observed.Containers = kept
	for i := range kept {
		if c := &kept[i]; !c.OneOff {
			u.byService[c.Service] = append(u.byService[c.Service], c)
		}
	}
}

// leftover takes the name of a container of a chosen service apart, if it is
// one that a replacement gives on its way.
func (u *up) leftover(c engine.Container) (base, suffix string) {
	s, ok := u.desired.Services[c.Service]
	if !ok || !u.chosen[c.Service] || c.OneOff {
		return "", ""
	}
	for _, suffix := range []string{suffixNew, suffixOld} {
		base, ok := strings.CutSuffix(c.Name, suffix)
		if ok && base == u.containerName(s, c.Number) {
			return base, suffix
		}
	}
	return "", ""
}

func (u *up) repair(c engine.Container, verb plan.Verb, text string) step {
	return step{
		change:  plan.Change{Verb: verb, Object: "container", Name: c.Name, Service: c.Service},
		reasons: []plan.Reason{{Code: plan.Surplus, Text: text}},
	}
}

// comeBack plans the return of an old container under its name, and returns it
// as it will be. Whether it runs, and its restart policy, are mended like any
// other drift.
func (u *up) comeBack(c engine.Container, base string, edges ...plan.Edge) engine.Container {
	s := u.repair(c, plan.Rename, "kept aside by an earlier run")
	edges = append(edges, onSettled(u.rewired[c.ID]))
	u.rewired[c.ID] = u.add(s, "rename "+c.Name+" to "+base, engine.RenameContainer{From: c.ID, To: base}, edges...)
	u.claim(base, u.rewired[c.ID])
	c.Name = base
	return c
}

// fallBack gives up a replacement that is not proven and not wanted any more:
// the old container comes back, and is what the replica has. One that serves is
// proven, whatever the file asks of it now.
func (u *up) fallBack(r *replica) {
	old := u.asides[r.name]
	delete(u.asides, r.name)
	proof := engine.Ready
	if r.service.Job {
		proof = engine.Completed
	}
	if meets(*r.found, proof) {
		u.dropOld(r, old)
		return
	}
	s := u.repair(*r.found, plan.Remove, "not ready, left by an earlier run")
	gone := u.add(s, "remove leftover "+r.name, engine.RemoveContainer{Name: r.found.ID, Volumes: true}, onSettled(u.rewired[r.found.ID]))
	back := u.comeBack(old, r.name, onDone(gone))
	r.found, r.fallen = &back, true
}

// dropOld removes an old container whose replacement is proven.
func (u *up) dropOld(r *replica, old engine.Container, edges ...plan.Edge) {
	s := u.repair(old, plan.Remove, "its replacement is ready")
	edges = append(edges, onSettled(u.rewired[old.ID]))
	u.claim(r.name, u.add(s, "remove leftover "+old.Name, engine.RemoveContainer{Name: old.ID}, edges...))
}

// claim notes an action that has to be over before a container's name, and
// those that a replacement gives on its way, can be relied upon.
func (u *up) claim(name, id string) { u.names[name] = append(u.names[name], onDone(id)) }

// proveLeftover finishes a replacement that an interrupted run left after the
// rename: the old container goes when the new one is ready, and comes back if
// that fails.
func (u *up) proveLeftover(r *replica) {
	old, ok := u.asides[r.name]
	if !ok {
		return
	}
	if runs(old.Status) && r.begun != "" {
		// Brought back half-way: the two may want the same port or address.
		s := u.repair(old, plan.Stop, "put aside by an earlier run")
		u.then(r.begun, onDone(u.add(s, "stop "+old.Name, engine.StopContainer{Name: old.ID, Timeout: u.opts.StopTimeout})))
	}
	r.replaced = true // so that the wait proves it as it does any replacement
	var proof []plan.Edge
	switch {
	case !u.unattended(r.service):
		proof = u.await(r, u.proofOf(r), plan.Reason{Code: plan.Surplus, Text: "an earlier run left its replacement unproven"})
	case r.start != "":
		proof = after(r.start)
	}
	r.replaced = false
	u.dropOld(r, old, proof...)
	if len(proof) == 0 {
		return // ready already, or not to be started at all
	}
	r.proof = proof[0].ID
	if u.rollsBack(r.service) {
		u.undoLeftover(r, old)
	}
}

func (u *up) undoLeftover(r *replica, old engine.Container) {
	failed := onFailed(r.proof)
	s := u.of(r, plan.Replace, plan.Reason{Code: plan.Undo, Text: "the new container is not ready"})
	last := u.add(s, "undo: start "+r.name, engine.RemoveContainer{Name: r.found.ID, Volumes: true}, failed)
	last = u.add(s, "undo: rename "+r.name+" to "+old.Name, engine.RenameContainer{From: old.ID, To: r.name}, failed, onDone(last))
	u.revive(s, r, old, failed, last)
}

// revive plans the old container's life after an earlier run put it aside: its
// restart policy, as far as it is recorded, and its start.
func (u *up) revive(s step, r *replica, old engine.Container, failed plan.Edge, last string) string {
	if old.Recorded != nil && old.Recorded.Restart != "" {
		op := engine.UpdateContainer{Name: old.ID, Fields: []string{"restart"}, Definition: spec.Container{Restart: old.Recorded.Restart}}
		last = u.add(s, "undo: hold "+r.name, op, failed, onSettled(last))
	}
	return u.resume(s, r, old, failed, last)
}

// resume plans the start of an old container that comes back, unless it was never
// started, or its work is done.
func (u *up) resume(s step, r *replica, old engine.Container, failed plan.Edge, last string) string {
	if r.service.Job || old.Status == engine.StatusCreated {
		return last
	}
	return u.add(s, "undo: stop "+r.name, engine.StartContainer{Name: old.ID}, failed, onSettled(last))
}
