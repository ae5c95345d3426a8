package enginetest

import (
	"reflect"

	"github.com/stackfile/stack/engine"
)

// brief: a brief look tells of each container what Listed keeps of a full one,
// however it stands, and nothing else.
func brief(s *suite) {
	s.create("created", s.definition())
	s.start("full", s.full())
	ended := s.start("ended", s.definition("-exit", "3"))
	if _, err := s.try(engine.WaitContainer{Name: ended, Condition: engine.Completed}); err == nil {
		s.Error("a container that exits with 3 has completed")
	}
	s.ok(engine.StopContainer{Name: s.start("stopped", s.definition())})
	got, full := s.read(engine.Query{Project: s.project, Brief: true, Images: []string{s.env.Image}}), s.snapshot()
	s.alike(got.Containers, full.Containers)
	if len(got.Networks)+len(got.Volumes)+len(got.Foreign) > 0 || got.Images[s.env.Image].ID == "" {
		s.Errorf("got %+v", got)
	}
}

// alike holds listed containers to those of a full look.
func (s *suite) alike(listed, full []engine.Container) {
	s.Helper()
	var want []engine.Container
	for _, c := range full {
		want = append(want, c.Listed())
	}
	if !reflect.DeepEqual(listed, want) {
		s.Errorf("listed is\n%+v\nwant\n%+v", listed, want)
	}
}

// enough: who is content with the lists is given those, and asked once.
func enough(s *suite) {
	s.start("web", s.full())
	full := s.snapshot()
	for _, content := range []bool{true, false} {
		asked := 0
		got := s.read(engine.Query{Project: s.project, Images: []string{s.env.Image}, Enough: func(short engine.State) bool {
			asked++
			s.alike(short.Containers, full.Containers)
			if len(short.Networks) != 1 || len(short.Volumes) != 1 || len(short.Images) > 0 {
				s.Errorf("asked with %+v", short)
			}
			return content
		}})
		if short := got.Containers[0].Recorded == nil && len(got.Images) == 0; asked != 1 || short != content {
			s.Errorf("content: %t; asked %d times, got %+v", content, asked, got)
		}
	}
}
