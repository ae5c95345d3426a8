package stack

import (
	"context"
	"strings"

	"github.com/stackfile/stack/engine"
)

// Wait returns when every container of some services that runs now has ended. It
// hands each end to ended, in the order in which they come, from this goroutine.
// That none runs is a *NotRunningError.
func Wait(ctx context.Context, e Viewer, p Project, services []string, ended func(c engine.Container, code int)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan engine.ContainerEvent)
	if err := e.Watch(ctx, p.Name, func(event engine.ContainerEvent) {
		select {
		case events <- event:
		case <-ctx.Done():
		}
	}); err != nil {
		return err
	}
	list, err := Containers(ctx, e, p, Selection{Services: services})
	if err != nil {
		return err
	}
	running := runningOf(list)
	if len(running) == 0 {
		return &NotRunningError{Service: strings.Join(services, ", "), Found: list}
	}
	return awaitEnds(ctx, running, events, ended)
}

// runningOf are the containers that have not ended, by ID.
func runningOf(list []engine.Container) map[string]engine.Container {
	out := map[string]engine.Container{}
	for _, c := range list {
		switch c.Status {
		case engine.StatusRunning, engine.StatusPaused, engine.StatusRestarting:
			out[c.ID] = c
		}
	}
	return out
}

// awaitEnds reads events until all that runs has ended.
func awaitEnds(ctx context.Context, running map[string]engine.Container, events <-chan engine.ContainerEvent, ended func(c engine.Container, code int)) error {
	for len(running) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event := <-events:
			c, ok := running[event.ID]
			if !ok || event.Action != "die" {
				continue
			}
			delete(running, event.ID)
			ended(c, event.ExitCode)
		}
	}
	return nil
}
