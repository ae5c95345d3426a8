package laws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// TestGenerationsComeBackAsTheyWere brings random stacks up, one after the
// other, and goes back to each generation that is kept: every container has the
// image, the variables and the files that it had, or else the values that are
// missing are named. No secret is in any label of a volume, no more than three
// generations are kept, and each of them with its images.
func TestGenerationsComeBackAsTheyWere(t *testing.T) {
	var back, missing atomic.Int32
	t.Cleanup(func() {
		t.Logf("%d generations came back, %d lacked a secret", back.Load(), missing.Load())
		if 2*back.Load() < missing.Load() {
			t.Error("too few came back for this to tell anything")
		}
	})
	for seed := range *cases / 4 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := &historian{world: newWorld(t, seed), was: map[string]map[string]string{}, back: &back, missing: &missing}
			for range 2 + h.IntN(4) {
				h.round()
			}
			h.bounded()
			h.comeBack()
		})
	}
}

// historian remembers what ran when each generation was recorded.
type historian struct {
	*world
	was map[string]map[string]string // volume of the generation -> container -> what it is

	back, missing *atomic.Int32
}

// round brings up one more stack, and records it.
func (h *historian) round() {
	if h.chance(5) {
		h.down()
	}
	stack := h.next()
	if _, err := planner.Up(stack, snapshot(h, h.on(), stack), planner.Options{}); err != nil {
		h.after = h.before
		return // such as a lender of namespaces without a replica
	}
	h.before = stack
	c := Case{Engine: h.engine().Clone(), Desired: stack}
	h.up(stack)
	c.carryOut(h, h.engine(), c.record(h, h.engine(), nil))
	state := history(h, h.engine(), "p")
	if len(state.Generations) > 0 {
		newest := state.Generations[len(state.Generations)-1]
		h.was[newest.Volume] = seen(state, newest)
	}
}

// next is another stack, made from the one before.
func (h *historian) next() *spec.Stack {
	if h.before == nil {
		h.after = h.stack()
	}
	for range h.IntN(4) {
		h.try(edits[h.IntN(len(edits))])
	}
	stack := clone(h.world, h.after)
	for _, name := range slices.Sorted(maps.Keys(stack.Services)) {
		stack.Services[name] = h.secretive(stack.Services[name])
	}
	h.after = stack
	return stack
}

// secretive gives a service secrets, and an image that moves.
func (h *historian) secretive(s spec.Service) spec.Service {
	s.Container.Env = maps.Clone(s.Container.Env)
	if s.Container.Env["PASSWORD"] == nil || h.chance(10) {
		url, password := fmt.Sprintf("db://me:hidden-%d@db", h.IntN(3)), fmt.Sprintf("hidden-%d", h.IntN(3))
		s.Container.Env = map[string]*string{"PASSWORD": &password, "URL": &url}
	}
	if level := fmt.Sprint(h.IntN(2)); h.chance(50) {
		s.Container.Env["LEVEL"] = &level
	}
	if len(s.Files) > 0 && h.chance(20) {
		content := []byte(fmt.Sprintf("hidden-%d", h.IntN(2)))
		s.Files = map[string]spec.FileContent{"/secret": {Content: content}}
		s.Container.Files = map[string]spec.File{"/secret": {Source: "secrets.x", Digest: digest(content)}}
	}
	if s.Build == nil && h.chance(50) {
		h.engine().SetImage(s.Container.Image, engine.Image{ID: fmt.Sprintf("sha256:%s%d", s.Name, h.IntN(5))})
	}
	return s
}

func (h *historian) down() {
	state := history(h, h.engine(), "p")
	p, err := planner.Down("p", nil, state, planner.DownOptions{})
	if err != nil {
		h.Fatal(err)
	}
	Case{}.carryOut(h, h.engine(), p)
}

// seen is what each container of a generation's services is, as a rollback must
// bring it back.
func seen(s engine.State, g engine.Generation) map[string]string {
	out := map[string]string{}
	for _, c := range s.Containers {
		if _, ok := g.Stack.Services[c.Service]; !ok {
			continue // an orphan
		}
		var env []string
		for key, value := range c.Recorded.Env {
			env = append(env, key+"="+*value)
		}
		slices.Sort(env)
		out[c.Name] = fmt.Sprintf("%s %s %s %s", c.ImageID, env, c.Contents, definition(c))
	}
	return out
}

// bounded: three at most, all with their images, and without a secret.
func (h *historian) bounded() {
	state := history(h, h.engine(), "p")
	if n := len(state.Generations); n == 0 || n > 3 {
		h.Errorf("%d generations", n)
	}
	want := map[string]bool{}
	for _, g := range state.Generations {
		labels, err := h.engine().VolumeLabels(context.Background(), g.Volume)
		if err != nil || strings.Contains(fmt.Sprint(labels), "hidden") || strings.Contains(fmt.Sprint(labels), digest([]byte("hidden-0"))) {
			h.Errorf("labels of %s: %v, %v", g.Volume, labels, err)
		}
		for name, s := range g.Stack.Services {
			ref := engine.GenerationTag("p", g.Number, name)
			if want[ref] = true; s.ImageID != "" && state.Images[ref].ID != s.ImageID {
				h.Errorf("%s means %q and not %q", ref, state.Images[ref].ID, s.ImageID)
			}
		}
	}
	for ref, image := range state.Images {
		// An image that has no other name, and that no stack has built, stays.
		if _, ok := engine.TaggedGeneration("p", ref); ok && !want[ref] && len(image.References) > 1 {
			h.Errorf("%s is left", ref)
		}
	}
}

// comeBack goes back to each generation, on an engine of its own.
func (h *historian) comeBack() {
	for _, g := range history(h, h.engine(), "p").Generations {
		e := h.engine().Clone()
		p, err := planner.Rollback("p", history(h, e, "p"), planner.RollbackOptions{To: g.Number, RemoveOrphans: true})
		if errors.As(err, new(*planner.MissingError)) {
			h.missing.Add(1)
			continue
		}
		if err != nil {
			h.Errorf("back to %d: %v", g.Number, err)
			continue
		}
		Case{}.carryOut(h, e, p)
		h.back.Add(1)
		if got := seen(history(h, e, "p"), g); !maps.Equal(got, h.was[g.Volume]) {
			h.Errorf("generation %d came back as\n%v\nand not as\n%v\nthe plan was:\n%s", g.Number, got, h.was[g.Volume], p.Graph())
		}
	}
}
