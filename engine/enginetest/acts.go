package enginetest

import (
	"context"
	"errors"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

func acts() map[string]func(*suite) {
	return map[string]func(*suite){
		"Pause":         pause,
		"Kill":          kill,
		"KillByASignal": killBySignal,
		"ActsOnNone":    actsOnNone,
		"Commit":        commit,
		"PushOfNone":    pushOfNone,
	}
}

// pause: it shows, is success when it is done already, and a pause of what does not
// run is none.
func pause(s *suite) {
	name := s.serve("web")
	s.twice(engine.PauseContainer{Name: name})
	s.status(name, engine.StatusPaused)
	s.ok(engine.UnpauseContainer{Name: name})
	s.status(name, engine.StatusRunning)
	s.ok(engine.StopContainer{Name: name})
	s.ok(engine.PauseContainer{Name: name})
	s.status(name, engine.StatusExited)
}

// kill: it ends a program that does not listen, for good.
func kill(s *suite) {
	c := s.definition("-ignore-term")
	c.Restart = "always"
	name := s.start("web", c)
	s.twice(engine.KillContainer{Name: name})
	s.status(name, engine.StatusExited)
	if code := s.container(name).ExitCode; code != 137 {
		s.Errorf("exit code %d, want that of SIGKILL", code)
	}
	s.ok(engine.StartContainer{Name: name})
	s.ok(engine.PauseContainer{Name: name})
	s.ok(engine.KillContainer{Name: name})
	s.status(name, engine.StatusExited)
}

func killBySignal(s *suite) {
	name := s.serve("web")
	if _, err := s.try(engine.KillContainer{Name: name, Signal: "NOPE"}); err == nil {
		s.Error("a signal that there is not: no error")
	}
	s.status(name, engine.StatusRunning)
}

func actsOnNone(s *suite) {
	name := s.project + "-none"
	s.ok(engine.KillContainer{Name: name})
	s.fails(engine.PauseContainer{Name: name}, engine.ErrNotFound)
	s.fails(engine.CommitContainer{Name: name}, engine.ErrNotFound)
}

// commit: the image has its name and another ID than the container's.
func commit(s *suite) {
	name, ref := s.serve("web"), s.project+"-committed:1"
	s.clean(engine.RemoveImage{Image: ref})
	out := s.ok(engine.CommitContainer{Name: name, Image: ref, Author: "me", Message: "text", Changes: []string{"ENV A=1"}, Pause: true})
	found, ok := s.read(engine.Query{Project: s.project, Images: []string{ref}}).Images[ref]
	if !ok || out.ImageID == "" || found.ID != out.ImageID || found.ID == s.container(name).ImageID {
		s.Errorf("committed as %q, found %+v", out.ImageID, found)
	}
	s.status(name, engine.StatusRunning)
}

func pushOfNone(s *suite) {
	_, err := engine.Perform(s.ctx, s.Engine, engine.PushImage{Image: "nowhere.invalid/" + s.project + ":1"}, func(plan.Progress) {})
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("an image that is not there: %v", err)
	}
}
