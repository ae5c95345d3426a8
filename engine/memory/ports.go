package memory

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stackfile/stack/engine"
)

// firstEphemeral is the first host port that the engine chooses by itself.
const firstEphemeral = 32768

// bind gives a container its host ports, all or none.
func (w *world) bind(c *container) error {
	var bound []engine.Port
	for _, target := range slices.Sorted(maps.Keys(c.made.Ports)) {
		for _, published := range c.made.Ports[target] {
			p, err := w.port(target, published, bound)
			if err != nil {
				return err
			}
			bound = append(bound, p)
		}
	}
	w.hold(c, bound)
	return nil
}

// hold gives a container host ports in place of those that it has.
func (w *world) hold(c *container, ports []engine.Port) {
	for _, p := range c.ports {
		w.holders[p.Public] = slices.DeleteFunc(slices.Clone(w.holders[p.Public]), func(id string) bool { return id == c.id })
	}
	for _, p := range ports {
		w.holders[p.Public] = append(slices.Clip(w.holders[p.Public]), c.id)
	}
	c.ports = ports
}

// port finds the host port for "80/tcp" published as "[ip:]port", where the
// port may be a range, or "" for any.
func (w *world) port(target, published string, bound []engine.Port) (engine.Port, error) {
	private, protocol, _ := strings.Cut(target, "/")
	p := engine.Port{IP: "0.0.0.0", Private: number(private), Protocol: protocol}
	want := published
	if i := strings.LastIndexByte(published, ':'); i >= 0 {
		p.IP, want = strings.Trim(published[:i], "[]"), published[i+1:]
	}
	if number(want) == 0 && !strings.Contains(want, "-") {
		for p.Public = w.nextPort; w.taken(p, bound); p.Public++ {
		}
		w.nextPort = p.Public + 1
		return p, nil
	}
	first, last, isRange := strings.Cut(want, "-")
	if !isRange {
		last = first
	}
	for p.Public = number(first); p.Public <= number(last); p.Public++ {
		if !w.taken(p, bound) {
			return p, nil
		}
	}
	return p, fmt.Errorf("host port %s: already in use: %w", published, engine.ErrConflict)
}

func number(text string) uint16 {
	n, _ := strconv.ParseUint(text, 10, 16) // 0: none
	return uint16(n)
}

// taken reports whether a running container has the host port, or the one that
// is being started itself.
func (w *world) taken(p engine.Port, bound []engine.Port) bool {
	if slices.ContainsFunc(bound, func(q engine.Port) bool { return clash(p, q) }) {
		return true
	}
	for _, id := range w.holders[p.Public] {
		if slices.ContainsFunc(w.containers[id].ports, func(q engine.Port) bool { return clash(p, q) }) {
			return true
		}
	}
	return false
}

func clash(p, q engine.Port) bool {
	return p.Public == q.Public && p.Protocol == q.Protocol && (p.IP == q.IP || anyAddress(p.IP) || anyAddress(q.IP))
}

func anyAddress(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }
