package docker

import (
	"context"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/stackfile/stack/engine"
)

// Logs writes a container's output to the writers. A container with a terminal
// has one stream, which goes to stdout. The end of ctx ends it, with ctx's
// error. The call is GET /containers/{id}/logs.
func (e *Engine) Logs(ctx context.Context, name string, opts engine.LogOptions, stdout, stderr io.Writer) error {
	return e.onContainer(ctx, name, "logs", func() error {
		found, err := e.client.ContainerInspect(ctx, name)
		if err != nil {
			return err
		}
		return e.logs(ctx, found, opts, stdout, stderr)
	})
}

func (e *Engine) logs(ctx context.Context, c container.InspectResponse, opts engine.LogOptions, stdout, stderr io.Writer) error {
	stream, err := e.client.ContainerLogs(ctx, c.ID, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: opts.Follow, Tail: opts.Tail,
		Since: opts.Since, Until: opts.Until, Timestamps: opts.Timestamps,
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	err = demultiplex(stream, c.Config.Tty, stdout, stderr)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// watched are the events of a container's life that Watch passes on. Probes,
// execs and the like are left out: they are many and change nothing.
var watched = []events.Action{
	events.ActionCreate, events.ActionStart, events.ActionRestart, events.ActionStop, events.ActionKill,
	events.ActionDie, events.ActionOOM, events.ActionPause, events.ActionUnPause, events.ActionRename,
	events.ActionUpdate, events.ActionDestroy, events.ActionHealthStatus,
}

// Watch calls f, from one goroutine, for each event of the project's containers
// until ctx is done, and returns once watching has begun. When the engine goes
// away it comes back with the engine, with what it has missed as far as the
// engine still knows. The call is GET /events.
func (e *Engine) Watch(ctx context.Context, project string, f func(engine.ContainerEvent)) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	label := engine.LabelProject
	if project != "" {
		label += "=" + project
	}
	args := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)), filters.Arg("label", label))
	for _, action := range watched {
		args.Add("event", string(action))
	}
	stream, err := e.subscribe(ctx, args, "")
	if err != nil {
		return e.fail(err, "events of %s", project)
	}
	go e.watch(ctx, args, stream, f)
	return nil
}

// watch resumes from the last event when a stream breaks.
func (e *Engine) watch(ctx context.Context, args filters.Args, s stream, f func(engine.ContainerEvent)) {
	last := time.Now()
	for {
		for m := range s.all(ctx) {
			last = time.Unix(0, m.TimeNano)
			f(containerEvent(m))
		}
		if s = e.resubscribe(ctx, args, last.Add(1)); s.messages == nil {
			return
		}
	}
}

func containerEvent(m events.Message) engine.ContainerEvent {
	about := m.Actor.Attributes
	return engine.ContainerEvent{
		ID: m.Actor.ID, Name: about["name"], Service: about[engine.LabelService],
		Action: string(m.Action), ExitCode: atoi(about["exitCode"]), Time: time.Unix(0, m.TimeNano),
	}
}
