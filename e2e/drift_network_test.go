//go:build e2e

package e2e_test

import (
	"maps"
	"strings"
	"testing"
)

const wired = `
-- content --
first
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    volumes: [./content:/content:ro]
    networks: {one: {aliases: [www]}}
  other:
    image: ${PROBE}
    networks: [one]
networks: {one: {}}
`

// Each case does to the networks, with docker, what others can do. The
// containers stay.
var networkDrifts = []struct {
	name  string
	steps []string // WEB and OTHER are the containers, PROJECT the project
	says  string
}{
	{"another alias", []string{"network disconnect PROJECT_one WEB", "network connect --alias elsewhere PROJECT_one WEB"}, "drifted: networks.PROJECT_one.aliases"},
	{"another alias, stopped", []string{"stop WEB", "network disconnect PROJECT_one WEB", "network connect --alias elsewhere PROJECT_one WEB"}, "drifted: networks.PROJECT_one.aliases"},
	{"removed while stopped", []string{"stop WEB OTHER", "network rm PROJECT_one"}, "create network PROJECT_one"},
	{"removed while one was stopped", []string{"stop WEB", "network disconnect PROJECT_one OTHER", "network rm PROJECT_one"}, "create network PROJECT_one"},
	{"renamed and stopped", []string{"rename WEB PROJECT-renamed", "stop PROJECT-renamed"}, "rename container"},
	{"paused and disconnected", []string{"pause OTHER", "network disconnect PROJECT_one WEB"}, "unpause container"},
}

func TestDriftOfNetworksIsMended(t *testing.T) {
	for _, c := range networkDrifts {
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, wired)
			s.run("up", "-d")
			before := s.ids()
			fill := strings.NewReplacer("WEB", s.name+"-web-1", "OTHER", s.name+"-other-1", "PROJECT", s.name)
			for _, step := range c.steps {
				docker(t, strings.Fields(fill.Replace(step))...)
			}
			s.try("plan", "--exit-code").ended(2).says(fill.Replace(c.says)).changedNothing()
			s.run("up", "-d")
			if after := s.ids(); !maps.Equal(before, after) {
				t.Errorf("mending made %v of %v", after, before)
			}
			if got := strings.TrimSpace(s.run("exec", "-T", "other", "/probe", "get", "http://www:8080/").stdout); got != s.container("web").Config.Hostname {
				t.Errorf("other reaches %q as www", got)
			}
			s.converged("up", "-d")
		})
	}
}

// A network that an interrupted run made anew, before it connected the
// containers, is no trap for the next one.
func TestANetworkMadeAnewByHandIsJoined(t *testing.T) {
	s := newSandbox(t, wired)
	s.run("up", "-d")
	before := s.ids()
	docker(t, "stop", s.name+"-web-1", s.name+"-other-1")
	docker(t, "network", "rm", s.name+"_one")
	docker(t, "network", "create", "--label", "com.docker.compose.project="+s.name, "--label", "com.docker.compose.network=one", s.name+"_one")
	s.run("up", "-d")
	if after := s.ids(); !maps.Equal(before, after) {
		t.Errorf("joining made %v of %v", after, before)
	}
	s.converged("up", "-d")
}

// What is bound into a service that is no job is the program's own to read
// again: nothing is planned.
func TestABoundFileIsNoReasonToReplaceAService(t *testing.T) {
	s := newSandbox(t, wired)
	s.run("up", "-d")
	s.write("-- content --\nsecond\n")
	s.converged("up", "-d")
}
