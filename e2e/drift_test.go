//go:build e2e

package e2e_test

import (
	"maps"
	"strings"
	"testing"
)

const drifting = `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    mem_limit: 64m
    restart: unless-stopped
    networks: {one: {aliases: [www]}, two: {}}
  other:
    image: ${PROBE}
    networks: [one]
networks: {one: {}, two: {}}
`

// Each case changes something behind the program's back, with docker, and says
// what the plan names.
var driftCases = []struct {
	name   string
	docker []string // NAME is web's container, PROJECT the project
	says   string
	kept   bool // the container
}{
	{"stopped", []string{"stop", "NAME"}, "start container NAME", true},
	{"killed", []string{"kill", "NAME"}, "start container NAME", true},
	{"paused", []string{"pause", "NAME"}, "unpause container NAME", true},
	{"more memory", []string{"update", "--memory", "128m", "--memory-swap", "256m", "NAME"}, "drifted: mem_limit", true},
	{"restart policy", []string{"update", "--restart", "no", "NAME"}, "drifted: restart", true},
	{"disconnected", []string{"network", "disconnect", "PROJECT_one", "NAME"}, "drifted: networks.PROJECT_one", true},
	{"renamed", []string{"rename", "NAME", "PROJECT-renamed"}, "rename container|drifted: (container_)?name", true},
	{"removed", []string{"rm", "-f", "NAME"}, "create container NAME", false},
}

func TestDriftIsSeenAndMended(t *testing.T) {
	for _, c := range driftCases {
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, drifting)
			s.run("up", "-d")
			before := s.ids()
			fill := strings.NewReplacer("NAME", s.name+"-web-1", "PROJECT", s.name)
			var args []string
			for _, arg := range c.docker {
				args = append(args, fill.Replace(arg))
			}
			docker(t, args...)
			s.try("plan", "--exit-code").ended(2).says(fill.Replace(c.says)).changedNothing()
			s.run("up", "-d")
			after := s.ids()
			if c.kept && !maps.Equal(before, after) {
				t.Errorf("mending made %v of %v", after, before)
			}
			if got := strings.TrimSpace(s.run("exec", "-T", "other", "/probe", "get", "http://www:8080/").stdout); got != s.container("web").Config.Hostname {
				t.Errorf("other reaches %q as www", got)
			}
			s.converged("up", "-d")
		})
	}
}

func TestAnImageTaggedAnewReplacesItsContainers(t *testing.T) {
	s := newSandbox(t, strings.ReplaceAll(drifting, "  other:\n    image: ${PROBE}", "  other:\n    image: PROJECT-other"))
	docker(t, "tag", probeImage, s.name+"-other")
	s.run("up", "-d")
	before := s.ids()
	docker(t, "commit", s.name+"-other-1", s.name+"-other")
	s.run("plan").says("replace container "+s.name+"-other-1", "now means")
	s.run("up", "-d")
	s.wantKept(before, true, "other")
	s.converged("up", "-d")
}
