package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stackfile/stack/engine"
)

// VolumeLabels reads the labels of one volume.
func (e *Engine) VolumeLabels(ctx context.Context, name string) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	v, ok := e.volumes[name]
	if !ok {
		return nil, fmt.Errorf("volume %s: %w", name, engine.ErrNotFound)
	}
	return maps.Clone(v.labels), nil
}

// VolumesWith returns the names of the volumes with a label.
func (e *Engine) VolumesWith(ctx context.Context, label, value string) (names []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	for name, v := range e.volumes {
		if of, ok := v.labels[label]; ok && of == value {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// ClaimVolume makes a volume unless it is there, and returns its labels. Ops has
// it as the CreateVolume that it stands for.
func (e *Engine) ClaimVolume(ctx context.Context, op engine.CreateVolume) (labels map[string]string, err error) {
	err = e.do(ctx, op, func() error {
		name := op.Definition.Name
		if _, ok := e.volumes[name]; !ok {
			e.volumes[name] = volume{maps.Clone(op.Labels), op.Definition, e.now()}
		}
		labels = maps.Clone(e.volumes[name].labels)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return labels, nil
}

// WatchVolume calls f whenever the volume has been removed.
func (e *Engine) WatchVolume(ctx context.Context, name string, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	removed, changed := e.removals(name)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			before := removed
			if removed, changed = e.removals(name); removed > before {
				f()
			}
		}
	}()
	return nil
}

// removals returns how often a volume was removed, and what tells of the next
// change of anything.
func (e *Engine) removals(name string) (n int, changed <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.removed[name], e.changed
}
