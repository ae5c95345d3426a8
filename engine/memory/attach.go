package memory

import (
	"context"
	"io"

	"github.com/stackfile/stack/engine"
)

// Attach hands on what a container writes from now on, until it ends. Nobody
// reads its standard input.
func (e *Engine) Attach(ctx context.Context, container string, opts engine.AttachOptions) error {
	if _, err := e.reader(container, engine.LogOptions{}, nil); err != nil {
		return err
	}
	if opts.Attached != nil {
		if err := opts.Attached(); err != nil {
			return err
		}
	}
	return e.Logs(ctx, container, engine.LogOptions{Follow: true}, orNothing(opts.Stdout), orNothing(opts.Stderr))
}

func orNothing(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
