package planner_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

func TestBindsOfThisMachineAreRefusedOrNotedElsewhere(t *testing.T) {
	own := spec.Local{Source: "/p/site", Target: "/site", Own: true, Field: "services.web.volumes[0]", At: spec.Position{File: "stack.yaml", Line: 4, Column: 9}}
	other := spec.Local{Source: "/srv", Target: "/srv"}
	for _, c := range []struct {
		name     string
		distance spec.Distance
		replicas int
		local    []spec.Local
		err      string // its beginning; "" for none
		note     string
	}{
		{"refused", spec.Elsewhere, 1, []spec.Local{other, own}, "stack.yaml:4:9: services.web.volumes[0]: /p/site is on this machine", ""},
		{"in no replica", spec.Elsewhere, 0, []spec.Local{own}, "", ""},
		{"outside of the project", spec.Elsewhere, 1, []spec.Local{other}, "", "the engine is on another machine, and binds what that one has: /srv"},
		{"perhaps", spec.Perhaps, 1, []spec.Local{own, other}, "", "the engine is on another machine, and binds what that one has: /p/site, /srv"},
		{"none", spec.Elsewhere, 1, nil, "", ""},
	} {
		desired := &spec.Stack{Name: "p", Distance: c.distance, Services: map[string]spec.Service{"web": {
			Name: "web", Replicas: c.replicas, Container: spec.Container{Image: "web"}, Local: c.local,
		}}}
		p, err := planner.Up(desired, engine.State{}, planner.Options{})
		if c.err != "" {
			var local *planner.LocalError
			if !errors.As(err, &local) || len(local.Findings) != 1 || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var notes []string
		for _, n := range p.Notes {
			notes = append(notes, n.Text)
		}
		if got := strings.Join(notes, "\n"); got != c.note {
			t.Errorf("%s: %q, want %q", c.name, got, c.note)
		}
	}
}
