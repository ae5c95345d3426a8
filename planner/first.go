package planner

import (
	"maps"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// startsFirst reports whether the new container is to be ready before the old
// one stops. Where the file asks for it and both cannot run at once, a note
// says why, and the old one stops first.
func (u *up) startsFirst(r *replica) bool {
	if !r.service.Update.StartFirst || u.opts.NoStart || r.service.Job {
		return false
	}
	why := u.contested(r.service)
	if why != "" {
		u.note(r.service.Name, "order: start-first is not possible: %s; the old container stops first", why)
	}
	return why == ""
}

// contested says what two containers of a service cannot both have.
func (u *up) contested(s spec.Service) string {
	c := s.Container
	if ports := fixedPorts(c); len(ports) > 0 {
		return "host port " + ports[0].String() + " can only be published once"
	}
	for _, name := range sortedKeys(c.Networks) {
		if e := c.Networks[name]; e.IPv4 != "" || e.IPv6 != "" || e.MacAddress != "" {
			return "its address on " + name + " is fixed"
		}
	}
	for _, target := range sortedKeys(c.Mounts) {
		if m := c.Mounts[target]; m.Type == "volume" && m.Source != "" && !m.ReadOnly && !s.Update.SharedVolumes {
			return "both would write to volume " + m.Source + " (x-stack.update.shared_volumes: true allows it)"
		}
	}
	for _, name := range sortedKeys(u.chosen) {
		if u.desired.Services[name].DependsOn[s.Name].Namespace {
			return name + " shares its namespace"
		}
	}
	return ""
}

// startFirst plans a replacement whose new container is ready before the old
// one stops. It joins its networks without the service's aliases, and gets them
// when it is ready: else half of the traffic would go to a program that is not.
func (p *replacement) startFirst(before *replica) {
	p.created = p.u.assemble(p.quiet(), p.step, p.r.name+suffixNew)
	turn := append(p.u.dependencies(p.r), onDone(p.created))
	if before != nil {
		turn = append(turn, onDone(before.proof))
	}
	p.proveNew(turn)
	p.join()
	p.stop(onDone(p.r.proof))
	p.commit()
	// Until then the name is the old one's: nothing may be built upon it.
	p.r.begun, p.r.start, p.r.proof = p.renamed, p.renamed, p.renamed
	p.u.add(p.step, "remove "+p.r.name+suffixOld, engine.RemoveContainer{Name: p.old.ID}, onDone(p.renamed))
	if p.u.rollsBack(p.r.service) {
		p.leave()
	}
}

// quiet is the replica as it joins its networks: without aliases.
func (p *replacement) quiet() *replica {
	r := *p.r
	r.service.Container.Networks = maps.Clone(r.service.Container.Networks)
	for name, e := range r.service.Container.Networks {
		e.Aliases = nil
		r.service.Container.Networks[name] = e
	}
	r.recorded = &p.r.service.Container
	return &r
}

// proveNew starts the new container under its passing name, and waits until it
// is ready.
func (p *replacement) proveNew(turn []plan.Edge) {
	name := p.r.name + suffixNew
	r := *p.r
	r.name = name
	p.u.started(&r, p.step, p.u.add(p.step, "start "+name, engine.StartContainer{Name: name}, turn...))
	c := p.u.proof(p.r.service)
	p.r.proof = p.u.add(p.step, waitID(&r, c), p.u.wait(&r, c), onDone(r.start))
}

// join gives the new container its aliases, one network after the other. Its
// proof ends with that.
func (p *replacement) join() {
	name := p.r.name + suffixNew
	for _, network := range byPriority(p.r.service.Container.Networks) {
		e := p.r.service.Container.Networks[network]
		off := p.u.add(p.step, "disconnect "+name+" from "+network, engine.DisconnectNetwork{Network: network, Container: name}, onDone(p.r.proof))
		p.r.proof = p.u.add(p.step, "connect "+name+" to "+network+" as "+p.r.service.Name, engine.ConnectNetwork{Network: network, Container: name, Endpoint: e}, onDone(off))
	}
}

// leave plans the way back: the old container, should it have stopped already,
// runs again before the new one goes.
func (p *replacement) leave() {
	name, failed := p.r.name+suffixNew, onFailed(p.renamed)
	last := p.bringBack(failed, "")
	p.u.add(p.back(), "undo: create "+name, engine.RemoveContainer{Name: name, Volumes: true}, failed, onDone(p.created), onSettled(last))
}
