package planner_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// settledState is a state with a thing of each kind.
func settledState() engine.State {
	secret := "hunter2"
	made := &spec.Container{Image: "web:1", Env: map[string]*string{"PASSWORD": &secret}, Memory: 512 << 20, Networks: map[string]spec.Endpoint{"app_default": {Aliases: []string{"web"}}}}
	return engine.State{
		Target: "docker", API: "1.41",
		Containers: []engine.Container{
			{ID: "id1", Name: "app-web-1", Service: "web", Number: 1, Status: engine.StatusRunning, ImageID: "sha256:1", Recorded: made, Observed: made},
			{ID: "id2", Name: "app-job-1", Service: "job", Number: 1, Status: engine.StatusExited, ExitCode: 0},
		},
		Networks: map[string]engine.Network{"app_default": {ID: "net1", Members: []string{"app-web-1"}}},
		Volumes:  map[string]engine.Volume{"app_data": {Driver: "local", Recorded: &spec.Volume{Name: "app_data"}}},
		Images:   map[string]engine.Image{"web:1": {ID: "sha256:1"}},
	}
}

// changed returns c with its observed definition changed.
func changed(c engine.Container, f func(*spec.Container)) engine.Container {
	observed := *c.Observed
	f(&observed)
	c.Observed = &observed
	return c
}

func TestWhatHasMovedIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		move func(s *engine.State)
		want []string
	}{
		"nothing":    {func(*engine.State) {}, nil},
		"stopped":    {func(s *engine.State) { s.Containers[0].Status = engine.StatusExited }, []string{"container app-web-1: was running, is exited with 0"}},
		"paused":     {func(s *engine.State) { s.Containers[0].Status = engine.StatusPaused }, []string{"container app-web-1: was running, is paused"}},
		"job failed": {func(s *engine.State) { s.Containers[1].ExitCode = 3 }, []string{"container app-job-1: was exited with 0, is exited with 3"}},
		"made anew":  {func(s *engine.State) { s.Containers[0].ID = "id9" }, []string{"container app-web-1: somebody made it anew"}},
		"renamed":    {func(s *engine.State) { s.Containers[0].Name = "x" }, []string{"container app-web-1: has the name x now"}},
		"removed":    {func(s *engine.State) { s.Containers = s.Containers[1:] }, []string{"container app-web-1: is gone"}},
		"one more": {
			func(s *engine.State) {
				s.Containers = append(s.Containers, engine.Container{ID: "id3", Name: "app-web-2", Status: engine.StatusRunning})
			},
			[]string{"container app-web-2: was not there, is running now"},
		},
		"limits": {
			func(s *engine.State) {
				s.Containers[0] = changed(s.Containers[0], func(c *spec.Container) { c.Memory, c.Restart = 1<<30, "always" })
			},
			[]string{"container app-web-1: mem_limit: 512m -> 1g", `container app-web-1: restart: added "always"`},
		},
		"a bound file": {
			func(s *engine.State) { s.Containers[0].Stale = []string{"/etc/app.conf"} },
			[]string{`container app-web-1: stale: added ["/etc/app.conf"]`},
		},
		"off a network": {
			func(s *engine.State) {
				s.Containers[0] = changed(s.Containers[0], func(c *spec.Container) { c.Networks = nil })
			},
			[]string{`container app-web-1: networks.app_default: removed, was {aliases: ["web"]}`},
		},
		"another alias": {
			func(s *engine.State) {
				s.Containers[0] = changed(s.Containers[0], func(c *spec.Container) {
					c.Networks = map[string]spec.Endpoint{"app_default": {Aliases: []string{"web", "www"}}}
				})
			},
			[]string{`container app-web-1: networks.app_default.aliases: ["web"] -> ["web", "www"]`},
		},
		"image moved":       {func(s *engine.State) { s.Images["web:1"] = engine.Image{ID: "sha256:2"} }, []string{"image web:1: now means sha256:2, meant sha256:1"}},
		"image came":        {func(s *engine.State) { s.Images["db:1"] = engine.Image{ID: "sha256:3"} }, []string{"image db:1: was not there, means sha256:3 now"}},
		"image gone":        {func(s *engine.State) { delete(s.Images, "web:1") }, []string{"image web:1: is gone"}},
		"network made anew": {func(s *engine.State) { s.Networks["app_default"] = engine.Network{ID: "net2"} }, []string{"network app_default: somebody made it anew"}},
		"network doubled": {
			func(s *engine.State) {
				s.Networks["app_default"] = engine.Network{ID: "net1", Doubles: []string{"net3"}}
			},
			[]string{"double of network app_default net3: was not there, is now"},
		},
		"volume came": {func(s *engine.State) { s.Volumes["app_more"] = engine.Volume{} }, []string{"volume app_more: was not there, is now"}},
		"volume gone": {func(s *engine.State) { delete(s.Volumes, "app_data") }, []string{"volume app_data: is gone"}},
		"volume made anew": {
			func(s *engine.State) { s.Volumes["app_data"] = engine.Volume{Driver: "local"} },
			[]string{"volume app_data: somebody made it anew"},
		},
		"engine renewed": {func(s *engine.State) { s.API = "1.47" }, []string{`engine docker: api: "1.41" -> "1.47"`}},
		"what moves by itself": {func(s *engine.State) {
			now := time.Now()
			c := &s.Containers[0]
			c.Health, c.Started, c.Restarts, c.Status = engine.HealthUnhealthy, now, 5, engine.StatusRestarting
			c.Ports = []engine.Port{{Public: 32768, Private: 80}}
			s.Taken = now
			s.Volumes["app_data"] = engine.Volume{Driver: "local", Recorded: &spec.Volume{Name: "app_data"}, Created: now}
			s.Networks["app_default"] = engine.Network{ID: "net1"}
			s.Images["web:1"] = engine.Image{ID: "sha256:1", Tagged: now}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := &plan.Plan{Base: planner.Base(settledState())}
			now := settledState()
			c.move(&now)
			if got := planner.Moved(p, now); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// What the plan needs and somebody else has taken since is in its way, though
// nothing of the project has moved.
func TestWhatOthersHoldIsInTheWay(t *testing.T) {
	state := settledState()
	p := &plan.Plan{Base: planner.Base(state), Actions: []plan.Action{
		{Op: engine.CreateContainer{Name: "app-web-2", Definition: spec.Container{Ports: map[string][]string{"80/tcp": {"8080"}}}}},
		{Op: engine.RenameContainer{From: "id1", To: "app-web-3"}},
		{Op: engine.RemoveNetwork{Name: "app_default"}},
	}}
	if got := planner.Moved(p, state); got != nil {
		t.Errorf("nothing is in the way, but %q", got)
	}
	state.Foreign = []engine.Foreign{
		{Name: "app-web-2"}, {Name: "app-web-3", Project: "other"}, {Name: "unconcerned"},
		{Name: "server", Ports: []engine.Port{{Public: 8080, Private: 80, Protocol: "tcp"}}},
	}
	state.Networks["app_default"] = engine.Network{ID: "net1", Members: []string{"app-web-1", "stranger"}}
	want := []string{
		"container name app-web-2: held by something that is no stack",
		"container name app-web-3: held by the stack other",
		"host port 8080/tcp: held by container server",
		"network app_default: container stranger is on it now",
	}
	if got := planner.Moved(p, state); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestABaseHoldsNoSecret(t *testing.T) {
	text, err := json.Marshal(planner.Base(settledState()))
	if err != nil || !bytes.Contains(text, []byte("app-web-1")) || bytes.Contains(text, []byte("hunter2")) {
		t.Errorf("the base says %s, %v", text, err)
	}
}
