//go:build e2e

package e2e_test

import (
	"syscall"
	"testing"
)

func TestInterruptedAttachedUpStopsTheStack(t *testing.T) {
	s := newSandbox(t, threeServices)
	p := s.begin("up")
	p.await(`front-1 +\| serving`)
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	s.wantStopped("front", "back", "db")
	s.run("up", "-d")
	s.converged()
}

func TestAttachedUpEndsWithTheServiceItWatches(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}"}
  test: {image: "${PROBE}", command: [-exit, "7", -exit-after, 500ms], depends_on: [web]}
`)
	s.try("up", "--exit-code-from", "test").ended(7).says("web-1", "test-1", "serving")
	if c := s.container("web"); c.State.Status != "exited" {
		t.Errorf("web is %s", c.State.Status)
	}
	s.try("up", "--abort-on-container-exit").ended(7)
}

func TestAttachedUpEndsWhenAllHasEnded(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  one: {image: "${PROBE}", command: [say, hello]}
  two: {image: "${PROBE}", command: [say, world]}
`)
	s.try("up").ended(0).says(`one-1 +\| hello`, `two-1 +\| world`)
}

func TestInterruptedWaitIsTakenUpByTheNextUp(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    command: [-ready-after, 4s]
    healthcheck: {test: [CMD, /probe, health], interval: 1s, start_period: 1m}
  web: {image: "${PROBE}", depends_on: {db: {condition: service_healthy}}}
`)
	p := s.begin("up", "-d")
	s.until("db runs", func() bool { return s.containers()[s.name+"-db-1"].State.Status == "running" })
	p.signal(syscall.SIGINT)
	p.wait().ended(130).says("(?i)interrupt")
	db := s.container("db")
	s.run("up", "-d", "--wait")
	if s.container("db").ID != db.ID {
		t.Error("db was replaced")
	}
	s.converged("up", "-d")
}

func TestInterruptedReplaceLeavesOneOfTheTwo(t *testing.T) {
	s := newSandbox(t, replaceable)
	s.run("up", "-d", "--wait")
	was := s.container("web")
	s.edit("stack.yaml", "restart: unless-stopped", "restart: unless-stopped\n    environment: {PROBE_READY_AFTER: 1m}")
	p := s.begin("up", "-d")
	s.until("the new one runs", func() bool {
		c := s.containers()[s.name+"-web-1"]
		return c.ID != was.ID && c.State.Status == "running"
	})
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	s.wantSame(was, s.container("web"))
	s.edit("stack.yaml", "    environment: {PROBE_READY_AFTER: 1m}\n", "")
	s.converged("up", "-d")
}
