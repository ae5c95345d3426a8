package enginetest

import (
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

func containers() map[string]func(*suite) {
	return map[string]func(*suite){
		"CreateIsReadBack":              createIsReadBack,
		"CreateAgain":                   createAgain,
		"CreateNameTaken":               createNameTaken,
		"CreateWithoutImage":            createWithoutImage,
		"StartWithoutNetwork":           startWithoutNetwork,
		"StartAndStop":                  startAndStop,
		"StopHardly":                    stopHardly,
		"StopByOwnTimeout":              stopByOwnTimeout,
		"Restart":                       restart,
		"Missing":                       missing,
		"ByID":                          byID,
		"Remove":                        remove,
		"Foreign":                       foreign,
		"Brief":                         brief,
		"Enough":                        enough,
		"ProjectsApart":                 projectsApart,
		"ContainerOfAnotherTool":        anotherTool,
		"CancelledCallsCarryOutNothing": cancelled,
	}
}

// full is a definition with fields of every kind that a snapshot reads back
// from somewhere else than its label.
func (s *suite) full() spec.Container {
	value, empty := "x=y z", ""
	c := s.definition("-ready-after", "1ms")
	c.Env = map[string]*string{"VALUE": &value, "EMPTY": &empty, "UNSET": nil}
	c.Labels = map[string]string{"org.example.owner": "us"}
	c.Hostname, c.WorkingDir, c.StopSignal = "probe", "/tmp", "SIGTERM"
	c.Healthcheck = healthcheck()
	c.Ports = map[string][]string{"8080/tcp": {"127.0.0.1:"}}
	c.Mounts = map[string]spec.Mount{
		"/data":      {Type: "volume", Source: s.volume("data")},
		"/anonymous": {Type: "volume"},
	}
	c.Networks = map[string]spec.Endpoint{s.network("net"): {Aliases: []string{"other", "probe"}}}
	c.Restart, c.Memory, c.CPUs, c.CPUShares, c.PidsLimit = "unless-stopped", 64<<20, 5e8, 512, 100
	c.Ulimits = map[string]spec.Ulimit{"nofile": {Soft: 512, Hard: 1024}}
	return c
}

func healthcheck() *spec.Healthcheck {
	return &spec.Healthcheck{Test: []string{"CMD", "/probe", "health"}, Interval: time.Hour, Timeout: 5 * time.Second, Retries: 3}
}

// createIsReadBack: what was asked for is what is recorded and what is
// observed, while it is created and while it runs.
func createIsReadBack(s *suite) {
	want := s.full()
	name := s.create("full", want)
	s.reads(name, want, want)
	c := s.container(name)
	if c.Status != engine.StatusCreated || c.Service != "full" || c.Number != 1 || c.OneOff || c.Created.IsZero() {
		s.Errorf("got %+v", c)
	}
	if c.Image != s.env.Image || c.ImageID == "" || c.Labels["org.example.owner"] != "us" || c.Anonymous["/anonymous"] == "" {
		s.Errorf("got %+v", c)
	}
	s.ok(engine.StartContainer{Name: name})
	s.reads(name, want, want)
	c = s.container(name)
	if c.Status != engine.StatusRunning || c.Health != engine.HealthStarting || c.Started.IsZero() {
		s.Errorf("running: got %+v", c)
	}
	s.ok(engine.StopContainer{Name: name})
	s.reads(name, want, want)
}

// createAgain: the answer of the first call may have been lost.
func createAgain(s *suite) {
	op := s.creation("web", s.full())
	s.clean(engine.RemoveContainer{Name: op.Name, Volumes: true})
	first, second := s.ok(op), s.ok(op)
	if first.ContainerID == "" || first.ContainerID != second.ContainerID {
		s.Errorf("two creations gave %q and %q", first.ContainerID, second.ContainerID)
	}
}

func createNameTaken(s *suite) {
	one, other := "one", "other"
	c := s.definition()
	c.Env = map[string]*string{"KEY": &one}
	s.create("web", c)
	c.Env = map[string]*string{"KEY": &other} // not in the label
	s.fails(s.creation("web", c), engine.ErrConflict)
	c.Env, c.Hostname = map[string]*string{"KEY": &one}, "elsewhere"
	s.fails(s.creation("web", c), engine.ErrConflict)
}

func createWithoutImage(s *suite) {
	s.fails(s.creation("web", spec.Container{Image: s.env.Prefix + "-no-such-image:none"}), engine.ErrNotFound)
}

// startWithoutNetwork: an engine may see at the creation or at the start that a
// network is missing.
func startWithoutNetwork(s *suite) {
	c := s.definition()
	c.Networks = map[string]spec.Endpoint{s.project + "_none": {}}
	op := s.creation("web", c)
	s.clean(engine.RemoveContainer{Name: op.Name})
	if _, err := s.try(op); err == nil {
		s.fails(engine.StartContainer{Name: op.Name}, engine.ErrNotFound)
		return
	}
	s.fails(op, engine.ErrNotFound)
}

func startAndStop(s *suite) {
	name := s.create("web", s.definition())
	s.ok(engine.StopContainer{Name: name})
	s.status(name, engine.StatusCreated)
	s.twice(engine.StartContainer{Name: name})
	s.status(name, engine.StatusRunning)
	s.twice(engine.StopContainer{Name: name})
	s.status(name, engine.StatusExited)
	if c := s.container(name); c.Finished.IsZero() || c.Health != "" || len(c.Ports) > 0 {
		s.Errorf("stopped: got %+v", c)
	}
	s.ok(engine.StartContainer{Name: name})
	s.status(name, engine.StatusRunning)
}

// stopHardly: a program that does not end is ended.
func stopHardly(s *suite) {
	name := s.start("web", s.definition("-ignore-term"))
	now := time.Duration(0)
	s.ok(engine.StopContainer{Name: name, Timeout: &now})
	s.status(name, engine.StatusExited)
}

func stopByOwnTimeout(s *suite) {
	name := s.start("web", s.definition("-ignore-term"), func(op *engine.CreateContainer) { op.StopTimeout = time.Second })
	began := time.Now()
	s.ok(engine.StopContainer{Name: name})
	if took := time.Since(began); took > 8*time.Second {
		s.Errorf("a stop with a timeout of 1s took %s", took)
	}
}

func restart(s *suite) {
	name := s.serve("web")
	before := s.container(name)
	s.ok(engine.RestartContainer{Name: name})
	after := s.container(name)
	if after.ID != before.ID || after.Status != engine.StatusRunning || !after.Started.After(before.Started) {
		s.Errorf("before %+v\nafter  %+v", before, after)
	}
	s.ok(engine.StopContainer{Name: name})
	s.ok(engine.RestartContainer{Name: name})
	s.status(name, engine.StatusRunning)
}

// missing: what is to be away may be gone, all else must be there.
func missing(s *suite) {
	name := s.project + "-none"
	s.ok(engine.StopContainer{Name: name})
	s.ok(engine.RemoveContainer{Name: name})
	s.fails(engine.StartContainer{Name: name}, engine.ErrNotFound)
	s.fails(engine.RestartContainer{Name: name}, engine.ErrNotFound)
	s.fails(engine.UnpauseContainer{Name: name}, engine.ErrNotFound)
	s.fails(engine.UpdateContainer{Name: name, Fields: []string{"restart"}}, engine.ErrNotFound)
	s.fails(engine.RenameContainer{From: name, To: name + "2"}, engine.ErrNotFound)
	s.fails(engine.CopyFiles{Name: name, Files: map[string]spec.FileContent{"/f": {}}}, engine.ErrNotFound)
	s.fails(engine.RunHook{Name: name, Hook: spec.Hook{Command: []string{"/probe", "say", "x"}}}, engine.ErrNotFound)
	s.fails(engine.WaitContainer{Name: name, Condition: engine.Running}, engine.ErrNotFound)
}

// byID: where an operation takes a name, an ID will do.
func byID(s *suite) {
	id := s.container(s.create("web", s.definition())).ID
	s.ok(engine.StartContainer{Name: id})
	s.ok(engine.WaitContainer{Name: id, Condition: engine.Running})
	s.ok(engine.UpdateContainer{Name: id, Fields: []string{"restart"}})
	s.ok(engine.StopContainer{Name: id})
	s.ok(engine.RemoveContainer{Name: id})
	if len(s.snapshot().Containers) > 0 {
		s.Error("it is still there")
	}
}

func remove(s *suite) {
	name := s.serve("web")
	s.twice(engine.RemoveContainer{Name: name})
	if s.has(name) {
		s.Error("it is still there")
	}
}

// foreign: of containers outside the project, the name and the ports are known.
func foreign(s *suite) {
	name := s.start("web", s.published(), func(op *engine.CreateContainer) { op.Labels = nil })
	state := s.snapshot()
	if len(state.Containers) > 0 {
		s.Errorf("containers: %v", state.Containers)
	}
	for _, f := range state.Foreign {
		if f.Name == name {
			if f.Project != "" || len(f.Ports) != 1 || f.Ports[0].Public == 0 {
				s.Errorf("got %+v", f)
			}
			return
		}
	}
	s.Errorf("%s is not among the foreign ones", name)
}

func projectsApart(s *suite) {
	s.create("one", s.definition())
	other := s.project + "-other"
	name := s.create("two", s.definition(), func(op *engine.CreateContainer) { op.Labels[engine.LabelProject] = other })
	if state := s.snapshot(); len(state.Containers) != 1 || state.Containers[0].Service != "one" {
		s.Errorf("containers of the project: %v", state.Containers)
	}
	if state := s.read(engine.Query{Project: other}); len(state.Containers) != 1 || state.Containers[0].Name != name {
		s.Errorf("containers of the other project: %v", state.Containers)
	}
	found := map[string]bool{}
	for _, c := range s.read(engine.Query{}).Containers {
		found[c.Name] = true
	}
	if !found[name] || !found[s.project+"-one-1"] {
		s.Errorf("containers of all projects: %v", found)
	}
}

// anotherTool: what a container without our label was made from is read back
// from it, less what it has anyhow.
func anotherTool(s *suite) {
	asked := s.definition()
	level := "info"
	asked.Env = map[string]*string{"LEVEL": &level}
	asked.Memory, asked.Restart = 64<<20, "on-failure:3"
	asked.NetworkMode = "none" // without one, newer engines tell of their default network
	name := s.create("web", asked, func(op *engine.CreateContainer) {
		delete(op.Labels, engine.LabelDefinition)
		op.Labels[engine.LabelOneOff] = "True"
	})
	c := s.container(name)
	if c.Adopted == nil || !c.OneOff {
		s.Errorf("got %+v", c)
	}
	s.same("read back", c.Recorded, asked)
	s.same("observed", c.Observed, asked)
}

func cancelled(s *suite) {
	op := s.creation("web", s.definition())
	ctx, cancel := contextEnded()
	defer cancel()
	if _, err := s.CreateContainer(ctx, op); err == nil || s.has(op.Name) {
		s.clean(engine.RemoveContainer{Name: op.Name})
		s.Errorf("got %v, and the container is there: %v", err, s.has(op.Name))
	}
}
