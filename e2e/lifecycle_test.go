//go:build e2e

package e2e_test

import (
	"maps"
	"slices"
	"testing"
)

func TestScaleGoesUpAndDownByNumber(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	before := s.ids()
	s.run("up", "-d", "--scale", "back=3")
	three := s.ids()
	for name, id := range before {
		if three[name] != id {
			t.Errorf("%s was replaced by a scale up", name)
		}
	}
	docker(t, "rm", "-f", s.name+"-back-2")
	s.run("plan", "--scale", "back=3").says("create container " + s.name + "-back-2").changedNothing()
	s.run("up", "-d", "--scale", "back=3")
	again := s.ids()
	if again[s.name+"-back-3"] != three[s.name+"-back-3"] || again[s.name+"-back-2"] == "" {
		t.Errorf("2 of 3 came back as %v", again)
	}
	s.run("up", "-d")
	if got := s.ids(); !maps.Equal(got, before) {
		t.Errorf("after scaling down there are %v, want %v", got, before)
	}
}

func TestOrphansAreNotedAndLeft(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	s.edit("stack.yaml", "  front:\n    image: ${PROBE}\n    depends_on: [back]\n", "")
	s.run("plan").says(s.name+"-front-1 is an orphan", "--remove-orphans")
	s.run("up", "-d").says("orphan").changedNothing()
	s.container("front")
	s.run("up", "-d", "--remove-orphans")
	if got := s.names("ps", "-a"); !slices.Equal(got, []string{s.name + "-back-1", s.name + "-db-1"}) {
		t.Errorf("there are %q", got)
	}
	s.converged()
}

func TestAServiceOutsideTheProfileIsNoOrphan(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}"}
  tool: {image: "${PROBE}", profiles: [debug]}
`)
	s.run("--profile", "debug", "up", "-d")
	s.converged("up", "-d", "--remove-orphans")
	s.container("tool")
	s.run("--profile", "debug", "down")
	s.wantLeft(nil)
}

func TestCreateAndNoStartLeaveAllStopped(t *testing.T) {
	for _, args := range [][]string{{"create"}, {"up", "--no-start"}} {
		t.Run(args[0], func(t *testing.T) {
			s := newSandbox(t, threeServices)
			s.run(args...)
			before := s.ids()
			if len(before) != 3 {
				t.Errorf("made %v", before)
			}
			for name, c := range s.containers() {
				if c.State.Status != "created" {
					t.Errorf("%s is %s", name, c.State.Status)
				}
			}
			s.run(args...).changedNothing()
			s.run("up", "-d")
			if !maps.Equal(before, s.ids()) {
				t.Errorf("up made %v of %v", s.ids(), before)
			}
			s.converged("up", "-d")
		})
	}
}

func TestUpOfOneServiceBringsWhatItDependsOn(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d", "back")
	if got := s.names("ps"); !slices.Equal(got, []string{s.name + "-back-1", s.name + "-db-1"}) {
		t.Errorf("there are %q", got)
	}
	s.run("up", "-d", "--no-deps", "front")
	s.run("down")
	s.run("up", "-d", "--no-deps", "back")
	if got := s.names("ps"); !slices.Equal(got, []string{s.name + "-back-1"}) {
		t.Errorf("--no-deps brought %q", got)
	}
	s.try("up", "-d", "bakc").ended(1).says("bakc", "did you mean back").changedNothing()
}

func TestForceAndNoRecreate(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	before := s.ids()
	s.edit("stack.yaml", "LEVEL: info", "LEVEL: debug")
	s.run("up", "-d", "--no-recreate").changedNothing()
	s.run("up", "-d", "--force-recreate", "--no-deps", "front")
	s.wantKept(before, true, "front")
	s.try("up", "-d", "--force-recreate", "--no-recreate").ended(1).changedNothing()
}

func TestRestartAndRemove(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	before := s.containers()
	s.run("restart", "back")
	after := s.containers()
	for name, c := range before {
		if after[name].ID != c.ID {
			t.Errorf("%s was replaced by a restart", name)
		}
	}
	if name := s.name + "-back-1"; !after[name].State.StartedAt.After(before[name].State.StartedAt) {
		t.Error("back was not restarted")
	}
	s.try("rm", "-f", "front")
	s.container("front") // it runs, so it is left
	s.run("rm", "-f", "-s", "front")
	if got := s.names("ps", "-a"); !slices.Equal(got, []string{s.name + "-back-1", s.name + "-db-1"}) {
		t.Errorf("after rm there are %q", got)
	}
}
