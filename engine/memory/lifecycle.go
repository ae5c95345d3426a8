package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// exitTerminated is the exit code of a program that SIGTERM ended.
const exitTerminated = 143

// on carries out an operation on one container, which must be there.
func (e *Engine) on(ctx context.Context, op plan.Op, name, act string, f func(*container) error) error {
	return e.do(ctx, op, func() error {
		c, err := e.get(name)
		if err == nil {
			err = f(c)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", act, err)
		}
		return nil
	})
}

// StartContainer starts a container.
func (e *Engine) StartContainer(ctx context.Context, op engine.StartContainer) error {
	return e.on(ctx, op, op.Name, "start", e.start)
}

func (w *world) start(c *container) error {
	switch c.status {
	case engine.StatusRunning, engine.StatusRestarting:
		return nil
	case engine.StatusPaused:
		return fmt.Errorf("container %s: is paused: %w", c.name, engine.ErrConflict)
	}
	for _, check := range []func(*container) error{w.startable, w.bind} {
		if err := check(c); err != nil {
			return fmt.Errorf("container %s: %w", c.name, err)
		}
	}
	c.behaviour = w.behaviour(c)
	c.status, c.exitCode, c.restarts, c.started = engine.StatusRunning, 0, 0, w.now()
	if c.check {
		c.health = engine.HealthStarting
	}
	c.write(w.now(), false, c.behaviour.Output)
	c.write(w.now(), true, c.behaviour.Errors)
	w.event(c, "start")
	if c.behaviour.Exits {
		w.exit(c, c.behaviour.Code)
	}
	return nil
}

// startable checks what a container stands on.
func (w *world) startable(c *container) error {
	for name, a := range c.attached {
		if n, ok := w.networks[name]; !ok || n.id != a.network {
			return fmt.Errorf("network %s: %w", name, engine.ErrNotFound)
		}
		if rival := w.address(name, c, a); rival != nil {
			return fmt.Errorf("network %s: address %s is in use by container %s: %w", name, a.endpoint.IPv4, rival.name, engine.ErrConflict)
		}
	}
	for _, id := range c.joins {
		if other, ok := w.containers[id]; !ok || !other.runs() {
			return fmt.Errorf("container %s, whose namespace it shares, does not run: %w", id, engine.ErrConflict)
		}
	}
	return nil
}

// address returns the running container that has the static address, nil for
// none.
func (w *world) address(network string, c *container, a attachment) *container {
	if a.endpoint.IPv4 == "" {
		return nil
	}
	for _, other := range w.containers {
		if b, ok := other.attached[network]; ok && other != c && other.runs() && b.endpoint.IPv4 == a.endpoint.IPv4 {
			return other
		}
	}
	return nil
}

// exit ends the container's process; the restart policy may bring it back.
func (w *world) exit(c *container, code int) {
	c.exitCode, c.finished, c.stale = code, w.now(), nil
	c.health = ""
	w.hold(c, nil)
	c.status = engine.StatusExited
	policy, _, _ := strings.Cut(c.live.Restart, ":")
	if policy == "always" || policy == "unless-stopped" || policy == "on-failure" && code != 0 {
		c.status = engine.StatusRestarting
		c.restarts++
	}
	w.event(c, "die")
}

// StopContainer stops a container; one that is gone is success. Its restart
// policy does not bring it back.
func (e *Engine) StopContainer(ctx context.Context, op engine.StopContainer) error {
	return e.do(ctx, op, func() error {
		if c := e.find(op.Name); c != nil {
			return e.stop(c)
		}
		return nil
	})
}

func (w *world) stop(c *container) error {
	if !c.runs() {
		return nil
	}
	w.event(c, "kill")
	w.exit(c, exitTerminated)
	c.status = engine.StatusExited
	w.event(c, "stop")
	return nil
}

// RestartContainer stops and starts a container.
func (e *Engine) RestartContainer(ctx context.Context, op engine.RestartContainer) error {
	return e.on(ctx, op, op.Name, "restart", func(c *container) error {
		if err := e.stop(c); err != nil {
			return err
		}
		return e.start(c)
	})
}

// UnpauseContainer lets a paused container go on.
func (e *Engine) UnpauseContainer(ctx context.Context, op engine.UnpauseContainer) error {
	return e.on(ctx, op, op.Name, "unpause", func(c *container) error {
		if c.status == engine.StatusPaused {
			c.status = engine.StatusRunning
			e.event(c, "unpause")
		}
		return nil
	})
}

// UpdateContainer changes limits and the restart policy.
func (e *Engine) UpdateContainer(ctx context.Context, op engine.UpdateContainer) (plan.Outcome, error) {
	return plan.Outcome{}, e.on(ctx, op, op.Name, "update", func(c *container) error {
		live, err := updated(c.live, op)
		if err == nil {
			c.live = live
		}
		return err
	})
}

// RenameContainer gives a container another name. That it has the name already,
// and nothing has the old one, is success.
func (e *Engine) RenameContainer(ctx context.Context, op engine.RenameContainer) error {
	return e.do(ctx, op, func() error {
		c, rival := e.find(op.From), e.find(op.To)
		switch {
		case c == nil && rival == nil:
			return fmt.Errorf("rename: container %s: %w", op.From, engine.ErrNotFound)
		case c == nil, c == rival:
			return nil
		case rival != nil:
			return fmt.Errorf("rename: container %s: the name %s is taken: %w", op.From, op.To, engine.ErrConflict)
		}
		e.rename(c, op.To)
		e.event(c, "rename")
		return nil
	})
}

// RemoveContainer removes a container, running or not.
func (e *Engine) RemoveContainer(ctx context.Context, op engine.RemoveContainer) error {
	return e.do(ctx, op, func() error {
		if c := e.find(op.Name); c != nil {
			e.remove(c, op.Volumes)
		}
		return nil
	})
}

func (w *world) remove(c *container, volumes bool) {
	if c.runs() {
		w.exit(c, exitTerminated)
	}
	delete(w.containers, c.id)
	if w.names[c.name] == c.id {
		delete(w.names, c.name)
	}
	for _, name := range c.anonymous {
		if volumes && !slices.Contains(c.carried, name) && w.user(name) == nil {
			delete(w.volumes, name)
		}
	}
	w.event(c, "destroy")
}

// user returns a container that uses the volume, nil for none.
func (w *world) user(volume string) *container {
	for _, c := range w.sorted() {
		if slices.Contains(c.volumes, volume) {
			return c
		}
	}
	return nil
}
