package planner

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// A replica is one container of a service on its way from what it is to what
// it is to be.
type replica struct {
	service spec.Service
	name    string // its name in the end
	number  int
	found   *engine.Container // nil when there is none

	made     string     // the action that gives a new container its name; "" without one
	begun    string     // the action that starts it; "" when it runs already, or is not to run
	start    string     // begun, or the last of the hooks behind it
	stop     string     // the action that stops what a replacement replaces; "" for none
	proof    string     // the wait that proves a replacement; "" without one
	revived  string     // the undo of stop
	replaced bool       // made anew, unless the guard holds
	fallen   bool       // found comes back from where an earlier run put it aside
	guard    plan.Guard // of the replacement; empty when it is certain

	restarted bool // begun is a restart of the container that is there

	mended   []plan.Edge     // what brings back the container that is there
	recorded *spec.Container // the definition to record, where it is not the one to create with; nil else
}

// certain reports whether what is under the name now will not be there later.
func (r *replica) certain() bool { return r.replaced && len(r.guard) == 0 }

// disturbed reports whether the plan starts the replica in any way.
func (r *replica) disturbed() bool { return r.start != "" || r.replaced }

// settledBy is the action after which the container under the name stays: the
// proof of a replacement, or the start, or what gave it its name.
func (r *replica) settledBy() string { return cmp.Or(r.proof, r.start, r.made) }

// service plans all replicas of a service. Those that it depends on have been
// planned before.
func (u *up) service(s spec.Service) {
	numbered, surplus := u.sortOut(s)
	var before *replica
	for n := 1; n <= u.replicas(s); n++ {
		r := &replica{service: s, name: u.containerName(s, n), number: n, found: numbered[n]}
		u.turns[s.Name] = append(u.turns[s.Name], r)
		u.converge(r, before)
		if r.replaced && !s.Job {
			before = r
		}
	}
	text := fmt.Sprintf("surplus: %d replicas are desired", u.replicas(s))
	for _, c := range surplus {
		u.surplus(c, text)
		if old, ok := u.asides[c.Name]; ok {
			u.surplus(old, text)
		}
	}
	u.skip(s)
}

// sortOut finds the container of each desired replica. Of two with one number
// the one with the right name counts. All others are surplus, the highest
// number first.
func (u *up) sortOut(s spec.Service) (numbered map[int]*engine.Container, surplus []engine.Container) {
	numbered = map[int]*engine.Container{}
	for _, c := range u.byService[s.Name] {
		n := c.Number
		rival := numbered[n]
		switch {
		case n < 1 || n > u.replicas(s):
			surplus = append(surplus, *c)
		case rival == nil:
			numbered[n] = c
		case c.Name == u.containerName(s, n):
			surplus, numbered[n] = append(surplus, *rival), c
		default:
			surplus = append(surplus, *c)
		}
	}
	sortBy(surplus, func(c engine.Container) int { return -c.Number })
	return numbered, surplus
}

// converge plans one replica. before is the replica of the same service that
// is replaced before this one, nil for none.
func (u *up) converge(r *replica, before *replica) {
	if r.found == nil {
		u.create(r)
		return
	}
	v := u.decide(r)
	if _, ok := u.asides[r.name]; ok && v.replaces() {
		u.fallBack(r)
		v = u.decide(r)
	}
	if v.replaces() {
		r.replaced, r.guard = true, v.guard
	}
	if !r.certain() {
		u.mend(r, v)
	}
	if r.replaced {
		u.replace(r, v, before)
		return
	}
	u.proveLeftover(r)
}

// dependencies are the edges of what starts a replica: all replicas of each
// dependency must meet the condition, but for steps of another replica.
func (u *up) dependencies(of *replica) []plan.Edge {
	var edges []plan.Edge
	for _, name := range sortedKeys(of.service.DependsOn) {
		d := of.service.DependsOn[name]
		for _, r := range u.turns[name] {
			if !r.preparesOther(of) {
				edges = append(edges, u.inSpite(r.service, u.meets(r, d, of.service.Name))...)
			}
		}
	}
	return edges
}

func (u *up) meets(r *replica, d spec.Dependency, dependent string) []plan.Edge {
	why := plan.Reason{Code: plan.Dependency, Text: fmt.Sprintf("%s waits for it", dependent)}
	switch d.Condition {
	case spec.Healthy:
		return u.await(r, engine.Healthy, why)
	case spec.Completed:
		return u.await(r, engine.Completed, why)
	}
	if r.start != "" {
		return after(r.start)
	}
	return nil
}

// A need is that something in this run waits for a service.
type need struct {
	service   string
	condition engine.Condition
}

// need notes which conditions something in this run waits for, before any
// service is planned: the wait that proves a replacement serves them too.
func (u *up) need(order []string) {
	for _, name := range order {
		for dependency, d := range u.desired.Services[name].DependsOn {
			if u.chosen[dependency] {
				u.needed[need{dependency, condition(d.Condition)}] = true
			}
		}
	}
}

func condition(c spec.Condition) engine.Condition {
	switch c {
	case spec.Healthy:
		return engine.Healthy
	case spec.Completed:
		return engine.Completed
	}
	return engine.Running
}

// proof is the condition that shows that a replica of s is good.
func (u *up) proof(s spec.Service) engine.Condition {
	check := s.Container.Healthcheck
	switch {
	case s.Job:
		return engine.Completed
	case check.Disabled():
		return engine.Ready
	case u.needed[need{s.Name, engine.Healthy}], check != nil && len(check.Test) > 0:
		return engine.Healthy
	}
	if i := u.observed.Images[cmp.Or(s.ImageID, s.Container.Image)]; i.Healthcheck != nil && !i.Healthcheck.Disabled() {
		return engine.Healthy
	}
	return engine.Ready
}

// proofOf is the proof of a replica that may stay as it was made, with
// --no-recreate: what has no healthcheck is never healthy.
func (u *up) proofOf(r *replica) engine.Condition {
	c := u.proof(r.service)
	if kept := r.found; u.opts.NoRecreate && kept != nil && kept.Recorded != nil && kept.Recorded.Healthcheck == nil && c == engine.Healthy {
		return engine.Ready
	}
	return c
}

// await plans a wait for a replica, unless it meets the condition already and
// nothing in this plan disturbs it. It returns the edges of what comes after.
func (u *up) await(r *replica, c engine.Condition, why plan.Reason) []plan.Edge {
	if u.opts.NoStart || !r.disturbed() && r.found != nil && meets(*r.found, c) {
		return nil
	}
	s := step{change: plan.Change{Verb: plan.Wait, Object: "container", Name: r.name, Service: r.service.Name}, reasons: []plan.Reason{why}}
	return after(u.add(s, waitID(r, c), u.wait(r, c), append(after(r.start), u.names[r.name]...)...))
}

func waitID(r *replica, c engine.Condition) string { return string(c) + " " + r.name }

func (u *up) wait(r *replica, c engine.Condition) engine.WaitContainer {
	op := engine.WaitContainer{Name: r.name, Condition: c, Timeout: u.opts.WaitTimeout}
	if check := r.service.Container.Healthcheck; check != nil && len(check.Test) > 0 {
		op.Check = check
	}
	if u.mountsFresh(r.service) && c != engine.Completed {
		op.Hold = holdOnFreshVolume
	}
	if r.replaced && c == engine.Ready {
		op.Monitor = r.service.Monitor
		if op.Monitor == 0 {
			op.Monitor = defaultMonitor
		}
	}
	return op
}

func (u *up) mountsFresh(s spec.Service) bool {
	for _, m := range s.Container.Mounts {
		if m.Type == "volume" && !m.ReadOnly && u.fresh[m.Source] {
			return true
		}
	}
	return false
}

// meets reports whether a container, left alone, meets a condition.
func meets(c engine.Container, cond engine.Condition) bool {
	running := c.Status == engine.StatusRunning
	switch cond {
	case engine.Healthy:
		return running && c.Health == engine.HealthHealthy
	case engine.Ready:
		return running && (c.Health == "" || c.Health == engine.HealthHealthy)
	case engine.Completed:
		return c.Status == engine.StatusExited && c.ExitCode == 0
	}
	return running
}

// explicit reports whether the service was named by the user, or none was.
func (u *up) explicit(service string) bool {
	return len(u.opts.Services) == 0 || slices.Contains(u.opts.Services, service)
}
