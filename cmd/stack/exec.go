package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// execFlags are those of exec.
type execFlags struct {
	options     engine.ExecOptions
	index       int
	noTTY       bool
	interactive bool
	tty         bool
}

func execCommand(p *program) *cobra.Command {
	var f execFlags
	c := &cobra.Command{
		Use:   "exec [FLAGS] SERVICE COMMAND [ARGUMENT...]",
		Short: "Run a command in a running container",
		Long: `exec runs a command in a container of the service: the first that runs, or the
replica that --index names. In a terminal the command gets a terminal of its
own.

With -p NAME no file is needed.

EXIT STATUS
  The command's own; 1 when it could not be run.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return &UsageError{"exec: want a service and a command", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.options.Command = args[1:]
			return p.exec(c.Context(), args[0], &f)
		},
	}
	fs := c.Flags()
	fs.SetInterspersed(false) // what follows the service belongs to the command
	fs.BoolVarP(&f.options.Detach, "detach", "d", false, "do not wait for the command")
	fs.StringArrayVarP(&f.options.Env, "env", "e", nil, "`NAME=VALUE` for the command; NAME alone takes the environment's")
	fs.IntVar(&f.index, "index", 0, "in the replica with number `N`")
	fs.BoolVarP(&f.noTTY, "no-tty", "T", false, "no terminal for the command")
	fs.BoolVar(&f.options.Privileged, "privileged", false, "give the command all privileges")
	fs.StringVarP(&f.options.User, "user", "u", "", "run as `USER`")
	fs.StringVarP(&f.options.WorkingDir, "workdir", "w", "", "run in this `FOLDER`")
	fs.BoolVarP(&f.interactive, "interactive", "i", true, "keep standard input open")
	fs.BoolVarP(&f.tty, "tty", "t", true, "a terminal for the command, if there is one")
	_ = fs.MarkHidden("interactive") // both flags are defined above
	_ = fs.MarkHidden("tty")
	return c
}

func (p *program) exec(ctx context.Context, service string, f *execFlags) error {
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
		p.answer(fmt.Sprintf("run in container %s: %s\n", container.Name, strings.Join(f.options.Command, " ")))
		return nil
	}
	f.options.Env = p.execEnv(f.options.Env)
	code, err := p.execIn(ctx, e, container, f)
	if err == nil && code != 0 {
		return statusError(code)
	}
	return err
}

// execEnv gives names without a value the environment's; those that it lacks
// are left out.
func (p *program) execEnv(env []string) (out []string) {
	for _, entry := range env {
		if strings.Contains(entry, "=") {
			out = append(out, entry)
		} else if value, ok := p.Env[entry]; ok {
			out = append(out, entry+"="+value)
		}
	}
	return out
}

// execIn connects the command with the streams, and with the terminal when
// there is one on both sides.
func (p *program) execIn(ctx context.Context, e engine.Engine, c engine.Container, f *execFlags) (int, error) {
	o := f.options
	if o.Detach {
		return e.Exec(ctx, c.ID, o)
	}
	o.Stdout, o.Stderr = p.Stdout, p.Stderr
	if f.interactive {
		o.Stdin = p.Stdin
	}
	if f.noTTY || !f.tty || !terminal(p.Stdout) || (f.interactive && !terminal(p.Stdin)) {
		return e.Exec(ctx, c.ID, o)
	}
	restore, err := raw(p.Stdin)
	if err != nil {
		return 0, err
	}
	defer restore()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Tty, o.Resize, o.DetachKeys = true, resizes(ctx, p.Stdout), p.detachKeys()
	code, err := e.Exec(ctx, c.ID, o)
	if errors.Is(err, engine.ErrDetached) {
		return 0, nil
	}
	return code, err
}

// raw hands each key to the command as it is pressed, Ctrl-C too.
func raw(stdin io.Reader) (restore func(), err error) {
	f, ok := stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return func() { _ = term.Restore(int(f.Fd()), before) }, nil
}
