package planner

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// A binding is one fixed port of the host.
type binding struct {
	ip       string
	port     uint16
	protocol string
}

func (b binding) String() string {
	if b.ip == "" {
		return fmt.Sprintf("%d/%s", b.port, b.protocol)
	}
	return fmt.Sprintf("%s:%d/%s", b.ip, b.port, b.protocol)
}

// clash reports whether p, as it is published, leaves no room for b.
func (b binding) clash(p engine.Port) bool {
	return p.Public == b.port && p.Protocol == b.protocol && overlap(b.ip, p.IP)
}

func overlap(a, b string) bool { return a == b || anyAddress(a) || anyAddress(b) }

func anyAddress(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }

// fixedPorts are the host ports that a container asks for by number, ranges
// and ephemeral ones left out.
func fixedPorts(c spec.Container) []binding {
	var out []binding
	for _, target := range sortedKeys(c.Ports) {
		_, protocol, _ := strings.Cut(target, "/")
		for _, published := range c.Ports[target] {
			ip, port := splitPublished(published)
			if n, err := strconv.ParseUint(port, 10, 16); err == nil && n != 0 {
				out = append(out, binding{ip, uint16(n), protocol})
			}
		}
	}
	return out
}

// splitPublished takes "[ip:]port" apart; an IPv6 address stands in brackets.
func splitPublished(published string) (ip, port string) {
	i := strings.LastIndexByte(published, ':')
	if i < 0 {
		return "", published
	}
	return strings.Trim(published[:i], "[]"), published[i+1:]
}

// ephemeral reports whether the engine chooses a host port of c, which it does
// anew at every start and reconnection.
func ephemeral(c spec.Container) bool {
	for _, list := range c.Ports {
		for _, published := range list {
			if _, port := splitPublished(published); port == "" || port == "0" || strings.Contains(port, "-") {
				return true
			}
		}
	}
	return false
}

// A release is what a container gives up when an action is done.
type release struct {
	ports []binding
	by    string
}

// release notes that a container gives its host ports up.
func (u *up) release(c engine.Container, by string) {
	if c.Observed != nil && by != "" {
		u.released[c.Name] = release{fixedPorts(*c.Observed), by}
	}
}

// yields reports whether a container of the service holds a host port that
// another service of this run wants. It then stops without waiting for its own
// dependencies, or the two could wait for each other.
func (u *up) yields(service string, c engine.Container) bool {
	if c.Observed == nil {
		return false
	}
	for _, b := range fixedPorts(*c.Observed) {
		if other, ok := u.wanted()[b.key()]; ok && other != service {
			return true
		}
	}
	return false
}

// wanted are the fixed host ports of the services of this run.
func (u *up) wanted() map[string]string {
	if u.wantedPorts == nil {
		u.wantedPorts = map[string]string{}
		for _, name := range sortedKeys(u.chosen) {
			for _, b := range fixedPorts(u.desired.Services[name].Container) {
				u.wantedPorts[b.key()] = name
			}
		}
	}
	return u.wantedPorts
}

func (b binding) key() string { return fmt.Sprintf("%d/%s", b.port, b.protocol) }

// handOverPorts orders the start of a container after the stop of the one that
// holds its host port and gives it up in this plan, whatever their services
// are.
func (u *up) handOverPorts() {
	givers := map[string][]plan.Edge{}
	for _, name := range sortedKeys(u.released) {
		for _, b := range u.released[name].ports {
			givers[b.key()] = append(givers[b.key()], onDone(u.released[name].by))
		}
	}
	if len(givers) == 0 {
		return
	}
	for _, service := range sortedKeys(u.turns) {
		for _, b := range fixedPorts(u.desired.Services[service].Container) {
			for _, r := range u.turns[service] {
				u.takeOver(r, givers[b.key()])
			}
		}
	}
}

func (u *up) takeOver(r *replica, givers []plan.Edge) {
	if r.begun == "" {
		return
	}
	for _, edge := range givers {
		if edge.ID != u.released[r.name].by {
			u.then(r.begun, edge)
		}
	}
}
