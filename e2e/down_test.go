//go:build e2e

package e2e_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
)

func TestDownKeepsVolumesAndNeighbours(t *testing.T) {
	s := newSandbox(t, threeServices)
	neighbour := another(t, threeServices)
	s.run("up", "-d")
	neighbour.run("up", "-d")
	theirs := neighbour.ids()
	s.run("down")
	s.wantLeft([]string{s.name + "_data"})
	s.run("down").changedNothing()
	s.run("up", "-d")
	s.run("down", "-v")
	s.wantLeft(nil)
	if !maps.Equal(theirs, neighbour.ids()) {
		t.Errorf("the neighbour has %v, had %v", neighbour.ids(), theirs)
	}
	if got := neighbour.names("volume", "ls"); !slices.Equal(got, []string{neighbour.name + "_data"}) {
		t.Errorf("the neighbour has the volumes %q", got)
	}
	neighbour.converged("up", "-d")
}

// wantLeft holds the project to nothing but these volumes.
func (s *sandbox) wantLeft(volumes []string) {
	s.t.Helper()
	if got := s.names("ps", "-a"); len(got) > 0 {
		s.t.Errorf("containers are left: %q", got)
	}
	if got := s.names("network", "ls"); len(got) > 0 {
		s.t.Errorf("networks are left: %q", got)
	}
	if got := s.names("volume", "ls"); !slices.Equal(got, volumes) {
		s.t.Errorf("the volumes left are %q, want %q", got, volumes)
	}
}

func TestDownKnowsAProjectByItsNameAlone(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	s.dir = t.TempDir()
	s.env = []string{"COMPOSE_PROJECT_NAME="} // of two values the last counts
	s.run("-p", s.name, "ps").says(s.name + "-back-1")
	s.run("-p", s.name, "stop", "front")
	s.run("-p", s.name, "start", "front")
	s.run("-p", s.name, "down", "-v")
	s.wantLeft(nil)
}

func TestDownStopsDependentsFirst(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	s.run("stop")
	s.wantStopped("front", "back", "db")
	s.run("start")
	if db, front := s.container("db").State.StartedAt, s.container("front").State.StartedAt; front.Before(db) {
		t.Error("start began with front, which depends on db")
	}
	s.converged()
	var order []string
	s.wire.intercept(func(c call, forward func()) {
		if c.method == "POST" && filepath.Base(c.path) == "stop" {
			order = append(order, filepath.Base(filepath.Dir(c.path)))
		}
		forward()
	})
	ids := s.ids()
	s.run("down")
	want := []string{ids[s.name+"-front-1"], ids[s.name+"-back-1"], ids[s.name+"-db-1"]}
	if !slices.Equal(order, want) {
		t.Errorf("down stopped %.12q, want front, back, db: %.12q", order, want)
	}
}

// wantStopped holds services to have stopped in this order.
func (s *sandbox) wantStopped(services ...string) {
	s.t.Helper()
	for i, name := range services {
		c := s.container(name)
		if c.State.Status != "exited" {
			s.t.Errorf("%s is %s", name, c.State.Status)
		}
		if i > 0 && c.State.FinishedAt.Before(s.container(services[i-1]).State.FinishedAt) {
			s.t.Errorf("%s stopped before %s, which depends on it", name, services[i-1])
		}
	}
}

func TestDownAfterAnAbsentFileChangesNothing(t *testing.T) {
	s := newSandbox(t, "")
	s.run("-p", s.name, "down").changedNothing()
	s.try("up", "-d").ended(1).says("stack.yaml").changedNothing()
}

func TestDownIgnoresSignalsOnlyUntilItsTimeout(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  stubborn:
    image: ${PROBE}
    command: [-ignore-term]
    stop_grace_period: 1h
`)
	s.run("up", "-d")
	s.run("down", "-t", "1")
	s.wantLeft(nil)
}
