package enginetest

import (
	"encoding/json"
	"errors"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// fails performs an operation that must fail with a cause.
func (s *suite) fails(op plan.Op, cause error) {
	s.Helper()
	if _, err := s.try(op); !errors.Is(err, cause) {
		s.Errorf("%s: got %v, want %v", op.Kind(), err, cause)
	}
}

// status compares what a container is.
func (s *suite) status(name string, want engine.Status) {
	s.Helper()
	if got := s.container(name).Status; got != want {
		s.Errorf("container %s is %s, want %s", name, got, want)
	}
}

// same compares two values by their JSON form, as the planner compares
// definitions.
func (s *suite) same(what string, got, want any) {
	s.Helper()
	x, err := json.Marshal(got)
	if err != nil {
		s.Fatal(err)
	}
	y, err := json.Marshal(want)
	if err != nil {
		s.Fatal(err)
	}
	if string(x) != string(y) {
		s.Errorf("%s:\ngot:  %s\nwant: %s", what, x, y)
	}
}

// reads compares the definitions that a snapshot reads back.
func (s *suite) reads(name string, recorded, observed spec.Container) {
	s.Helper()
	c := s.container(name)
	if c.Recorded == nil || c.Observed == nil {
		s.Fatalf("container %s: recorded %v, observed %v", name, c.Recorded, c.Observed)
	}
	s.same("recorded", c.Recorded, recorded)
	s.same("observed", c.Observed, observed)
}
