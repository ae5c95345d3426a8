//go:build e2e

package e2e_test

import "testing"

const steps = `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    pre_start: [{command: [say, first]}, {command: [exit, "3"]}]
  next: {image: "${PROBE}", depends_on: [web]}
`

func TestAStepThatFailsKeepsItsServiceDown(t *testing.T) {
	s := newSandbox(t, steps)
	s.try("up", "-d").ended(1).says("web.pre_start.2", "exit code 3")
	for _, c := range s.containers() {
		if c.State.Status == "running" {
			t.Errorf("%s runs", c.Name)
		}
	}
	s.edit("stack.yaml", `[exit, "3"]`, "[say, second]")
	first := s.container("web.pre_start.1").ID
	s.run("up", "-d", "--wait")
	if again := s.container("web.pre_start.1").ID; again != first {
		t.Error("the step that had succeeded ran again")
	}
	s.converged("up", "-d")
	s.edit("stack.yaml", ", {command: [say, second]}", "")
	s.run("up", "-d")
	if left := tryDocker("ps", "-aq", "--filter", "name="+s.name+"-web.pre_start.2"); left != "" {
		t.Errorf("the step that is no more left %s", left)
	}
	s.run("down")
}
