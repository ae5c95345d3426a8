package memory

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/stackfile/stack/engine"
)

// Processes are those of a container: one, the program.
func (e *Engine) Processes(ctx context.Context, name string) (engine.ProcessTable, error) {
	var out engine.ProcessTable
	err := e.running(ctx, name, func(c *container) {
		out = engine.ProcessTable{
			Titles: []string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"},
			Rows:   [][]string{{"root", "1", "0", "0", c.started.Format("15:04"), "?", "00:00:00", c.command()}},
		}
	})
	return out, err
}

// Usage is the same for each container that runs: half a core, 1 MiB of 1 GiB,
// one process.
func (e *Engine) Usage(ctx context.Context, name string) (engine.Usage, error) {
	var out engine.Usage
	err := e.running(ctx, name, func(*container) {
		out = engine.Usage{
			CPU: 50, Memory: 1 << 20, MemoryLimit: 1 << 30, Received: 1500, Sent: 500, Read: 4096, Written: 8192, Processes: 1,
		}
	})
	return out, err
}

// running calls f with a container that runs.
func (e *Engine) running(ctx context.Context, name string, f func(*container)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	c, err := e.get(name)
	if err != nil {
		return err
	}
	if !c.runs() {
		return fmt.Errorf("container %s: does not run: %w", name, engine.ErrConflict)
	}
	f(c)
	return nil
}

// Events calls f for each event that q asks for. Time goes on with each
// operation only: an end that is still to come is waited for.
func (e *Engine) Events(ctx context.Context, q engine.EventQuery, f func(engine.Event)) error {
	since, until, next, err := e.span(q)
	if err != nil {
		return fmt.Errorf("events of %s: %w", q.Project, err)
	}
	for {
		found, changed, over := e.happened(&next, q.Project, since, until)
		for _, event := range found {
			f(event)
		}
		if over {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// span is when events are to begin and to end, zero for no bound, and the first
// one to look at.
func (e *Engine) span(q engine.EventQuery) (since, until time.Time, next int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if q.Since == "" && q.Until == "" {
		next = len(e.events)
	}
	if since, err = e.moment(q.Since); err == nil {
		until, err = e.moment(q.Until)
	}
	return since, until, next, err
}

func (e *Engine) happened(next *int, project string, since, until time.Time) (found []engine.Event, changed <-chan struct{}, over bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for ; *next < len(e.events); *next++ {
		ev := e.events[*next]
		mine := project == "" || e.projects[*next] == project
		if mine && !ev.Time.Before(since) && (until.IsZero() || !ev.Time.After(until)) {
			found = append(found, e.told(ev))
		}
	}
	return found, e.changed, !until.IsZero() && !e.now().Before(until)
}

// told is an event with the labels and the image of its container, as long as
// that is there.
func (w *world) told(ev engine.ContainerEvent) engine.Event {
	about := map[string]string{"name": ev.Name, engine.LabelService: ev.Service}
	if c := w.containers[ev.ID]; c != nil {
		maps.Copy(about, c.labels)
		about["image"] = c.image
	}
	if ev.Action == "die" {
		about["exitCode"] = fmt.Sprint(ev.ExitCode)
	}
	return engine.Event{ID: ev.ID, Action: ev.Action, Time: ev.Time, Attributes: about}
}
