package docker

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// Exec runs a command in a container, to its end, and returns its exit code.
// When ctx ends first it stops reading and returns; the engine has no way to end
// the command, which goes on. A read of opts.Stdin that blocks outlives the
// call. The calls are POST /containers/{id}/exec and POST /exec/{id}/start.
func (e *Engine) Exec(ctx context.Context, name string, opts engine.ExecOptions) (int, error) {
	var code int
	err := e.onContainer(ctx, name, "exec", func() (err error) {
		code, err = e.exec(ctx, name, opts)
		return err
	})
	return code, err
}

func (e *Engine) exec(ctx context.Context, name string, opts engine.ExecOptions) (int, error) {
	first := firstSize(opts.Resize)
	made, err := e.client.ContainerExecCreate(ctx, name, container.ExecOptions{
		Cmd: opts.Command, Env: opts.Env, User: opts.User, WorkingDir: opts.WorkingDir,
		Privileged: opts.Privileged, Tty: opts.Tty,
		AttachStdin: opts.Stdin != nil, AttachStdout: !opts.Detach, AttachStderr: !opts.Detach,
		ConsoleSize: first, // from API 1.42 on the program never sees another
	})
	if err != nil {
		return 0, err
	}
	if opts.Detach {
		return 0, e.client.ContainerExecStart(ctx, made.ID, container.ExecStartOptions{Detach: true, Tty: opts.Tty})
	}
	if err := e.attachExec(ctx, made.ID, first, opts); err != nil {
		return 0, err
	}
	return e.exitCode(ctx, made.ID)
}

// attachExec starts the command and carries its streams until its output ends.
func (e *Engine) attachExec(ctx context.Context, id string, size *[2]uint, opts engine.ExecOptions) error {
	stream, err := e.client.ContainerExecAttach(ctx, id, container.ExecAttachOptions{Tty: opts.Tty, ConsoleSize: size})
	if err != nil {
		return err
	}
	// The connection is hijacked: nothing but closing it ends a read.
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	defer stream.Close()
	over := make(chan struct{})
	defer close(over)
	detached := make(chan struct{})
	if opts.Stdin != nil {
		if !opts.Tty {
			opts.DetachKeys = noKeys
		}
		if err := e.feed(stream, opts.Stdin, opts.DetachKeys, detached); err != nil {
			return err
		}
	}
	if opts.Resize != nil {
		go resize(size, opts.Resize, over, func(o container.ResizeOptions) error { return e.client.ContainerExecResize(ctx, id, o) })
	}
	return carried(ctx, demultiplex(stream.Reader, opts.Tty, opts.Stdout, opts.Stderr), detached)
}

// firstSize is the height and width of a terminal, nil when they cannot be had at
// once.
func firstSize(sizes <-chan engine.Size) *[2]uint {
	select {
	case size, ok := <-sizes:
		if ok {
			return &[2]uint{size.Height, size.Width}
		}
	default:
	}
	return nil
}

// resize tells the first size, nil for none, and those that come.
func resize(first *[2]uint, sizes <-chan engine.Size, over <-chan struct{}, to func(container.ResizeOptions) error) {
	if first != nil { // engines below API 1.42 have not heard of it yet
		settle(func() error { return to(container.ResizeOptions{Height: first[0], Width: first[1]}) }, over)
	}
	for {
		select {
		case <-over:
			return
		case size, ok := <-sizes:
			if !ok {
				return
			}
			settle(func() error { return to(container.ResizeOptions{Height: size.Height, Width: size.Width}) }, over)
		}
	}
}

// resizeTries is how often a size is told, a moment apart: a program that is just
// starting has no terminal yet, and one that has just ended has none any more.
const resizeTries = 10

func settle(try func() error, over <-chan struct{}) {
	for i := range resizeTries {
		if try() == nil {
			return
		}
		select {
		case <-over:
			return
		case <-time.After(time.Duration(i+1) * 10 * time.Millisecond):
		}
	}
}

// demultiplex copies output to its end. A terminal's is one raw stream.
func demultiplex(from io.Reader, tty bool, stdout, stderr io.Writer) error {
	stdout, stderr = orDiscard(stdout), orDiscard(stderr)
	if tty {
		_, err := io.Copy(stdout, from)
		return err
	}
	_, err := stdcopy.StdCopy(stdout, stderr, from)
	return err
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// exitCode asks for the exit code once the output has ended. Output can end a
// moment before the command does, if it closes it itself.
func (e *Engine) exitCode(ctx context.Context, id string) (int, error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		found, err := e.client.ContainerExecInspect(ctx, id)
		if err != nil || !found.Running {
			return found.ExitCode, err
		}
		if err := sleep(ctx, pause); err != nil {
			return 0, err
		}
	}
}

// sleep waits for d, or for the end of ctx, which is its error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RunHook runs a command in a running container; each line of its output is
// progress. An exit code other than 0 is an error with the last lines.
func (e *Engine) RunHook(ctx context.Context, op engine.RunHook, progress func(plan.Progress)) error {
	h := op.Hook
	out := tail{limit: hookLines, each: func(line string) { progress(plan.Progress{Log: line}) }}
	var env []string
	for _, key := range sortedKeys(h.Environment) {
		env = append(env, key+"="+h.Environment[key])
	}
	code, err := e.Exec(ctx, op.Name, engine.ExecOptions{
		Command: h.Command, Env: env, User: h.User, WorkingDir: h.WorkingDir, Privileged: h.Privileged,
		Stdout: &out, Stderr: &out,
	})
	if err != nil {
		return fmt.Errorf("hook: %w", err)
	}
	if code != 0 {
		return fmt.Errorf("container %s: hook: exit code %d%s", op.Name, code, below(out.last()))
	}
	return nil
}

const hookLines = 10

// below puts lines under an error, indented.
func below(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("\n  " + line)
	}
	return b.String()
}
