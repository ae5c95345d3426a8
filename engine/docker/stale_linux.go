package docker

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// stale are the targets of single files bound into a running container that have
// been replaced on the host since: an editor saves by renaming, and a bind mount
// keeps the file that had the name when the container started. What cannot be
// looked at counts as not replaced: the engine is elsewhere, the process is not
// in our PID namespace, or is another user's.
func (e *Engine) stale(c container.InspectResponse) []string {
	if !strings.HasPrefix(e.where(), "unix://") || c.State == nil || !c.State.Running {
		return nil
	}
	return staleIn("/proc/"+strconv.Itoa(c.State.Pid), c)
}

// staleIn looks from a process of the container's, given by its folder in /proc.
func staleIn(process string, c container.InspectResponse) (out []string) {
	group, err := os.ReadFile(filepath.Join(process, "cgroup"))
	if err != nil || !bytes.Contains(group, []byte(c.ID)) {
		return nil // of another PID namespace, or of another container by now
	}
	// A Root, since links in the container are relative to its own root.
	root, err := os.OpenRoot(filepath.Join(process, "root"))
	if err != nil {
		return nil
	}
	defer root.Close()
	for _, m := range c.Mounts {
		if m.Type == mount.TypeBind && replaced(root, strings.TrimPrefix(m.Destination, "/"), m.Source) {
			out = append(out, m.Destination)
		}
	}
	slices.Sort(out)
	return out
}

// replaced reports whether target and source are two files now, with different
// content. Files on two devices are no replacement: then source is not the path
// that the engine has bound, but one of the same name in our own mount namespace.
func replaced(root *os.Root, target, source string) bool {
	inside, err := root.Stat(target)
	if err != nil {
		return false
	}
	outside, err := os.Stat(source)
	if err != nil || !inside.Mode().IsRegular() || !outside.Mode().IsRegular() || os.SameFile(inside, outside) || !sameDevice(inside, outside) {
		return false
	}
	if inside.Size() != outside.Size() {
		return true
	}
	same, err := sameContent(root, target, source)
	return err == nil && !same
}

func sameDevice(a, b os.FileInfo) bool {
	x, okX := a.Sys().(*syscall.Stat_t)
	y, okY := b.Sys().(*syscall.Stat_t)
	return okX && okY && x.Dev == y.Dev
}

func sameContent(root *os.Root, target, source string) (bool, error) {
	inside, err := root.Open(target)
	if err != nil {
		return false, err
	}
	defer inside.Close()
	outside, err := os.Open(source)
	if err != nil {
		return false, err
	}
	defer outside.Close()
	return sameBytes(inside, outside)
}

func sameBytes(a, b io.Reader) (bool, error) {
	const block = 32 << 10
	x, y := make([]byte, block), make([]byte, block)
	for {
		n, errX := io.ReadFull(a, x)
		m, errY := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if errX != nil || errY != nil {
			return ended(errX) && ended(errY), errors.Join(unended(errX), unended(errY))
		}
	}
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func unended(err error) error {
	if ended(err) {
		return nil
	}
	return err
}
