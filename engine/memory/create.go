package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// CreateContainer makes a container. A name that is taken by one with this very
// definition, not started yet, is success.
func (e *Engine) CreateContainer(ctx context.Context, op engine.CreateContainer) (plan.Outcome, error) {
	var out plan.Outcome
	err := e.do(ctx, op, func() error {
		id, err := e.create(op)
		out.ContainerID = id
		if err != nil {
			return fmt.Errorf("create container %s: %w", op.Name, err)
		}
		return nil
	})
	return out, err
}

func (w *world) create(op engine.CreateContainer) (string, error) {
	if rival := w.find(op.Name); rival != nil {
		if rival.status == engine.StatusCreated && rival.madeFrom(op.Definition) {
			return rival.id, nil
		}
		return "", fmt.Errorf("the name is taken by container %s: %w", rival.id, engine.ErrConflict)
	}
	image, ok := w.image(cmp.Or(op.Image, op.Definition.Image))
	if !ok {
		return "", fmt.Errorf("image %q: %w", op.Definition.Image, engine.ErrNotFound)
	}
	c := &container{
		name: op.Name, image: op.Definition.Image, imageID: image.ID, labels: maps.Clone(op.Labels),
		made: op.Definition, live: op.Definition, status: engine.StatusCreated, created: w.now(),
		copied: map[string]spec.FileContent{}, check: checked(op.Definition.Healthcheck, image.Healthcheck),
	}
	for _, step := range []func(*container, engine.CreateContainer) error{w.join, w.attachAll} {
		if err := step(c, op); err != nil {
			return "", err
		}
	}
	c.id = w.newID("container", op.Name)
	w.mount(c, op, image)
	w.containers[c.id] = c
	w.names[c.name] = c.id
	w.event(c, "create")
	return c.id, nil
}

// checked reports whether a container has a healthcheck: its own, or its
// image's where its own says nothing of the test.
func checked(own, image *spec.Healthcheck) bool {
	if own != nil && len(own.Test) > 0 {
		return !own.Disabled()
	}
	return image != nil && len(image.Test) > 0 && !image.Disabled()
}

// join finds the containers that this one shares something with.
func (w *world) join(c *container, op engine.CreateContainer) error {
	for _, mode := range []string{op.NetworkMode, op.PID, op.IPC} {
		name, ok := strings.CutPrefix(mode, "container:")
		if !ok {
			continue
		}
		other, err := w.get(name)
		if err != nil {
			return err
		}
		if !slices.Contains(c.joins, other.id) {
			c.joins = append(c.joins, other.id)
		}
	}
	for _, from := range op.VolumesFrom {
		name, _, _ := strings.Cut(from, ":")
		other, err := w.get(name)
		if err != nil {
			return fmt.Errorf("volumes from: %w", err)
		}
		c.volumes = append(c.volumes, other.volumes...)
	}
	return nil
}

// attachAll attaches a new container to the networks that it is created with.
func (w *world) attachAll(c *container, op engine.CreateContainer) error {
	if w.connectOne && len(op.Connect) > 1 {
		return fmt.Errorf("%d networks at once: %w", len(op.Connect), engine.ErrUnsupported)
	}
	if len(op.Connect) > 0 && strings.HasPrefix(op.NetworkMode, "container:") {
		return fmt.Errorf("networks beside network_mode %s: %w", op.NetworkMode, engine.ErrConflict)
	}
	c.attached = map[string]attachment{}
	for _, name := range op.Connect {
		n, err := w.network(name)
		if err != nil {
			return err
		}
		c.attached[name] = attachment{n.id, op.Definition.Networks[name]}
	}
	return nil
}

// mount gives a container its volumes: named ones, which are made when they are
// missing, those that it carries over, and new anonymous ones.
func (w *world) mount(c *container, op engine.CreateContainer, image engine.Image) {
	c.anonymous = map[string]string{}
	for target, m := range op.Definition.Mounts {
		switch {
		case m.Type == "volume" && m.Source != "":
			w.mountVolume(c, m.Source)
		case m.Type == "volume":
			w.mountAnonymous(c, op, target)
		}
	}
	for _, target := range image.Volumes {
		_, mounted := op.Definition.Mounts[target]
		_, covered := op.Definition.Tmpfs[target]
		if !mounted && !covered {
			w.mountAnonymous(c, op, target)
		}
	}
}

func (w *world) mountAnonymous(c *container, op engine.CreateContainer, target string) {
	name, carried := op.Anonymous[target]
	if carried {
		c.carried = append(slices.Clip(c.carried), name)
	} else {
		name = digest("volume " + c.id + " " + target)
	}
	c.anonymous[target] = name
	w.mountVolume(c, name)
}

func (w *world) mountVolume(c *container, name string) {
	if _, ok := w.volumes[name]; !ok {
		w.volumes[name] = volume{definition: spec.Volume{Name: name, Driver: "local"}, created: w.now()}
	}
	if !slices.Contains(c.volumes, name) {
		c.volumes = append(slices.Clip(c.volumes), name)
	}
}
