package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// List returns the containers of a project, the newest first.
func (e *Engine) List(ctx context.Context, project string) ([]engine.Listing, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	var out []engine.Listing
	for _, c := range e.sorted() {
		if !within(c.labels, project) {
			continue
		}
		found, err := e.listing(c)
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	slices.SortStableFunc(out, func(a, b engine.Listing) int { return b.Created.Compare(a.Created) })
	return out, nil
}

func (w *world) listing(c *container) (engine.Listing, error) {
	found, err := c.snapshot(w.networks)
	if err != nil {
		return engine.Listing{}, err
	}
	out := engine.Listing{Container: found.Listed(), Sentence: sentence(c), Networks: slices.Sorted(maps.Keys(found.Observed.Networks))}
	out.Image, out.Command, out.Created, out.Ports = found.Image, found.Command, found.Created, found.Ports
	for _, m := range found.Observed.Mounts {
		if m.Source != "" {
			out.Mounts = append(out.Mounts, m.Source)
		}
		if m.Type == "volume" {
			out.Local++
		}
	}
	slices.Sort(out.Mounts)
	return out, nil
}

// sentence is how a container stands, in the words of a real engine. Time goes on
// with operations only, and nothing is older than a minute.
func sentence(c *container) string {
	const up, ago = "Up Less than a minute", "Less than a minute ago"
	switch c.status {
	case engine.StatusRunning:
		switch c.health {
		case "":
			return up
		case engine.HealthStarting:
			return up + " (health: starting)"
		}
		return fmt.Sprintf("%s (%s)", up, c.health)
	case engine.StatusPaused:
		return up + " (Paused)"
	case engine.StatusRestarting:
		return fmt.Sprintf("Restarting (%d) %s", c.exitCode, ago)
	case engine.StatusExited:
		return fmt.Sprintf("Exited (%d) %s", c.exitCode, ago)
	}
	return "Created"
}

// ListVolumes returns the volumes of a project, by name.
func (e *Engine) ListVolumes(ctx context.Context, project string) ([]engine.VolumeListing, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	var out []engine.VolumeListing
	for _, name := range slices.Sorted(maps.Keys(e.volumes)) {
		v := e.volumes[name]
		if within(v.labels, project) {
			out = append(out, engine.VolumeListing{
				Name: name, Driver: driver(v.definition), Scope: "local", Labels: maps.Clone(v.labels),
				Mountpoint: "/var/lib/memory/volumes/" + name,
			})
		}
	}
	return out, nil
}

func driver(v spec.Volume) string {
	if v.Driver == "" {
		return "local"
	}
	return v.Driver
}

// DescribeImage tells of an image. Each is 1 MB, of linux/amd64.
func (e *Engine) DescribeImage(ctx context.Context, name string) (engine.ImageDescription, error) {
	if err := ctx.Err(); err != nil {
		return engine.ImageDescription{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	i, ok := e.image(name)
	if !ok {
		return engine.ImageDescription{}, fmt.Errorf("image %s: %w", name, engine.ErrNotFound)
	}
	out := engine.ImageDescription{ID: i.ID, OS: "linux", Arch: "amd64", Size: 1e6, Created: i.Created, Tagged: i.Tagged}
	for _, ref := range e.references(i.ID) {
		if !strings.Contains(ref, "@") {
			out.References = append(out.References, ref)
		}
	}
	return out, nil
}

// PinImage takes an image's ID for its digest.
func (e *Engine) PinImage(ctx context.Context, ref string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if strings.Contains(ref, "@") {
		return ref, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	i, ok := e.registry[canonical(ref)]
	if !ok {
		return "", fmt.Errorf("digest of image %q: %w", ref, engine.ErrNotFound)
	}
	return canonical(ref) + "@" + i.ID, nil
}
