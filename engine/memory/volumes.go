package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

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

// WatchVolume calls f at first, and whenever the volume has gone, or has been
// made anew.
func (e *Engine) WatchVolume(ctx context.Context, name string, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	made, changed := e.volume(name)
	go func() {
		f()
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			before := made
			if made, changed = e.volume(name); !before.IsZero() && !made.Equal(before) {
				f()
			}
		}
	}()
	return nil
}

// volume returns when a volume was made, zero for none, and what tells of the
// next change of anything.
func (e *Engine) volume(name string) (made time.Time, changed <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.volumes[name].created, e.changed
}
