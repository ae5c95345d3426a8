package planner

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

const (
	// holdOnFreshVolume is how long an early success must hold where a
	// program initialises a new volume: databases answer, and restart once.
	holdOnFreshVolume = 2 * time.Second
	// defaultMonitor is how long a program without a healthcheck must have
	// run before the one it replaces is removed.
	defaultMonitor = time.Second
)

// The suffixes of a container that is half-made, and of one that is kept until
// its replacement has proved itself. The final name is the commit.
const (
	suffixNew = ".new"
	suffixOld = ".old"
)

// create plans a replica that is not there.
func (u *up) create(r *replica) {
	verb := plan.Create
	if r.service.Job {
		verb = plan.Run
	}
	s := u.of(r, verb, missing()...)
	name := r.name
	if u.takesSteps(r.service) {
		name += suffixNew // so that a half-made one is never taken for a whole one
	}
	made := u.assemble(r, s, name)
	if name != r.name {
		made = u.add(s, "rename "+name+" to "+r.name, engine.RenameContainer{From: name, To: r.name}, onDone(made))
	}
	r.made = made
	if r.service.OneOff != nil {
		u.dependencies(r) // whose waits it needs: who is attached to it starts it
		return
	}
	if u.opts.NoStart {
		return
	}
	edges := append(u.dependencies(r), onDone(made))
	u.started(r, s, u.add(s, "start "+r.name, engine.StartContainer{Name: r.name}, edges...))
}

// takesSteps reports whether a container is complete only after more than its
// creation.
func (u *up) takesSteps(s spec.Service) bool {
	return len(s.Files) > 0 || u.observed.ConnectAfterCreate && len(s.Container.Networks) > 1
}

// assemble plans the creation of a container under a name, complete with its
// networks and files, and returns the last action.
func (u *up) assemble(r *replica, s step, name string) string {
	networks := byPriority(r.service.Container.Networks)
	connect := networks
	if u.observed.ConnectAfterCreate && len(connect) > 1 {
		connect = connect[:1]
	}
	last := u.add(s, "create "+name, u.creation(r, s, name, connect), u.materials(r, name)...)
	for _, network := range networks[len(connect):] {
		op := engine.ConnectNetwork{Network: network, Container: name, Endpoint: r.service.Container.Networks[network]}
		last = u.add(s, "connect "+name+" to "+network, op, onDone(last))
	}
	if len(r.service.Files) > 0 {
		last = u.add(s, "copy files into "+name, engine.CopyFiles{Name: name, Files: r.service.Files}, onDone(last))
	}
	return last
}

// byPriority are the networks of a container, the main one first.
func byPriority(networks map[string]spec.Endpoint) []string {
	names := sortedKeys(networks)
	slices.SortStableFunc(names, func(a, b string) int {
		x, y := networks[a], networks[b]
		return cmp.Or(cmp.Compare(y.Priority, x.Priority), cmp.Compare(x.Order, y.Order))
	})
	return names
}

// materials are the edges to what a container is made from.
func (u *up) materials(r *replica, name string) []plan.Edge {
	c := r.service.Container
	edges := slices.Concat(after(u.imageOf(r.service).action), u.names[name], u.names[r.name])
	for _, network := range sortedKeys(c.Networks) {
		edges = append(edges, onDone(u.pending["network "+network]))
	}
	for _, target := range sortedKeys(c.Mounts) {
		edges = append(edges, onDone(u.pending["volume "+c.Mounts[target].Source]))
	}
	for _, dependency := range sortedKeys(r.service.DependsOn) {
		if r.service.DependsOn[dependency].Namespace || u.lendsVolumes(r.service, dependency) {
			for _, other := range u.turns[dependency] {
				edges = append(edges, onDone(other.settledBy()))
				edges = append(edges, u.names[other.name]...)
			}
		}
	}
	return edges
}

// started notes the action that starts the replica, and adds the post_start
// hooks behind it.
func (u *up) started(r *replica, s step, begun string) {
	r.begun, r.start = begun, begun
	for i, hook := range r.service.PostStart {
		_, name, _ := strings.Cut(begun, " ") // start, or restart
		id := hookID("post_start", i, name)
		r.start = u.add(s, id, engine.RunHook{Name: r.name, Hook: hook}, onDone(r.start))
	}
}

// replace plans a replacement: the new container is made complete beside the
// old one, which serves until its turn comes, is kept until the new one is
// ready, and comes back if that fails.
func (u *up) replace(r *replica, v verdict, before *replica) {
	verb := plan.Replace
	if r.service.Job {
		verb = plan.Run
	}
	s := u.of(r, verb, v.why()...)
	s.guard, s.loses = r.guard, u.leftBehind(r)
	p := replacement{u: u, r: r, step: s, old: *r.found}
	if u.startsFirst(r) {
		p.startFirst(before)
		return
	}
	p.created = u.assemble(r, s, r.name+suffixNew)
	p.retire(before)
	p.commit()
	if u.opts.NoStart {
		u.add(s, "remove "+r.name+suffixOld, engine.RemoveContainer{Name: p.old.ID}, onDone(p.renamed))
		return
	}
	p.prove()
	if u.rollsBack(r.service) {
		p.undo()
	}
}

// A replacement is one while its actions are being planned.
type replacement struct {
	u    *up
	r    *replica
	step step
	old  engine.Container

	created string // the new container is complete
	stopped string // "" when the old one does not run
	held    string // the old one's restart policy is off; "" when it has none
	aside   string // the old one is renamed
	renamed string // the new one has its name
}

// retire ends the old container and puts it aside. Its restart policy is off
// while it is there, or an engine that restarts would revive it.
func (p *replacement) retire(before *replica) {
	turn := after(p.created)
	if !p.u.yields(p.r.service.Name, p.old) {
		turn = append(turn, p.u.dependencies(p.r)...)
	}
	if before != nil {
		turn = append(turn, onDone(before.proof))
	}
	p.stop(turn...)
}

// stop stops the old container, holds it, and gives its name away.
func (p *replacement) stop(turn ...plan.Edge) {
	turn = append(turn, p.u.names[p.r.name]...)
	for _, mended := range p.r.mended {
		turn = append(turn, onSettled(mended.ID))
	}
	turn = append(turn, onSettled(p.u.rewired[p.old.ID]))
	last := p.u.preStop(p.step, p.old, p.r.service.PreStop, turn...)
	if runs(p.old.Status) || p.r.start != "" {
		p.stopped = p.u.add(p.step, "stop "+p.r.name, engine.StopContainer{Name: p.old.ID, Timeout: p.u.opts.StopTimeout}, last...)
		last = after(p.stopped)
		p.u.release(p.old, p.stopped)
	}
	if p.restart() != "" {
		op := engine.UpdateContainer{Name: p.old.ID, Fields: []string{"restart"}}
		p.held = p.u.add(p.step, "hold "+p.r.name, op, last...)
		last = after(p.held)
	}
	p.aside = p.u.add(p.step, "rename "+p.r.name+" to "+p.r.name+suffixOld, engine.RenameContainer{From: p.old.ID, To: p.r.name + suffixOld}, last...)
}

func (p *replacement) restart() string {
	if p.old.Observed == nil {
		return ""
	}
	return p.old.Observed.Restart
}

// policy is the restart policy that the old container has again when it comes
// back: the one that it had, or, where an earlier run has turned that off, the one
// that it was made with. It is set whether or not turning it off has succeeded: the
// answer may have been lost.
func (p *replacement) policy() string {
	if p.held == "" && p.old.Recorded != nil {
		return p.old.Recorded.Restart
	}
	return p.restart()
}

func runs(s engine.Status) bool {
	return s == engine.StatusRunning || s == engine.StatusPaused || s == engine.StatusRestarting
}

func (p *replacement) commit() {
	p.renamed = p.u.add(p.step, "rename "+p.r.name+suffixNew+" to "+p.r.name, engine.RenameContainer{From: p.r.name + suffixNew, To: p.r.name}, onDone(p.aside))
	p.r.made = p.renamed
}

// prove starts the new container, and removes the old one when the new one is
// ready. A job whose end nothing waits for has only to start.
func (p *replacement) prove() {
	turn := append(p.u.dependencies(p.r), onDone(p.renamed))
	p.u.started(p.r, p.step, p.u.add(p.step, p.startID(), engine.StartContainer{Name: p.r.name}, turn...))
	p.r.proof = p.r.start
	if !p.u.unattended(p.r.service) {
		p.r.proof = p.await()
	}
	p.u.add(p.step, "remove "+p.r.name+suffixOld, engine.RemoveContainer{Name: p.old.ID}, onDone(p.r.proof))
}

// await waits until the new container is ready. The wait is not guarded when
// something else waits for it too.
func (p *replacement) await() string {
	c := p.u.proof(p.r.service)
	s := p.step
	s.change.Verb = plan.Wait
	if p.u.needed[need{p.r.service.Name, c}] || p.u.opts.Wait {
		s.guard = nil
	}
	return p.u.add(s, waitID(p.r, c), p.u.wait(p.r, c), onDone(p.r.start))
}

// startID tells the start of the new container from one of the old, which a
// guarded replacement can have too.
func (p *replacement) startID() string {
	if p.u.has("start " + p.r.name) {
		return "start new " + p.r.name
	}
	return "start " + p.r.name
}

// undo plans the way back: as soon as the new container fails, it is removed,
// and the old one gets its name and its restart policy back and runs again, if
// it ran.
func (p *replacement) undo() {
	name, failed := p.r.name, onFailed(p.r.proof)
	s := p.back()
	p.u.add(s, "undo: create "+name+suffixNew, engine.RemoveContainer{Name: name + suffixNew, Volumes: true}, failed, onDone(p.created), onFailed(p.renamed))
	p.bringBack(failed, p.u.add(s, "undo: start "+name, engine.RemoveContainer{Name: name, Volumes: true}, failed, onDone(p.renamed)))
	p.followBack(s)
}

// back is the step of the actions that undo.
func (p *replacement) back() step {
	s := p.step
	s.loses = nil
	s.reasons = []plan.Reason{{Code: plan.Undo, Text: "the new container is not ready"}}
	return s
}

// bringBack undoes what was done to the old container, the last first, once
// the action last is over; it returns the last of its own.
func (p *replacement) bringBack(failed plan.Edge, last string) string {
	s, name := p.back(), p.r.name
	last = p.u.add(s, "undo: rename "+name+" to "+name+suffixOld, engine.RenameContainer{From: p.old.ID, To: name}, failed, onDone(p.aside), onSettled(last))
	if policy := p.policy(); policy != "" {
		op := engine.UpdateContainer{Name: p.old.ID, Fields: []string{"restart"}, Definition: spec.Container{Restart: policy}}
		last = p.u.add(s, "undo: hold "+name, op, failed, onDone(p.stopped), onSettled(last))
	}
	if p.stopped != "" {
		last = p.u.add(s, "undo: stop "+name, engine.StartContainer{Name: p.old.ID}, failed, onDone(p.stopped), onSettled(last))
		p.r.revived, p.r.stop = last, p.stopped
	} else if p.r.fallen || p.old.Status == engine.StatusExited {
		// An earlier run may have stopped it and been killed then. One that had
		// ended by itself is still better than none.
		last = p.u.resume(s, p.r, p.old, failed, last)
	}
	return last
}

// followBack restarts a container that shares a namespace with one that had to
// come back: its namespace ended with the stop.
func (p *replacement) followBack(s step) {
	for _, name := range sortedKeys(p.r.service.DependsOn) {
		for _, other := range p.u.turns[name] {
			if p.r.service.DependsOn[name].Namespace && other.revived != "" && runs(p.old.Status) {
				s.guard = other.guard
				p.u.add(s, "undo: follow "+p.r.name, engine.RestartContainer{Name: p.old.ID}, onFailed(other.proof), onDone(other.stop), onSettled(other.revived))
			}
		}
	}
}
