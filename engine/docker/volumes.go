package docker

import (
	"context"
	"slices"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
)

// VolumeLabels reads the labels of one volume. The call is GET /volumes/{name}.
func (e *Engine) VolumeLabels(ctx context.Context, name string) (map[string]string, error) {
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	found, err := e.client.VolumeInspect(ctx, name)
	return found.Labels, e.fail(err, "volume %s", name)
}

// VolumesWith returns the names of the volumes with a label. The call is GET
// /volumes.
func (e *Engine) VolumesWith(ctx context.Context, label, value string) ([]string, error) {
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	found, err := e.client.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", label+"="+value))})
	if err != nil {
		return nil, e.fail(err, "volumes with label %s", label)
	}
	var names []string
	for _, v := range found.Volumes {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names, nil
}

// WatchVolume calls f at each event that the volume has gone, and whenever events
// may have been missed. The call is GET /events.
func (e *Engine) WatchVolume(ctx context.Context, name string, f func()) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	args := filters.NewArgs(
		filters.Arg("type", string(events.VolumeEventType)), filters.Arg("event", string(events.ActionDestroy)), filters.Arg("volume", name),
	)
	s, err := e.subscribe(ctx, args, timestamp(time.Now().Add(-overlap)))
	if err != nil {
		return e.fail(err, "events of volume %s", name)
	}
	go func() {
		for s.messages != nil {
			for m := range s.all(ctx) {
				if m.Actor.ID == name { // the filter takes longer names too
					f()
				}
			}
			if s = e.resubscribe(ctx, args, time.Now().Add(-overlap)); s.messages != nil {
				f()
			}
		}
	}()
	return nil
}
