package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/moby/term"

	"github.com/stackfile/stack/engine"
)

const (
	// detachKeys are those of the docker command.
	detachKeys = "ctrl-p,ctrl-q"
	// noKeys stands for no keys at all: what is piped may have any bytes.
	noKeys = "none"
)

// Attach connects the streams with a container's program. A read of opts.Stdin
// that blocks outlives the call. The calls are GET /containers/{id}/json and POST
// /containers/{id}/attach.
func (e *Engine) Attach(ctx context.Context, name string, opts engine.AttachOptions) error {
	return e.onContainer(ctx, name, "attach", func() error {
		found, err := e.client.ContainerInspect(ctx, name)
		if err != nil {
			return err
		}
		return e.attach(ctx, found, opts)
	})
}

func (e *Engine) attach(ctx context.Context, c container.InspectResponse, opts engine.AttachOptions) error {
	stream, err := e.client.ContainerAttach(ctx, c.ID, container.AttachOptions{
		Stream: true, Stdin: opts.Stdin != nil && c.Config.OpenStdin, Stdout: opts.Stdout != nil, Stderr: opts.Stderr != nil,
	})
	if err != nil {
		return err
	}
	// The connection is hijacked: nothing but closing it ends a read.
	defer context.AfterFunc(ctx, stream.Close)()
	defer stream.Close()
	if opts.Attached != nil {
		if err := opts.Attached(); err != nil {
			return err
		}
	}
	detached, over := make(chan struct{}), make(chan struct{})
	defer close(over)
	if opts.Stdin != nil && c.Config.OpenStdin {
		if !c.Config.Tty {
			opts.DetachKeys = noKeys
		}
		if err := e.feed(stream, opts.Stdin, opts.DetachKeys, detached); err != nil {
			return err
		}
	}
	if opts.Resize != nil && c.Config.Tty {
		go resize(nil, opts.Resize, over, func(o container.ResizeOptions) error { return e.client.ContainerResize(ctx, c.ID, o) })
	}
	return carried(ctx, demultiplex(stream.Reader, c.Config.Tty, opts.Stdout, opts.Stderr), detached)
}

// carried is how the carrying of streams has ended.
func carried(ctx context.Context, err error, detached <-chan struct{}) error {
	select {
	case <-detached:
		return engine.ErrDetached
	default:
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// feed carries stdin in the background. That ends when stdin does, at the first
// write after the stream was closed, or with the detach keys, which close both.
func (e *Engine) feed(stream types.HijackedResponse, stdin io.Reader, keys string, detached chan<- struct{}) error {
	if keys != noKeys {
		sequence, err := term.ToBytes(cmp.Or(keys, detachKeys))
		if err != nil {
			return fmt.Errorf("detach keys %q: %w", keys, err)
		}
		stdin = term.NewEscapeProxy(stdin, sequence)
	}
	go func() {
		_, err := io.Copy(stream.Conn, stdin) // a command may end without reading all of it
		if errors.As(err, new(term.EscapeError)) {
			close(detached)
			stream.Close()
			return
		}
		_ = stream.CloseWrite()
	}()
	return nil
}
