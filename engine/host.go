package engine

import (
	"strings"

	"github.com/stackfile/stack/spec"
)

// A Host is what an engine says of itself and of the machine that it runs on.
type Host struct {
	ID, Hostname string
	Address      string            // in its swarm; "" outside of one
	Worker       bool              // of a swarm; an engine outside of one manages itself
	OS, Arch     string            // as in a platform: linux, amd64
	Labels       map[string]string // the engine's own
	NodeLabels   map[string]string // its swarm's; outside of one, the engine's own
	CPUs         int64             // in 1e-9 of a core
	Memory       int64             // in bytes
	Generic      map[string]int64  // how many, by kind
}

// Meets reports whether the host meets a constraint, and what it has under the
// constraint's key, "" for nothing. As in a swarm, case does not count.
func (h Host) Meets(c spec.Constraint) (has string, ok bool) {
	has = h.fact(c.Key)
	want := c.Value
	if c.Key == "node.platform.arch" {
		want = Arch(want)
	}
	return has, strings.EqualFold(has, want) != c.Not
}

func (h Host) fact(key string) string {
	if name, ok := strings.CutPrefix(key, "node.labels."); ok {
		return h.NodeLabels[name]
	}
	if name, ok := strings.CutPrefix(key, "engine.labels."); ok {
		return h.Labels[name]
	}
	role := "manager"
	if h.Worker {
		role = "worker"
	}
	return map[string]string{
		"node.id": h.ID, "node.hostname": h.Hostname, "node.ip": h.Address, "node.role": role,
		"node.platform.os": h.OS, "node.platform.arch": h.Arch,
	}[key]
}

// Arch is an architecture in the words of platforms, such as amd64, of one in
// the words of kernels, such as x86_64.
func Arch(machine string) string {
	switch strings.ToLower(machine) {
	case "x86_64", "x86-64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "armv7l", "armv6l", "armhf":
		return "arm"
	case "i386", "i686":
		return "386"
	}
	return strings.ToLower(machine)
}
