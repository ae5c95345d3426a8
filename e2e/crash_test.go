//go:build e2e

package e2e_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

// crashing is a stack whose change takes every kind of step: a service with
// files, two networks and a volume, and one that follows it.
const crashing = `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    environment: {LEVEL: "1"}
    restart: always
    volumes: [/data, "named:/named"]
    networks: [one, two]
    configs: [settings]
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
  follower:
    image: ${PROBE}
    networks: [one]
    depends_on: {web: {condition: service_healthy, restart: true}}
networks: {one: {}, two: {}}
volumes: {named: {}}
configs: {settings: {content: "x"}}
`

func TestUpAfterACrashOnCreation(t *testing.T) {
	crashes(t, 11, func(*sandbox) {})
}

func TestUpAfterACrashOnReplace(t *testing.T) {
	crashes(t, 15, func(s *sandbox) {
		s.run("up", "-d")
		s.edit("stack.yaml", `LEVEL: "1"`, `LEVEL: "2"`)
	})
}

// crashes kills an up after each of its first n changing calls in turn. The next
// up must reach the state of an undisturbed one, with nothing left behind.
func crashes(t *testing.T, n int, prepare func(*sandbox)) {
	for i := range n {
		t.Run(fmt.Sprintf("after call %d", i+1), func(t *testing.T) {
			s := newSandbox(t, crashing)
			prepare(s)
			s.crash(i + 1)
			s.run("up", "-d", "--wait")
			s.wantWhole()
			s.converged("up", "-d")
		})
	}
}

// crash runs an up that is killed when the engine has answered its n-th changing
// call.
func (s *sandbox) crash(n int) {
	s.t.Helper()
	var seen atomic.Int32
	process := make(chan *process, 1)
	s.wire.intercept(func(c call, forward func()) {
		forward()
		if c.mutates() && seen.Add(1) == int32(n) {
			_ = (<-process).cmd.Process.Kill()
		}
	})
	defer s.wire.intercept(nil)
	p := s.begin("up", "-d")
	process <- p
	if r := p.wait(); r.code == 0 {
		s.t.Fatalf("up came to its end in %d changing calls, before it was killed after %d", len(r.mutations()), n)
	}
}

// wantWhole holds the project to its two containers, running, complete, and
// nothing else.
func (s *sandbox) wantWhole() {
	s.t.Helper()
	all := s.containers()
	for name, c := range all {
		if strings.HasSuffix(name, ".new") || strings.HasSuffix(name, ".old") || c.State.Status != "running" {
			s.t.Errorf("%s is %s", name, c.State.Status)
		}
	}
	web := s.container("web")
	if len(all) != 2 || len(web.NetworkSettings.Networks) != 2 || web.HostConfig.RestartPolicy.Name != "always" {
		s.t.Errorf("%d containers, web on %d networks, restart %q", len(all), len(web.NetworkSettings.Networks), web.HostConfig.RestartPolicy.Name)
	}
	if got := s.run("exec", "-T", "web", "/probe", "cat", "/settings").stdout; got != "x" {
		s.t.Errorf("the config says %q", got)
	}
}
