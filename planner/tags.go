package planner

import (
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// droppable parts references that kept images for generations into those that
// may go and those that stay. An engine removes an image with its last
// reference. So one may go where the image keeps another one, or where the
// stack itself has built the image and no container of it uses it any more.
// going are references that are removed as well.
func droppable(project string, observed engine.State, refs []string, going ...string) (drop, stay []string) {
	for _, ref := range refs {
		image := observed.Images[ref]
		others := slices.ContainsFunc(image.References, func(other string) bool {
			return !slices.Contains(refs, other) && !digestOf(project, other) && !slices.ContainsFunc(going, func(ref string) bool { return alike(ref, other) })
		})
		ours := image.Labels[engine.LabelProject] == project && !uses(observed, image.ID)
		if others || ours {
			drop = append(drop, ref)
		} else {
			stay = append(stay, ref)
		}
	}
	return drop, stay
}

// alike reports whether a reference is the short form of another one.
func alike(short, full string) bool { return full == short || full == short+":latest" }

// digestOf reports whether a reference is one by digest in the repository of the
// project's generations: some engines make one for each tag, and take it away
// with the tag.
func digestOf(project, ref string) bool {
	return strings.HasPrefix(ref, engine.GenerationRepository(project)+"@")
}

func uses(observed engine.State, imageID string) bool {
	return slices.ContainsFunc(observed.Containers, func(c engine.Container) bool { return c.ImageID == imageID })
}

// removeTags plans the end of references, once other actions have succeeded. One
// goes after the other: engines trip over an image that goes twice at once.
func (d *draft) removeTags(refs []string, why plan.Reason, edges ...plan.Edge) {
	for _, ref := range refs {
		s := step{change: plan.Change{Verb: plan.Remove, Object: "image", Name: ref}, reasons: []plan.Reason{why}}
		id := d.add(s, "remove image "+ref, engine.RemoveImage{Image: ref}, edges...)
		edges = append(slices.Clip(edges), onSettled(id))
	}
}
