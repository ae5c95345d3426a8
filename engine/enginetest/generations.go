package enginetest

import (
	"bytes"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// tag: an image can have several references; it goes with the last of them, and
// not before a container of it.
func tag(s *suite) {
	if s.env.Build == nil {
		s.Skip("there is nothing to build")
	}
	one, other := s.project+":one", s.env.Prefix+"/tagged:other"
	b := *s.env.Build
	b.Labels = map[string]string{"org.example.test": "tag"} // an image that no other test has
	for _, ref := range []string{one, other} {
		s.clean(engine.RemoveImage{Image: ref})
	}
	id := s.ok(engine.BuildImage{Image: one, Build: b}).ImageID
	s.fails(engine.TagImage{Image: s.project + ":none", As: other}, engine.ErrNotFound)
	s.twice(engine.TagImage{Image: id, As: other})
	state := s.read(engine.Query{Project: s.project, Repository: s.env.Prefix + "/tagged"})
	got := state.Images[other]
	if len(state.Images) != 1 || got.ID != id || got.Labels["org.example.test"] != "tag" || !slices.Contains(got.References, one) || !slices.Contains(got.References, other) {
		s.Errorf("the repository has %+v", state.Images)
	}
	c := s.definition()
	c.Image = one
	name := s.create("web", c)
	s.ok(engine.RemoveImage{Image: one})
	if s.meaning(one) != "" || s.meaning(other) != id {
		s.Errorf("%s means %q, %s means %q", one, s.meaning(one), other, s.meaning(other))
	}
	s.fails(engine.RemoveImage{Image: other}, engine.ErrConflict)
	s.ok(engine.RemoveContainer{Name: name})
	s.ok(engine.RemoveImage{Image: other})
	if got := s.meaning(id); got != "" {
		s.Errorf("without a reference the image is %q", got)
	}
}

// createFromID: a container can be made from an image that its reference does
// not mean any more, and still says what was asked for.
func createFromID(s *suite) {
	id := s.meaning(s.env.Image)
	c := s.definition()
	c.Image = s.env.Prefix + "-moved-on:1"
	name := s.start("web", c, func(op *engine.CreateContainer) { op.Image = id })
	s.reads(name, c, c)
	if got := s.container(name); got.Image != c.Image || got.ImageID != id {
		s.Errorf("made from %s, which was %s", got.Image, got.ImageID)
	}
}

// contents: configs and secrets can be read back, of a container that runs or
// does not.
func contents(s *suite) {
	c := s.definition()
	c.Files = map[string]spec.File{"/run/secrets/x": {Source: "secrets.x", Digest: "sha256:1"}, "/none": {Source: "configs.none", Digest: "sha256:2"}}
	want := []byte("hidden\n")
	name := s.create("web", c)
	s.ok(engine.CopyFiles{Name: name, Files: map[string]spec.FileContent{"/run/secrets/x": {Content: want}, "/other": {Content: want}}})
	check := func(when string) {
		s.Helper()
		got := s.read(engine.Query{Project: s.project, Contents: true}).Containers[0].Contents
		if len(got) != 1 || !bytes.Equal(got["/run/secrets/x"], want) {
			s.Errorf("%s: %q", when, got)
		}
	}
	check("created")
	s.ok(engine.StartContainer{Name: name})
	check("running")
	s.ok(engine.StopContainer{Name: name})
	check("stopped")
	if got := s.container(name).Contents; len(got) > 0 {
		s.Errorf("read, and not asked for: %q", got)
	}
}

// generation: a volume that keeps one is no volume of the project's, and what it
// needs can be asked for.
func generation(s *suite) {
	network := s.network("net")
	volume := s.volume("data")
	g := engine.Generation{
		Number: 7, Volume: engine.GenerationVolume(s.project, 7), Project: s.project,
		Stack: &spec.Stack{
			Name: s.project, Services: map[string]spec.Service{"web": {Name: "web", ImageID: s.meaning(s.env.Image)}},
			Networks: map[string]spec.Network{"net": {Name: network}}, Volumes: map[string]spec.Volume{"data": {Name: volume}},
		},
		Withheld: map[string][]string{"/Services/web/Container/environment/PASSWORD": {"0123456789ab"}},
		Records:  map[string]engine.Record{"web": {Stop: 1, Ready: 2}},
	}
	labels, err := g.Labels()
	if err != nil {
		s.Fatal(err)
	}
	s.clean(engine.RemoveVolume{Name: g.Volume})
	s.twice(engine.CreateVolume{Definition: spec.Volume{Name: g.Volume}, Labels: labels})
	state := s.read(engine.Query{Project: s.project, Generations: true})
	if len(state.Volumes) != 1 || len(state.Generations) != 1 || state.Generations[0].Created.IsZero() {
		s.Fatalf("volumes %v, generations %v", state.Volumes, state.Generations)
	}
	g.Created = state.Generations[0].Created
	s.same("generation", state.Generations[0], g)
	s.same("records", state.Records, g.Records)
	if id := state.Generations[0].Stack.Services["web"].ImageID; state.Images[id].ID != id {
		s.Errorf("images %v", state.Images)
	}
}
