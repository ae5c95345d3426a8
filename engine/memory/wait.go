package memory

import (
	"context"
	"fmt"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// WaitContainer decides at once where it can, by what the container's program
// does. Where nothing can be said it waits for another call to change the
// container, and fails at once when the wait has a timeout.
func (e *Engine) WaitContainer(ctx context.Context, op engine.WaitContainer, progress func(plan.Progress)) (plan.Outcome, error) {
	c, err := e.lookUp(op.Name)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("wait: %w", err)
	}
	for {
		changed, over, out, err := e.look(c, op)
		if over {
			return out, err
		}
		progress(plan.Progress{Text: "waiting"})
		select {
		case <-ctx.Done():
			return out, fmt.Errorf("wait for container %s: %w", op.Name, ctx.Err())
		case <-changed:
		}
	}
}

func (e *Engine) lookUp(name string) (*container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.get(name)
}

// look sees how far a container is. When nothing is over, changed tells when to
// look again.
func (e *Engine) look(c *container, op engine.WaitContainer) (changed <-chan struct{}, over bool, out plan.Outcome, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	met, cause := e.meet(c, op.Condition)
	if !met && cause == "" && op.Timeout > 0 {
		cause = fmt.Sprintf("still %s after %s", c.state(), op.Timeout)
	}
	if cause != "" {
		err = c.notReady(op.Condition, cause)
	}
	out.ExitCode = c.exitCode
	return e.changed, met || cause != "", out, err
}

// meet lets a container get as far as a condition asks, if its program does. It
// returns the cause when that cannot be any more.
func (w *world) meet(c *container, condition engine.Condition) (met bool, cause string) {
	switch {
	case w.containers[c.id] == nil:
		return false, "it was removed"
	case c.status == engine.StatusExited && condition == engine.Completed && c.exitCode == 0:
		return true, ""
	case c.status == engine.StatusExited:
		return false, fmt.Sprintf("exited with code %d", c.exitCode)
	case c.status == engine.StatusRestarting:
		return false, fmt.Sprintf("restarts again and again, last exit code %d", c.exitCode)
	case c.status != engine.StatusRunning:
		return false, ""
	}
	switch condition {
	case engine.Completed:
		return w.end(c), ""
	case engine.Healthy, engine.Ready:
		if c.check {
			return w.probe(c)
		}
		if condition == engine.Healthy {
			return false, "it has no healthcheck"
		}
	}
	return true, ""
}

// end ends a program whose end somebody waits for.
func (w *world) end(c *container) bool {
	if c.behaviour.Endless {
		return false
	}
	w.exit(c, 0)
	c.status = engine.StatusExited
	return true
}

// probe is one look of the healthcheck.
func (w *world) probe(c *container) (met bool, cause string) {
	before := c.health
	switch c.behaviour.Health {
	case engine.HealthStarting:
		return false, ""
	case engine.HealthUnhealthy:
		c.health, cause = engine.HealthUnhealthy, "unhealthy"
	default:
		c.health, met = engine.HealthHealthy, true
	}
	if c.health != before {
		w.event(c, "health_status: "+string(c.health))
	}
	return met, cause
}

func (c *container) state() string {
	if c.health != "" && c.status == engine.StatusRunning {
		return string(c.health)
	}
	return string(c.status)
}

func (c *container) notReady(condition engine.Condition, cause string) error {
	e := &engine.NotReadyError{
		Container: c.name, Condition: condition, Cause: cause,
		ExitCode: c.exitCode, Restarts: c.restarts, Probe: c.behaviour.Probe,
	}
	for _, l := range c.output {
		e.Logs = append(e.Logs, strings.TrimSuffix(l.text, "\n"))
	}
	return e
}
