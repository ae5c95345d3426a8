package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// attachFlags are those of attach.
type attachFlags struct {
	keys             string
	index            int
	noStdin, signals bool
}

func attachCommand(p *program) *cobra.Command {
	var f attachFlags
	c := &cobra.Command{
		Use:   "attach [FLAGS] SERVICE",
		Short: "Connect with the program of a running container",
		Long: `attach connects this terminal with the program of a container of the service: the
first that runs, or the replica that --index names. The detach keys, ctrl-p
ctrl-q unless --detach-keys or the docker command's detachKeys say otherwise,
leave it running. Without a terminal, an interruption is sent on to the program.

With -p NAME no file is needed.

EXIT STATUS
  The program's own; 0 after a detach, 1 when there is nothing to attach to.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &UsageError{"attach: want one service", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return p.attach(c.Context(), args[0], f) },
	}
	fs := c.Flags()
	fs.StringVar(&f.keys, "detach-keys", "", "`KEYS` that detach, such as ctrl-p,ctrl-q")
	fs.IntVar(&f.index, "index", 0, "the replica with number `N`")
	fs.BoolVar(&f.noStdin, "no-stdin", false, "do not connect standard input")
	fs.BoolVar(&f.signals, "sig-proxy", true, "send interruptions on to the program")
	return c
}

func (p *program) attach(ctx context.Context, service string, f attachFlags) error {
	project, err := p.project(ctx, nil)
	if err != nil {
		return err
	}
	e, err := p.open(ctx)
	if err != nil {
		return err
	}
	container, err := stack.Running(ctx, e, project, service, f.index)
	if err != nil {
		return err
	}
	if p.globals.dryRun {
		p.answer("attach to container " + container.Name + "\n")
		return nil
	}
	tty := container.Recorded != nil && container.Recorded.Tty
	streams, restore, err := p.streams(ctx, !f.noStdin, tty, f.keys)
	if err != nil {
		return err
	}
	defer restore()
	opts := stack.OnceOptions{AttachOptions: streams}
	if f.signals {
		opts.Signals, ctx = p.signals(ctx), context.WithoutCancel(ctx)
	}
	code, err := stack.Attach(ctx, e, container, opts)
	if errors.Is(err, engine.ErrDetached) {
		return nil
	}
	if err == nil && code != 0 {
		return statusError(code)
	}
	return err
}

// streams connect a program with this one's. With tty they are a terminal on both
// sides, if this one has one, which restore gives back.
func (p *program) streams(ctx context.Context, stdin, tty bool, keys string) (out engine.AttachOptions, restore func(), err error) {
	out = engine.AttachOptions{Stdout: p.Stdout, Stderr: p.Stderr, DetachKeys: or(keys, p.detachKeys())}
	if stdin {
		out.Stdin = p.Stdin
	}
	if !tty || !terminal(p.Stdout) || !terminal(p.Stdin) {
		return out, func() {}, nil
	}
	back := func() {}
	if stdin {
		if back, err = raw(p.Stdin); err != nil {
			return out, nil, err
		}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // an interruption is the program's
	out.Resize = resizes(ctx, p.Stdout)
	return out, func() { cancel(); back() }, nil
}

// signals hands on each interruption, until the second has the program killed.
func (p *program) signals(ctx context.Context) <-chan string {
	out := make(chan string, 2)
	go func() {
		<-ctx.Done()
		out <- "SIGINT"
		<-p.abort
		out <- "SIGKILL"
	}()
	return out
}

// detachKeys are those of the docker command's settings, "" for none.
func (p *program) detachKeys() string {
	text, err := os.ReadFile(filepath.Join(dockerConfig(p.Env), "config.json"))
	var file struct{ DetachKeys string }
	if err != nil || json.Unmarshal(text, &file) != nil {
		return ""
	}
	return file.DetachKeys
}
