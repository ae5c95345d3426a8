package docker

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	timetypes "github.com/docker/docker/api/types/time"

	"github.com/stackfile/stack/engine"
)

// Events calls f for each event of the project's containers, whatever it is,
// those of probes too. The call is GET /events.
func (e *Engine) Events(ctx context.Context, q engine.EventQuery, f func(engine.Event)) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	args := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)), ofProject(q.Project))
	messages, errs := e.client.Events(ctx, events.ListOptions{Since: q.Since, Until: q.Until, Filters: args})
	for {
		select {
		case m := <-messages:
			f(engine.Event{ID: m.Actor.ID, Action: string(m.Action), Time: time.Unix(0, m.TimeNano), Attributes: m.Actor.Attributes})
		case err := <-errs:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, io.EOF) && q.Until != "" {
				return nil
			}
			return e.fail(err, "events of %s", q.Project)
		}
	}
}

// CheckTime is an error for a since or until that is none: a time, a Unix time in
// seconds, or a duration before now. "" is no limit.
func CheckTime(text string) error {
	if text == "" {
		return nil
	}
	_, err := timetypes.GetTimestamp(text, time.Now())
	return err
}
