package enginetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

func inspects() map[string]func(*suite) {
	return map[string]func(*suite){
		"List":          list,
		"ListVolumes":   listVolumes,
		"DescribeImage": describeImage,
		"PinImage":      pinImage,
		"Processes":     processes,
		"Usage":         usage,
		"Events":        eventsTold,
	}
}

// list: a list tells of each container what Listed keeps of a full look, and
// how it stands.
func list(s *suite) {
	s.start("full", s.full())
	ended := s.start("ended", s.definition("-exit", "3"))
	s.notReady(engine.WaitContainer{Name: ended, Condition: engine.Completed})
	s.create("other", s.definition(), func(op *engine.CreateContainer) { op.Labels[engine.LabelProject] += "-other" })
	got, err := s.List(s.ctx, s.project)
	if err != nil || len(got) != 2 {
		s.Fatalf("got %+v, %v", got, err)
	}
	for _, full := range s.snapshot().Containers {
		i := slices.IndexFunc(got, func(l engine.Listing) bool { return l.ID == full.ID })
		if i < 0 {
			s.Fatalf("%s is not listed", full.Name)
		}
		l := got[i]
		if !reflect.DeepEqual(l.Listed(), full.Listed()) {
			s.Errorf("listed is\n%+v\nwant\n%+v", l.Listed(), full.Listed())
		}
		want := map[string]string{"full": "Up ", "ended": "Exited (3) "}[l.Service]
		if l.Image != full.Image || l.Command == "" || l.Created.IsZero() || !strings.HasPrefix(l.Sentence, want) {
			s.Errorf("got %+v, want it to begin with %q", l, want)
		}
	}
}

func listVolumes(s *suite) {
	name := s.project + "_data"
	s.clean(engine.RemoveVolume{Name: name})
	s.ok(engine.CreateVolume{Definition: spec.Volume{Name: name}, Labels: s.labels(map[string]string{engine.LabelVolume: "data"})})
	got, err := s.ListVolumes(s.ctx, s.project)
	if err != nil || len(got) != 1 || got[0].Name != name || got[0].Driver != "local" || got[0].Scope != "local" ||
		got[0].Mountpoint == "" || got[0].Labels[engine.LabelVolume] != "data" {
		s.Errorf("got %+v, %v", got, err)
	}
}

func describeImage(s *suite) {
	got, err := s.DescribeImage(s.ctx, s.env.Image)
	if err != nil || got.Size == 0 || got.OS == "" || got.Arch == "" || len(got.References) == 0 {
		s.Errorf("got %+v, %v", got, err)
	}
	if again, err := s.DescribeImage(s.ctx, got.ID); err != nil || again.ID != got.ID {
		s.Errorf("by its ID: %+v, %v", again, err)
	}
	if _, err := s.DescribeImage(s.ctx, s.project+"/none:1"); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("of none: %v", err)
	}
}

func pinImage(s *suite) {
	const pinned = "registry.example.org/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	if got, err := s.PinImage(s.ctx, pinned); got != pinned || err != nil {
		s.Errorf("of a pinned one: %q, %v", got, err)
	}
	if s.env.Pull == "" {
		return
	}
	got, err := s.PinImage(s.ctx, s.env.Pull)
	if err != nil || !strings.HasPrefix(got, s.env.Pull+"@sha256:") {
		s.Errorf("got %q, %v", got, err)
	}
}

func processes(s *suite) {
	got, err := s.Processes(s.ctx, s.serve("web"))
	if err != nil || len(got.Rows) != 1 || len(got.Rows[0]) != len(got.Titles) || !slices.Contains(got.Titles, "PID") {
		s.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.Processes(s.ctx, s.create("idle", s.definition())); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("of one that does not run: %v", err)
	}
	if _, err := s.Processes(s.ctx, s.project+"-none"); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("of none: %v", err)
	}
}

func usage(s *suite) {
	got, err := s.Usage(s.ctx, s.serve("web"))
	if err != nil || got.Memory == 0 || got.MemoryLimit < got.Memory || got.Processes == 0 {
		s.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.Usage(s.ctx, s.project+"-none"); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("of none: %v", err)
	}
}

// eventsTold: what has been is told with a Since, and what comes is told until
// ctx is done.
func eventsTold(s *suite) {
	name := s.serve("web")
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var seen []string
	err := s.Events(ctx, engine.EventQuery{Project: s.project, Since: "10m"}, func(e engine.Event) {
		if e.ID == "" || e.Time.IsZero() || e.Attributes["name"] != name || e.Attributes[engine.LabelService] != "web" {
			s.Errorf("got %+v", e)
		}
		if seen = append(seen, e.Action); e.Action == "start" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || strings.Join(seen, " ") != "create start" {
		s.Errorf("got %v, %v", seen, err)
	}
}
