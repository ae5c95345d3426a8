package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// CopyFiles puts files into a container.
func (e *Engine) CopyFiles(ctx context.Context, op engine.CopyFiles) error {
	return e.on(ctx, op, op.Name, "copy files", func(c *container) error {
		for target, file := range op.Files {
			if c.made.ReadOnly && !c.mounted(target) {
				return fmt.Errorf("container %s: %s: the file system is read-only: %w", c.name, target, engine.ErrConflict)
			}
			file.Content = slices.Clone(file.Content)
			c.copied[target] = file
		}
		return nil
	})
}

// SetFile puts a file onto the host, or takes it away when content is nil: for
// what containers have bound.
func (e *Engine) SetFile(path string, content []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.host, path)
	if content != nil {
		e.host[path] = content
	}
}

// contents are the configs and secrets in a container, bound ones as the host
// has them.
func (w *world) contents(c *container, seen engine.Container) map[string][]byte {
	if seen.Recorded == nil {
		return nil
	}
	out := map[string][]byte{}
	for target := range seen.Recorded.Files {
		if file, ok := c.copied[target]; ok {
			out[target] = slices.Clone(file.Content)
		} else if content, ok := w.host[seen.Recorded.Mounts[target].Source]; ok {
			out[target] = slices.Clone(content)
		}
	}
	return out
}

// mounted reports whether a path lies on a mount.
func (c *container) mounted(path string) bool {
	for target := range c.made.Mounts {
		if path == target || strings.HasPrefix(path, target+"/") {
			return true
		}
	}
	return false
}

// Files returns what was copied into a container, by target; nil when there is
// no such container.
func (e *Engine) Files(container string) map[string]spec.FileContent {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.find(container); c != nil {
		return maps.Clone(c.copied)
	}
	return nil
}

// RunHook runs a command in a running container.
func (e *Engine) RunHook(ctx context.Context, op engine.RunHook, progress func(plan.Progress)) error {
	var out bytes.Buffer
	var run func() int
	err := e.on(ctx, op, op.Name, "hook", func(c *container) (err error) {
		run, err = c.exec(engine.ExecOptions{
			Command: op.Hook.Command, User: op.Hook.User, Privileged: op.Hook.Privileged, WorkingDir: op.Hook.WorkingDir,
			Env: pairs(op.Hook.Environment), Stdout: &out, Stderr: &out,
		})
		return err
	})
	if err != nil {
		return err
	}
	code := run()
	for text := range strings.Lines(out.String()) {
		progress(plan.Progress{Log: strings.TrimSuffix(text, "\n")})
	}
	if code != 0 {
		return fmt.Errorf("hook: container %s: %s: exit code %d", op.Name, strings.Join(op.Hook.Command, " "), code)
	}
	return nil
}

func pairs(m map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, key+"="+m[key])
	}
	return out
}
