package planner

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// services are all that the stack has: what none of them uses is in it only because
// it was asked for.
func (u *up) services() []string { return sortedKeys(u.desired.Services) }

// networks plans the networks that the services use, and those that none of the
// stack's does: missing ones are created, those with other options replaced. Labels alone are worth a note.
func (u *up) networks(order []string) {
	for _, key := range sortedKeys(u.desired.Networks) {
		n := u.desired.Networks[key]
		if n.External || !u.usesNetwork(order, n.Name) && u.usesNetwork(u.services(), n.Name) {
			continue
		}
		found, ok := u.observed.Networks[n.Name]
		u.pending["network "+n.Name] = u.removeDoubles(n.Name, found)
		switch {
		case !ok:
			s := step{change: plan.Change{Verb: plan.Create, Object: "network", Name: n.Name}, reasons: missing()}
			u.pending["network "+n.Name] = u.add(s, "create network "+n.Name, u.createNetwork(key, n))
		case found.Recorded != nil:
			u.compareNetwork(key, n, found)
		}
		if !u.replacesNetwork(n.Name) {
			u.reattach(n.Name)
		}
	}
}

// reattach puts the containers back on a network that this run leaves alone
// otherwise, orphans among them: an interrupted run that replaced the network
// may have taken them off.
func (u *up) reattach(network string) {
	for _, c := range u.belonging(network, nil) {
		_, was := c.Recorded.Networks[network]
		orphan := !declared(u.desired, c.Service)
		if !was || orphan && u.opts.RemoveOrphans || u.chosen[c.Service] && !u.opts.NoRecreate {
			continue
		}
		s := step{
			change:  plan.Change{Verb: plan.Update, Object: "container", Name: c.Name, Service: c.Service},
			reasons: []plan.Reason{drifted("networks."+network, "", "attached")},
		}
		op := engine.ConnectNetwork{Network: network, Container: c.ID, Endpoint: u.endpoint(c, network)}
		u.rewired[c.ID] = u.add(s, "connect "+c.Name+" to "+network, op, onDone(u.pending["network "+network]), onSettled(u.rewired[c.ID]))
	}
}

// removeDoubles leaves one network of the name, and returns the last of its
// actions, "" for none. Until then the name is ambiguous to the engine.
func (d *draft) removeDoubles(name string, n engine.Network) (last string) {
	s := step{
		change:  plan.Change{Verb: plan.Remove, Object: "network", Name: name},
		reasons: []plan.Reason{{Code: plan.Surplus, Text: "a double of it, made by an interrupted run"}},
	}
	for _, id := range n.Doubles {
		last = d.add(s, "remove double "+id[:min(len(id), 12)]+" of network "+name, engine.RemoveNetwork{Name: id}, onDone(last))
	}
	return last
}

func missing() []plan.Reason { return []plan.Reason{{Code: plan.Missing}} }

// usesNetwork reports whether one of the services is attached to the network.
func (u *up) usesNetwork(order []string, name string) bool {
	for _, service := range order {
		if _, ok := u.desired.Services[service].Container.Networks[name]; ok {
			return true
		}
	}
	return false
}

func (u *up) createNetwork(key string, n spec.Network) engine.CreateNetwork {
	labels := engine.With(n.Labels, map[string]string{
		engine.LabelProject: u.desired.Name, engine.LabelNetwork: key, engine.LabelDefinition: encode(n),
	})
	return engine.CreateNetwork{Definition: n, Labels: labels}
}

// encode is the JSON of a value that always has one.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("planner: %T without a JSON form: %v", v, err))
	}
	return string(text)
}

func (u *up) compareNetwork(key string, n spec.Network, found engine.Network) {
	was, want := adoptedNetwork(found, n), n
	if !maps.Equal(was.Labels, want.Labels) {
		u.note("", "network %s: labels differ; the engine cannot change them, and they are not worth an interruption", n.Name)
	}
	was.Labels, want.Labels = nil, nil
	if reasons := changes(was, want); len(reasons) > 0 {
		u.replaceNetwork(key, n, reasons)
	}
}

// changes explains how two definitions of a network or a volume differ.
func changes(was, want any) []plan.Reason {
	if reflect.DeepEqual(was, want) {
		return nil
	}
	var out []plan.Reason
	for _, c := range walk("", tree(was), tree(want)) {
		out = append(out, c.reason(plan.Changed))
	}
	return out
}

// replaceNetwork takes every container off the network, stopped ones too,
// makes the network anew, and puts them back with their full settings.
func (u *up) replaceNetwork(key string, n spec.Network, reasons []plan.Reason) {
	s := step{change: plan.Change{Verb: plan.Replace, Object: "network", Name: n.Name}, reasons: reasons}
	members, single := u.members(n.Name), u.pending["network "+n.Name]
	var off []string
	for _, c := range members {
		op := engine.DisconnectNetwork{Network: n.Name, Container: c.ID}
		off = append(off, u.add(s, "disconnect "+c.Name+" from "+n.Name, op, onDone(single)))
	}
	edges := append(after(append(off, single)...), u.halves...)
	removed := u.add(s, "remove network "+n.Name, engine.RemoveNetwork{Name: n.Name}, edges...)
	created := u.add(s, "create network "+n.Name, u.createNetwork(key, n), onDone(removed))
	u.pending["network "+n.Name] = created
	for _, c := range u.belonging(n.Name, members) {
		op := engine.ConnectNetwork{Network: n.Name, Container: c.ID, Endpoint: u.endpoint(c, n.Name)}
		u.rewired[c.ID] = u.add(s, "connect "+c.Name+" to "+n.Name, op, onDone(created), onSettled(u.rewired[c.ID]))
	}
}

// members are the project's containers that are attached to a network, stopped
// ones too: the engine lists only running ones with the network.
func (u *up) members(network string) []engine.Container {
	var out []engine.Container
	for _, c := range u.standing() {
		if c.Observed == nil {
			continue
		}
		if _, ok := c.Observed.Networks[network]; ok {
			out = append(out, c)
		}
	}
	return out
}

// standing are the containers that will be there, those that an earlier run put
// aside among them.
func (u *up) standing() []engine.Container {
	out := slices.Clip(u.observed.Containers)
	for _, name := range sortedKeys(u.asides) {
		out = append(out, u.asides[name])
	}
	return out
}

// belonging are the members of a network, and the containers that should be:
// as the file asks, or as an orphan was made.
func (u *up) belonging(network string, members []engine.Container) []engine.Container {
	for _, c := range u.standing() {
		if c.Observed == nil || c.OneOff {
			continue
		}
		wanted := c.Recorded.Networks
		if s, ok := u.desired.Services[c.Service]; ok {
			wanted = s.Container.Networks
		}
		_, is := c.Observed.Networks[network]
		if _, should := wanted[network]; should && !is {
			members = append(members, c)
		}
	}
	return members
}

// endpoint is how c is to be attached to a network: as the file asks, if the
// file still knows its service.
func (u *up) endpoint(c engine.Container, network string) spec.Endpoint {
	if e, ok := u.desired.Services[c.Service].Container.Networks[network]; ok {
		return e
	}
	if e, ok := c.Observed.Networks[network]; ok {
		return e
	}
	return c.Recorded.Networks[network]
}

// volumes plans the named volumes that the services mount. A volume is created
// when it is missing, and never changed.
func (u *up) volumes(order []string) {
	for _, key := range sortedKeys(u.desired.Volumes) {
		v := u.desired.Volumes[key]
		if v.External || !u.usesVolume(order, v.Name) && u.usesVolume(u.services(), v.Name) {
			continue
		}
		found, ok := u.observed.Volumes[v.Name]
		if !ok {
			u.createVolume(key, v)
			continue
		}
		ours := found.Labels[engine.LabelProject] == u.desired.Name
		if !ours {
			u.note("", "volume %s was not made for this stack; it is used as it is, and down -v leaves it", v.Name)
		}
		if ours && found.Recorded != nil && !maps.Equal(found.Recorded.Labels, v.Labels) {
			u.note("", "volume %s: labels differ; the engine cannot change them", v.Name)
		}
	}
}

func (u *up) usesVolume(order []string, name string) bool {
	for _, service := range order {
		for _, m := range u.desired.Services[service].Container.Mounts {
			if m.Type == "volume" && m.Source == name {
				return true
			}
		}
	}
	return false
}

func (u *up) createVolume(key string, v spec.Volume) {
	labels := engine.With(v.Labels, map[string]string{
		engine.LabelProject: u.desired.Name, engine.LabelVolume: key, engine.LabelDefinition: encode(v),
	})
	s := step{change: plan.Change{Verb: plan.Create, Object: "volume", Name: v.Name}, reasons: missing()}
	u.pending["volume "+v.Name] = u.add(s, "create volume "+v.Name, engine.CreateVolume{Definition: v, Labels: labels})
	u.fresh[v.Name] = true
}
