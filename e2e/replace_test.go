//go:build e2e

package e2e_test

import (
	"maps"
	"strings"
	"testing"
)

const replaceable = `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    command: [-address, ":8080"]
    restart: unless-stopped
    volumes: [/data]
    networks: [one, two]
    healthcheck: {test: [CMD, /probe, health], interval: 300ms, retries: 2}
  plain:
    image: ${PROBE}
    command: [-address, ":8080"]
  follower:
    image: ${PROBE}
    depends_on: {web: {condition: service_healthy, restart: true}}
networks: {one: {}, two: {}}
`

// Each case makes a new version that is no good, in its own way.
var badVersions = []struct{ name, service, to, says string }{
	{"cannot start", "web", "entrypoint: [/nonexistent]", "nonexistent"},
	{"never healthy", "web", "command: [-unhealthy]", "unhealthy"},
	{"exits at once", "web", `command: [exit, "3"]`, `(exit code|exited with|code|status) 3`},
	{"exits before it counts as good", "plain", `command: [-exit, "4", -exit-after, 200ms]`, `(exit code|exited with|code|status) 4`},
}

func TestReplaceThatFailsBringsTheOldOneBack(t *testing.T) {
	for _, c := range badVersions {
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, replaceable)
			s.run("up", "-d", "--wait")
			before := s.containers()
			s.edit("stack.yaml", c.service+":\n    image: ${PROBE}\n    command: [-address, \":8080\"]", c.service+":\n    image: ${PROBE}\n    "+c.to)
			s.try("up", "-d").ended(1).says(s.name+"-"+c.service+"-1", c.says)
			after := s.containers()
			if len(after) != len(before) {
				t.Errorf("there are %d containers, there were %d", len(after), len(before))
			}
			for name, was := range before {
				s.wantSame(was, after[name])
			}
		})
	}
}

// wantSame holds a container to be the one it was, and to serve as it did.
func (s *sandbox) wantSame(was, is container) {
	s.t.Helper()
	if is.ID != was.ID || is.State.Status != "running" {
		s.t.Errorf("%s: %.12s is %q, want %.12s running", was.Name, is.ID, is.State.Status, was.ID)
	}
	if is.HostConfig.RestartPolicy != was.HostConfig.RestartPolicy {
		s.t.Errorf("%s: restart policy %v, was %v", was.Name, is.HostConfig.RestartPolicy, was.HostConfig.RestartPolicy)
	}
	if got, want := networksOf(is), networksOf(was); !maps.Equal(got, want) {
		s.t.Errorf("%s: networks %v, were %v", was.Name, got, want)
	}
}

func networksOf(c container) map[string]string {
	out := map[string]string{}
	for name, n := range c.NetworkSettings.Networks {
		out[name] = n.NetworkID
	}
	return out
}

func TestReplaceKeepsAnonymousVolumes(t *testing.T) {
	s := newSandbox(t, replaceable)
	s.run("up", "-d")
	s.run("exec", "-T", "web", "/probe", "write", "/data/note", "kept")
	s.edit("stack.yaml", "restart: unless-stopped", "restart: unless-stopped\n    hostname: other")
	s.run("up", "-d")
	if got := s.run("exec", "-T", "web", "/probe", "cat", "/data/note").stdout; got != "kept" {
		t.Errorf("the anonymous volume says %q", got)
	}
	volume := s.container("web").Mounts[0].Name
	s.run("down", "-v")
	if left := tryDocker("volume", "ls", "-q", "--filter", "name="+volume); left != "" {
		t.Errorf("down -v left the anonymous volume %s", left)
	}
}

func TestReplaceStartsItsDependentsAnewWhereTheyAsk(t *testing.T) {
	s := newSandbox(t, replaceable)
	s.run("up", "-d")
	before := s.container("follower")
	s.edit("stack.yaml", "restart: unless-stopped", "restart: unless-stopped\n    hostname: other")
	s.run("plan").says("follower", "depends on web")
	s.run("up", "-d")
	if after := s.container("follower"); !after.State.StartedAt.After(s.container("web").State.StartedAt) || after.State.StartedAt.Equal(before.State.StartedAt) {
		t.Errorf("follower, of %s, did not start after the new web", after.State.StartedAt)
	}
	s.converged("up", "-d")
}

func TestStartFirstHasNoGap(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    environment: {LEVEL: "1"}
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
    deploy: {update_config: {order: start-first}}
`)
	s.run("up", "-d", "--wait")
	was := s.container("web")
	s.edit("stack.yaml", `LEVEL: "1"`, `LEVEL: "2"`)
	var oldStopped, newReady int
	s.wire.intercept(func(c call, forward func()) {
		switch n := len(s.wire.since(0)); {
		case strings.HasSuffix(c.path, "/start") && strings.HasPrefix(c.path, "/containers/"):
			newReady = n
		case strings.HasSuffix(c.path, "/stop"):
			oldStopped = n
		}
		forward()
	})
	s.run("up", "-d")
	if newReady == 0 || oldStopped < newReady {
		t.Errorf("the old one stopped at call %d, the new one started at %d", oldStopped, newReady)
	}
	if is := s.container("web"); is.ID == was.ID || is.State.Status != "running" {
		t.Errorf("%s is %s", is.ID, is.State.Status)
	}
	s.converged("up", "-d")
}
