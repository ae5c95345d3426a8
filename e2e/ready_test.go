//go:build e2e

package e2e_test

import (
	"testing"
	"time"
)

// The engine's own monitor looks for the first time after a whole interval.
// Dependents must not wait for that, but for the program.
func TestDependentsStartWhenTheProgramIsReady(t *testing.T) {
	const ready, slack = 500 * time.Millisecond, 15 * time.Second // half an interval: the cores may be busy
	s := newSandbox(t, `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    command: [-ready-after, `+ready.String()+`]
    healthcheck: {test: [CMD, /probe, health], interval: 30s}
  web:
    image: ${PROBE}
    depends_on: {db: {condition: service_healthy}}
`)
	s.run("up", "-d", "--wait")
	gap := s.container("web").State.StartedAt.Sub(s.container("db").State.StartedAt)
	if gap < ready || gap > ready+slack {
		t.Errorf("web started %s after db, which was ready after %s", gap, ready)
	}
}

func TestWaitFailsAtOnceWithTheCause(t *testing.T) {
	for name, c := range map[string]struct{ service, says string }{
		"exit":      {`{image: "${PROBE}", command: [-exit, "5", -exit-after, 300ms], healthcheck: {test: [CMD, /probe, get, "http://nowhere"], interval: 1h}}`, `(exit code|exited with|code|status) 5`},
		"unhealthy": {`{image: "${PROBE}", command: [-unhealthy], healthcheck: {test: [CMD, /probe, health], interval: 300ms, retries: 2}}`, "(?s)unhealthy.*503"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, "-- stack.yaml --\nservices:\n  db: "+c.service+`
  web: {image: "${PROBE}", depends_on: {db: {condition: service_healthy}}}
  apart: {image: "${PROBE}"}
`)
			s.try("up", "-d").ended(1).says(s.name+"-db-1", c.says)
			if got := s.container("apart").State.Status; got != "running" {
				t.Errorf("apart, which depends on nothing, is %s", got)
			}
			if web, ok := s.containers()[s.name+"-web-1"]; ok && web.State.Status == "running" {
				t.Error("web runs, although db never became healthy")
			}
		})
	}
}

func TestWaitTimeoutFails(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    command: [-ready-after, 1h]
    healthcheck: {test: [CMD, /probe, health], interval: 1h}
`)
	r := s.try("up", "-d", "--wait", "--wait-timeout", "2").ended(1).says(s.name + "-web-1")
	if r.took > 30*time.Second {
		t.Errorf("a timeout of 2s took %s", r.took)
	}
}

func TestAllReplicasMustBeReady(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    deploy: {replicas: 2}
    command: [-ready-after, 1s]
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
  web: {image: "${PROBE}", depends_on: {db: {condition: service_healthy}}}
`)
	s.run("up", "-d")
	last := s.named(s.name + "-db-2").State.StartedAt
	if first := s.container("db").State.StartedAt; first.After(last) {
		last = first
	}
	if gap := s.container("web").State.StartedAt.Sub(last); gap < time.Second {
		t.Errorf("web started %s after the last db, which takes 1s to become ready", gap)
	}
}
