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

const counted = `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    user: "0"
    volumes: [data:/data]
    pre_start: [{command: [exit, "3"]}]
volumes: {data: }
`

// A step decides on each way to a start, is not run again for the same
// container, and goes with it.
func TestAStepStandsBeforeEachStart(t *testing.T) {
	s := newSandbox(t, counted)
	s.try("up", "-d").ended(1).says("exit code 3")
	s.try("start", "web").ended(1).says("web.pre_start.1", "exit code 3")
	s.try("restart", "web").ended(1).says("web.pre_start.1", "exit code 3")
	if got := s.container("web").State.Status; got != "created" {
		t.Errorf("web is %s", got)
	}
	s.edit("stack.yaml", `[exit, "3"]`, "[write, /data/done, yes]")
	s.run("up", "-d")
	ran := s.container("web.pre_start.1").State.StartedAt
	s.run("restart")
	s.run("stop", "web")
	s.run("start")
	if again := s.container("web.pre_start.1").State.StartedAt; again != ran {
		t.Errorf("the step ran at %s, and again at %s", ran, again)
	}
	s.run("up", "-d", "--scale", "web=2")
	if again := s.container("web.pre_start.1").State.StartedAt; again != ran {
		t.Error("the step ran again for one replica more")
	}
	s.edit("stack.yaml", `user: "0"`, "user: \"0\"\n    stdin_open: true")
	s.run("up", "-d")
	step, web := s.container("web.pre_start.1").State, s.container("web").State
	if step.StartedAt == ran || web.StartedAt.Before(step.FinishedAt) {
		t.Errorf("of the service made anew, which started at %s, the step ran from %s to %s", web.StartedAt, step.StartedAt, step.FinishedAt)
	}
	s.converged("up", "-d")
	s.run("down", "web")
	if left := s.ids(); len(left) > 0 {
		t.Errorf("down web left %v", left)
	}
}
