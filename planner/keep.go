package planner

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// same reports whether an older generation is the same as a new one: with
// surely only if that is known of its secrets too, else unless the contrary is.
func (k *keeping) same(old, g engine.Generation, surely bool) bool {
	if old.Stack == nil || encode(essence(old.Stack)) != encode(essence(g.Stack)) {
		return false
	}
	for pointer, marks := range g.Withheld {
		if meet(marks, old.Withheld[pointer]) {
			continue
		}
		if surely && len(marks) > 0 || k.differs(old, pointer) {
			return false
		}
	}
	return true
}

// essence is the stack without what makes no difference to its containers.
func essence(s *spec.Stack) *spec.Stack {
	return &spec.Stack{Name: s.Name, Services: s.Services, Networks: s.Networks, Volumes: s.Volumes}
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(mark string) bool { return slices.Contains(b, mark) })
}

// differs reports whether a value that an older generation left out is known to
// be another one than that of now.
func (k *keeping) differs(old engine.Generation, pointer string) (known bool) {
	value, _ := engine.Lookup(k.reachedStack, pointer)
	eachHolder(k.Before, pointer, func(c engine.Container, rest, was string) {
		known = known || was != value && slices.Contains(old.Withheld[pointer], c.Mark(rest))
	})
	return known
}

// keep plans the generation, and the end of those that make room for it.
func (k *keeping) keep(g engine.Generation) error {
	labels, err := g.Labels()
	if err != nil {
		return err
	}
	var tagged []string
	numbers := map[int]bool{g.Number: true}
	s := step{change: plan.Change{Verb: plan.Create, Object: "volume", Name: g.Volume}, reasons: []plan.Reason{{Code: plan.Missing, Text: "keeps what this run came to"}}}
	tags := g.Tags()
	for _, ref := range sortedKeys(tags) {
		if id := tags[ref]; !k.means(ref, id) {
			tagged = append(tagged, k.add(s, "tag "+ref, engine.TagImage{Image: id, As: ref}))
		}
	}
	made := k.add(s, "create volume "+g.Volume, engine.CreateVolume{Definition: spec.Volume{Name: g.Volume}, Labels: labels}, after(tagged...)...)
	stay, out := k.room(g)
	for _, old := range stay {
		numbers[old.Number] = true
	}
	last := []string{made}
	for _, old := range out {
		s := step{change: plan.Change{Verb: plan.Remove, Object: "volume", Name: old.Volume}, reasons: []plan.Reason{{Code: plan.Surplus, Text: fmt.Sprintf("makes room: %d generations are kept", generationsKept)}}}
		last = append(last, k.add(s, "remove volume "+old.Volume, engine.RemoveVolume{Name: old.Volume}, onDone(made)))
	}
	k.untag(g, numbers, last)
	return nil
}

// means reports whether a reference is known to mean an image already.
func (k *keeping) means(ref, id string) bool {
	for _, image := range k.After.Images {
		if image.ID == id && slices.Contains(image.References, ref) {
			return true
		}
	}
	return k.After.Images[ref].ID == id
}

// room parts the older generations into those that stay and those that go: the
// same ones as the new one, as far as is known, and else the oldest.
func (k *keeping) room(g engine.Generation) (stay, out []engine.Generation) {
	for _, old := range slices.Backward(k.After.Generations) {
		if len(stay) == generationsKept-1 || k.same(old, g, false) {
			out = append(out, old)
		} else {
			stay = append(stay, old)
		}
	}
	return stay, out
}

// untag takes away the references of generations that are no more, once the new
// one has its own.
func (k *keeping) untag(g engine.Generation, numbers map[int]bool, edges []string) {
	var refs []string
	for _, ref := range sortedKeys(k.After.Images) {
		if n, ok := engine.TaggedGeneration(k.plan.Project, ref); ok && !numbers[n] {
			refs = append(refs, ref)
		}
	}
	tagged := k.After
	tagged.Images = maps.Clone(tagged.Images)
	for own, id := range g.Tags() {
		for _, ref := range refs {
			if image := tagged.Images[ref]; image.ID == id {
				image.References = append(slices.Clone(image.References), own)
				tagged.Images[ref] = image
			}
		}
	}
	dropped, _ := droppable(k.plan.Project, tagged, refs)
	k.removeTags(dropped, plan.Reason{Code: plan.Surplus, Text: "its generation is not kept any more"}, after(edges...)...)
}
