package memory

import (
	"context"
	"fmt"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// exitKilled is the exit code of a program that SIGKILL ended.
const exitKilled = 137

// PauseContainer freezes a running container.
func (e *Engine) PauseContainer(ctx context.Context, op engine.PauseContainer) error {
	return e.on(ctx, op, op.Name, "pause", func(c *container) error {
		if c.status == engine.StatusRunning {
			c.status = engine.StatusPaused
			e.event(c, "pause")
		}
		return nil
	})
}

// KillContainer sends a signal. Programs here end on SIGKILL and on those that end
// a program which does not handle them, and handle SIGHUP, SIGUSR1 and the like.
func (e *Engine) KillContainer(ctx context.Context, op engine.KillContainer) error {
	return e.do(ctx, op, func() error {
		c := e.find(op.Name)
		if c == nil || !c.runs() {
			return nil
		}
		e.event(c, "kill")
		switch signal := strings.TrimPrefix(strings.ToUpper(op.Signal), "SIG"); signal {
		case "", "KILL", "9":
			e.exit(c, exitKilled)
			c.status = engine.StatusExited
		case "TERM", "INT", "QUIT", "15", "2", "3":
			e.exit(c, exitTerminated)
		case "HUP", "USR1", "USR2", "WINCH", "1":
		default:
			return fmt.Errorf("container %s: kill: invalid signal: %s", c.name, op.Signal)
		}
		return nil
	})
}

// CommitContainer makes an image of a container.
func (e *Engine) CommitContainer(ctx context.Context, op engine.CommitContainer) (out plan.Outcome, err error) {
	err = e.on(ctx, op, op.Name, "commit", func(c *container) error {
		image := engine.Image{ID: "sha256:" + e.newID("commit", c.id), Created: e.now()}
		out.ImageID = image.ID
		if op.Image != "" {
			e.tag(op.Image, image)
		}
		return nil
	})
	return out, err
}

// PushImage puts an image where a pull finds it. A name that begins with nowhere
// has no registry.
func (e *Engine) PushImage(ctx context.Context, op engine.PushImage, progress func(plan.Progress)) error {
	progress(plan.Progress{Text: "pushing"})
	return e.do(ctx, op, func() error {
		image, ok := e.images[canonical(op.Image)]
		if !ok || strings.HasPrefix(op.Image, "nowhere") {
			return fmt.Errorf("push image %q: %w", op.Image, engine.ErrNotFound)
		}
		e.registry[canonical(op.Image)] = image
		return nil
	})
}
