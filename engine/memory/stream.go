package memory

import (
	"context"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/stackfile/stack/engine"
)

// exec is the start of a command in a container: run carries it out, without
// the lock.
func (c *container) exec(opts engine.ExecOptions) (run func() int, err error) {
	if c.status != engine.StatusRunning {
		return nil, fmt.Errorf("container %s: does not run: %w", c.name, engine.ErrConflict)
	}
	if opts.Stdout == nil {
		opts.Stdout = io.Discard
	}
	if opts.Stderr == nil {
		opts.Stderr = io.Discard
	}
	program, process := c.behaviour.Exec, Process{opts, c.made, maps.Clone(c.copied)}
	if program == nil {
		return func() int { return 0 }, nil
	}
	return func() int { return program(process) }, nil
}

// Exec runs a command in a container.
func (e *Engine) Exec(ctx context.Context, container string, opts engine.ExecOptions) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	run, err := e.begin(container, opts)
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", strings.Join(opts.Command, " "), err)
	}
	return run(), nil
}

func (e *Engine) begin(container string, opts engine.ExecOptions) (func() int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.get(container)
	if err != nil {
		return nil, err
	}
	return c.exec(opts)
}

// Watch calls f for each event of the project's containers from now on.
func (e *Engine) Watch(ctx context.Context, project string, f func(engine.ContainerEvent)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	from := len(e.events)
	e.mu.Unlock()
	go e.watch(ctx, project, from, f)
	return nil
}

func (e *Engine) watch(ctx context.Context, project string, from int, f func(engine.ContainerEvent)) {
	for {
		e.mu.Lock()
		events, projects, changed := e.events[from:], e.projects[from:], e.changed
		from = len(e.events)
		e.mu.Unlock()
		for i, event := range events {
			if project == "" || projects[i] == project {
				f(event)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
