package enginetest

import "github.com/stackfile/stack/engine"

func images() map[string]func(*suite) {
	return map[string]func(*suite){
		"Image":      image,
		"ImageInUse": imageInUse,
		"Pull":       pull,
		"PullNone":   pullNone,
		"Build":      build,
		"Tag":        tag,
		"FromID":     createFromID,
		"Contents":   contents,
		"Generation": generation,
	}
}

// meaning is what a reference means now, "" for nothing.
func (s *suite) meaning(ref string) string {
	s.Helper()
	return s.read(engine.Query{Project: s.project, Images: []string{ref}}).Images[ref].ID
}

func image(s *suite) {
	none := s.env.Prefix + "-no-such-image:none"
	state := s.read(engine.Query{Project: s.project, Images: []string{s.env.Image, none}})
	if state.Images[s.env.Image].ID == "" {
		s.Errorf("images: %v", state.Images)
	}
	if _, ok := state.Images[none]; ok {
		s.Errorf("an image that is not there is %v", state.Images[none])
	}
	s.ok(engine.RemoveImage{Image: none})
	name := s.create("web", s.definition())
	if got := s.container(name).ImageID; got != state.Images[s.env.Image].ID {
		s.Errorf("the container is made from %q, the image is %q", got, state.Images[s.env.Image].ID)
	}
}

func imageInUse(s *suite) {
	s.create("web", s.definition())
	s.fails(engine.RemoveImage{Image: s.env.Image}, engine.ErrConflict)
}

func pull(s *suite) {
	if s.env.Pull == "" {
		s.Skip("there is no registry")
	}
	out := s.ok(engine.PullImage{Image: s.env.Pull})
	if out.ImageID == "" || out.ImageID != s.meaning(s.env.Pull) {
		s.Errorf("pulled %q, the reference means %q", out.ImageID, s.meaning(s.env.Pull))
	}
}

func pullNone(s *suite) {
	if s.env.Pull == "" {
		s.Skip("there is no registry")
	}
	s.fails(engine.PullImage{Image: s.env.Pull + "-none"}, engine.ErrNotFound)
}

// build: an image has its reference at the end, and building it again gives the
// same one.
func build(s *suite) {
	if s.env.Build == nil {
		s.Skip("there is nothing to build")
	}
	op := engine.BuildImage{Image: s.project + ":latest", Build: *s.env.Build}
	s.clean(engine.RemoveImage{Image: op.Image})
	first, second := s.ok(op), s.ok(op)
	if first.ImageID == "" || first.ImageID != second.ImageID || first.ImageID != s.meaning(op.Image) {
		s.Errorf("built %q and %q, the reference means %q", first.ImageID, second.ImageID, s.meaning(op.Image))
	}
	s.ok(engine.RemoveImage{Image: op.Image})
	if got := s.meaning(op.Image); got != "" {
		s.Errorf("after its removal the reference means %q", got)
	}
}
