//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

const migrated = `
-- in/1 --
first
-- out/.keep --
-- stack.yaml --
services:
  migrate:
    image: ${PROBE}
    command: [write, /out/result, "done"]
    volumes: ["./in:/in:ro", "./out:/out"]
  web:
    image: ${PROBE}
    depends_on: {migrate: {condition: service_completed_successfully}}
`

// A job runs when it has not, when what is bound into it changes, and when it
// is asked for. What it writes itself is no change.
func TestAJobRunsAgainWhenItsInputsChange(t *testing.T) {
	s := newSandbox(t, migrated)
	s.run("up", "-d")
	first := s.container("migrate").ID
	s.converged("up", "-d")
	s.run("plan").says("nothing to do", `job migrate: skip \(inputs unchanged\)`)
	s.write("-- in/1 --\nsecond\n")
	s.try("plan", "--exit-code").ended(2).says("/in: the content changed")
	s.run("up", "-d")
	second := s.container("migrate").ID
	if second == first {
		t.Error("the job has not run again after a change of its input")
	}
	s.converged("up", "-d")
	s.run("up", "-d", "--rerun")
	if s.container("migrate").ID == second {
		t.Error("the job has not run again when asked to")
	}
	s.converged("up", "-d")
}

const failing = `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    command: []
    healthcheck: {test: [CMD, /probe, health], interval: 1s, retries: 2}
`

// With stop the new container is left for inspection and the old one aside; the
// next run with a good file ends with one container.
func TestOnFailureStopLeavesBoth(t *testing.T) {
	s := newSandbox(t, failing)
	s.run("up", "-d", "--wait")
	old := s.container("web").ID
	s.edit("stack.yaml", "command: []", "command: [say, broken]")
	s.try("up", "-d", "--on-failure", "stop").ended(1).says("broken")
	if got := s.named(s.name + "-web-1.old").ID; got != old {
		t.Errorf("aside is %s, want the old one, %s", got, old)
	}
	if s.container("web").ID == old {
		t.Error("the new one is gone")
	}
	s.edit("stack.yaml", "command: [say, broken]", "command: []")
	s.run("up", "-d", "--wait")
	if all := s.ids(); len(all) != 1 || !strings.Contains(s.container("web").ID, old) {
		t.Errorf("there are %v, want the old one only", all)
	}
	s.converged("up", "-d")
}
