package planner

import (
	"fmt"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// mend plans what brings back a container that stays: its name, its networks,
// its limits, and whether it runs. A job that succeeded does not run again.
func (u *up) mend(r *replica, v verdict) {
	c := r.found
	if c.Name != r.name {
		s := u.of(r, plan.Rename, drifted("name", c.Name, r.name))
		u.claim(r.name, u.add(s, "rename "+c.Name+" to "+r.name, engine.RenameContainer{From: c.ID, To: r.name}))
	}
	ready := u.rewire(r, v.rewire)
	r.mended = append(r.mended, ready...)
	u.update(r, v.update)
	if u.opts.NoStart {
		return
	}
	if c.Status == engine.StatusPaused {
		r.start = u.add(u.of(r, plan.Unpause, drifted("status", "paused", "running")), "unpause "+r.name, engine.UnpauseContainer{Name: c.ID})
	}
	switch {
	case idle(c.Status) && !(r.service.Job && meets(*c, engine.Completed)):
		u.begin(r, ready)
	case len(v.restart) > 0:
		u.restart(r, v.restart, ready)
	}
	r.mended = append(r.mended, onDone(r.start))
}

func drifted(field, from, to string) plan.Reason {
	return plan.Reason{Code: plan.Drifted, Field: field, From: from, To: to}
}

// of is a step that changes the replica's container.
func (u *up) of(r *replica, verb plan.Verb, reasons ...plan.Reason) step {
	return step{change: plan.Change{Verb: verb, Object: "container", Name: r.name, Service: r.service.Name}, reasons: reasons}
}

func idle(s engine.Status) bool { return s == engine.StatusCreated || s == engine.StatusExited }

// begin starts a container that is there and does not run.
func (u *up) begin(r *replica, ready []plan.Edge) {
	verb, why := plan.Start, drifted("status", string(r.found.Status), "running")
	if r.found.Status == engine.StatusCreated {
		why = plan.Reason{Code: plan.Missing, Text: "created, but never started"}
	}
	if r.service.Job {
		verb = plan.Run
	}
	if r.service.Job && r.found.Status == engine.StatusExited {
		why = plan.Reason{Code: plan.Drifted, Field: "exit_code", Text: fmt.Sprintf("ended with exit code %d last time", r.found.ExitCode)}
	}
	s := u.of(r, verb, why)
	edges := append(u.dependencies(r), ready...)
	edges = append(edges, u.names[r.name]...)
	for _, network := range sortedKeys(r.service.Container.Networks) {
		edges = append(edges, onDone(u.pending["network "+network]))
	}
	u.started(r, s, u.add(s, "start "+r.name, engine.StartContainer{Name: r.found.ID}, edges...))
}

// restart stops and starts a container that runs, with its hooks, when all that
// it depends on is ready.
func (u *up) restart(r *replica, reasons []plan.Reason, ready []plan.Edge) {
	s := u.of(r, plan.Restart, reasons...)
	edges := slices.Concat(u.dependencies(r), ready, r.mended, after(r.start), u.names[r.name])
	edges = u.preStop(s, *r.found, r.service.PreStop, edges...)
	r.restarted = true
	u.started(r, s, u.add(s, "restart "+r.name, engine.RestartContainer{Name: r.found.ID, Timeout: u.opts.StopTimeout}, edges...))
}

// update changes limits in place, all fields in one call.
func (u *up) update(r *replica, differences []difference) {
	if len(differences) == 0 {
		return
	}
	op := engine.UpdateContainer{Name: r.found.ID, Definition: r.service.Container}
	s := u.of(r, plan.Update)
	for _, d := range differences {
		op.Fields = append(op.Fields, d.top)
		s.reasons = append(s.reasons, d.reason)
	}
	r.mended = append(r.mended, onDone(u.add(s, "update "+r.name, op)))
}

// rewire takes the container off networks, and onto them, with the full
// settings of the endpoint. It returns the edges of what needs the result.
func (u *up) rewire(r *replica, differences []difference) []plan.Edge {
	byNetwork := map[string][]plan.Reason{}
	for _, d := range differences {
		name := networkOf(d.field, r)
		byNetwork[name] = append(byNetwork[name], d.reason)
	}
	edges := after(u.rewired[r.found.ID])
	for _, name := range sortedKeys(byNetwork) {
		if u.replacesNetwork(name) {
			continue // which connects its members with what is desired
		}
		edges = append(edges, onDone(u.reconnect(r, name, byNetwork[name])))
	}
	return edges
}

func (u *up) replacesNetwork(name string) bool {
	return u.has("remove network " + name)
}

// networkOf is the network of a field such as networks.web_default.aliases. A
// network's name may have dots, so it is looked up.
func networkOf(field string, r *replica) string {
	best := ""
	for _, networks := range []map[string]spec.Endpoint{r.service.Container.Networks, r.found.Observed.Networks} {
		for name := range networks {
			if path := join("networks", name); (field == path || len(field) > len(path) && field[:len(path)+1] == path+".") && len(name) > len(best) {
				best = name
			}
		}
	}
	return best
}

func (u *up) reconnect(r *replica, network string, reasons []plan.Reason) string {
	s := u.of(r, plan.Update, reasons...)
	wanted, want := r.service.Container.Networks[network]
	var last string
	// After a rename: an engine gives an endpoint the container's name of the
	// moment as an alias.
	edges := append(after(u.pending["network "+network]), u.names[r.name]...)
	if _, is := r.found.Observed.Networks[network]; is {
		last = u.add(s, "disconnect "+r.name+" from "+network, engine.DisconnectNetwork{Network: network, Container: r.found.ID}, edges...)
	}
	if want {
		op := engine.ConnectNetwork{Network: network, Container: r.found.ID, Endpoint: wanted}
		last = u.add(s, "connect "+r.name+" to "+network, op, append(after(last), edges...)...)
	}
	return last
}
