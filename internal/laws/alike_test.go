package laws

import (
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

func TestAlike(t *testing.T) {
	zone := time.FixedZone("", 3600)
	at := time.Date(2026, time.January, 1, 1, 0, 0, 0, time.UTC)
	value := "x"
	for i, c := range []struct {
		a, b any
		want bool
	}{
		{spec.Container{Env: map[string]*string{}}, spec.Container{}, true},
		{spec.Container{DNS: []string{}}, spec.Container{}, true},
		{spec.Container{Env: map[string]*string{"A": nil}}, spec.Container{Env: map[string]*string{"B": nil}}, false},
		{spec.Container{Env: map[string]*string{"A": &value}}, spec.Container{Env: map[string]*string{"A": nil}}, false},
		{spec.Container{Command: &[]string{}}, spec.Container{}, false},
		{spec.Container{DNS: []string{"a"}}, spec.Container{DNS: []string{"b"}}, false},
		{spec.Container{Image: "a"}, spec.Container{Image: "b"}, false},
		{at, at.In(zone), true},
		{at, at.Add(1), false},
		{plan.Action{Op: engine.StartContainer{Name: "a"}}, plan.Action{Op: engine.StartContainer{Name: "a"}}, true},
		{plan.Action{Op: engine.StartContainer{Name: "a"}}, plan.Action{Op: engine.StopContainer{Name: "a"}}, false},
		{plan.Action{Op: engine.StartContainer{Name: "a"}}, plan.Action{}, false},
	} {
		if got := Alike(c.a, c.b); got != c.want {
			t.Errorf("%d: %+v and %+v: %v", i, c.a, c.b, got)
		}
	}
}
