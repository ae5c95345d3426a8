package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// SetImage has a local image. Without an ID it gets one made from the
// reference.
func (e *Engine) SetImage(ref string, image engine.Image) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tag(ref, e.complete(ref, image))
}

// SetRegistry has an image that a pull brings.
func (e *Engine) SetRegistry(ref string, image engine.Image) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.registry[canonical(ref)] = e.complete(ref, image)
}

// SetBuild says what the builds of a reference give from now on. Without it a
// build gives an ID made from its definition: equal builds, equal images.
func (e *Engine) SetBuild(ref string, image engine.Image) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.builds[canonical(ref)] = e.complete(ref, image)
}

func (w *world) complete(ref string, image engine.Image) engine.Image {
	if image.ID == "" {
		image.ID = "sha256:" + digest("image "+canonical(ref))
	}
	if image.Created.IsZero() {
		image.Created = w.now()
	}
	return image
}

// tag gives an image a reference. A reference that means it already is not
// tagged anew.
func (w *world) tag(ref string, image engine.Image) {
	if old, ok := w.images[canonical(ref)]; ok && old.ID == image.ID {
		return
	}
	if image.Tagged.IsZero() {
		image.Tagged = w.now()
	}
	w.images[canonical(ref)] = image
}

// image finds a local image by reference or ID.
func (w *world) image(ref string) (engine.Image, bool) {
	if i, ok := w.images[canonical(ref)]; ok {
		return i, true
	}
	for _, i := range w.images {
		if i.ID == ref {
			return i, true
		}
	}
	return engine.Image{}, false
}

// canonical writes a reference in one way: with its tag, and without what every
// engine adds by itself.
func canonical(ref string) string {
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	if !strings.ContainsAny(name, ":@") {
		ref += ":latest"
	}
	return ref
}

// PullImage brings an image from what SetRegistry has put there.
func (e *Engine) PullImage(ctx context.Context, op engine.PullImage, progress func(plan.Progress)) (plan.Outcome, error) {
	progress(plan.Progress{Text: "pulling"})
	var out plan.Outcome
	err := e.do(ctx, op, func() error {
		image, ok := e.registry[canonical(op.Image)]
		if !ok {
			return fmt.Errorf("pull image %q: %w", op.Image, engine.ErrNotFound)
		}
		e.tag(op.Image, image)
		out.ImageID = image.ID
		return nil
	})
	return out, err
}

// BuildImage makes the image that SetBuild says, or one that hangs on the
// definition of the build alone.
func (e *Engine) BuildImage(ctx context.Context, op engine.BuildImage, progress func(plan.Progress)) (plan.Outcome, error) {
	progress(plan.Progress{Text: "building"})
	var out plan.Outcome
	err := e.do(ctx, op, func() error {
		image, ok := e.builds[canonical(op.Image)]
		if !ok {
			text, err := json.Marshal([]any{op.Build, op.Platform})
			if err != nil {
				return fmt.Errorf("build image %q: %w", op.Image, err)
			}
			image = engine.Image{ID: "sha256:" + digest("build "+string(text)), Created: e.now()}
		}
		if image.Labels == nil {
			image.Labels = op.Build.Labels
		}
		e.tag(op.Image, image)
		for _, ref := range op.Build.Tags {
			e.tag(ref, image)
		}
		out.ImageID = image.ID
		return nil
	})
	return out, err
}

// references are all that mean an image, sorted.
func (w *world) references(id string) (out []string) {
	for ref, i := range w.images {
		if i.ID == id {
			out = append(out, ref)
		}
	}
	slices.Sort(out)
	return out
}

// TagImage gives an image one more reference.
func (e *Engine) TagImage(ctx context.Context, op engine.TagImage) error {
	return e.do(ctx, op, func() error {
		image, ok := e.image(op.Image)
		if !ok {
			return fmt.Errorf("tag image %q: %w", op.Image, engine.ErrNotFound)
		}
		image.Tagged = time.Time{} // this reference's own
		e.tag(op.As, image)
		return nil
	})
}

// RemoveImage takes a reference away, unless it is the last one and a container
// uses the image.
func (e *Engine) RemoveImage(ctx context.Context, op engine.RemoveImage) error {
	return e.do(ctx, op, func() error {
		image, ok := e.image(op.Image)
		if !ok {
			return nil
		}
		for _, c := range e.sorted() {
			if c.imageID == image.ID && len(e.references(image.ID)) == 1 {
				return fmt.Errorf("remove image %q: in use by container %s: %w", op.Image, c.name, engine.ErrConflict)
			}
		}
		delete(e.images, canonical(op.Image))
		return nil
	})
}
