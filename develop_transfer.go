package stack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/watch"
)

// A transfer is what is to be as on this machine in a container.
type transfer struct {
	put    map[string]string // path in the container -> path here
	remove map[string]bool   // path in the container -> it was a folder
}

func (t *transfer) add(target string, c watch.Change) {
	if t.put == nil {
		t.put, t.remove = map[string]string{}, map[string]bool{}
	}
	if c.Gone {
		t.remove[target] = c.Dir
	} else {
		t.put[target] = c.Path
	}
}

func (t transfer) files() int { return len(t.put) + len(t.remove) }

// into carries it out in one container.
func (t transfer) into(ctx context.Context, e engine.Engine, c engine.Container) error {
	if err := t.clear(ctx, e, c); err != nil || len(t.put) == 0 {
		return err
	}
	from, to := io.Pipe()
	go func() { to.CloseWithError(t.write(to)) }()
	err := e.PutArchive(ctx, c.ID, "/", from)
	from.CloseWithError(err) // ends the writing, if it has not
	return err
}

// write packs what is there now. What goes away meanwhile has a change of its
// own.
func (t transfer) write(to io.Writer) error {
	archive := tar.NewWriter(to)
	for _, target := range slices.Sorted(maps.Keys(t.put)) {
		if err := pack(archive, target, t.put[target]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", t.put[target], err)
		}
	}
	return archive.Close()
}

// pack adds one file, folder or link. Its owner is root, as for COPY in a
// Dockerfile; sockets and the like are left out.
func pack(archive *tar.Writer, target, source string) error {
	found, err := os.Lstat(source)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: strings.TrimPrefix(target, "/"), Mode: int64(found.Mode().Perm()), ModTime: found.ModTime()}
	switch {
	case found.Mode().IsRegular():
		return packFile(archive, header, source)
	case found.IsDir():
		header.Typeflag = tar.TypeDir
		return archive.WriteHeader(header)
	case found.Mode()&fs.ModeSymlink != 0:
		header.Typeflag = tar.TypeSymlink
		if header.Linkname, err = os.Readlink(source); err != nil {
			return err
		}
		return archive.WriteHeader(header)
	}
	return nil
}

// packFile writes as much as the file had when it was opened: one that changes
// under the reading is copied again, since that is a change.
func packFile(archive *tar.Writer, header *tar.Header, source string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer file.Close()
	found, err := file.Stat()
	if err != nil {
		return err
	}
	header.Typeflag, header.Size = tar.TypeReg, found.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	n, err := io.Copy(archive, io.LimitReader(file, header.Size))
	if err == nil && n < header.Size {
		_, err = io.CopyN(archive, zeros{}, header.Size-n)
	}
	return err
}

// zeros fill what a file has lost.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// removals is how many paths one command removes.
const removals = 500

// clear removes what is gone here. It takes the container's own rm and rmdir:
// the engine removes no files. Folders go only when they are empty, since the
// container may have more in them than this machine had.
func (t transfer) clear(ctx context.Context, e engine.Engine, c engine.Container) error {
	if c.Status != engine.StatusRunning {
		return t.unremoved(c)
	}
	var files, folders []string
	for _, target := range slices.Sorted(maps.Keys(t.remove)) {
		switch _, back := t.put[target]; {
		case back:
		case t.remove[target]:
			folders = append(folders, target)
		default:
			files = append(files, target)
		}
	}
	slices.Reverse(folders) // those within first
	for part := range slices.Chunk(files, removals) {
		if err := remove(ctx, e, c, append([]string{"rm", "-rf", "--"}, part...)); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(folders, removals) {
		if err := remove(ctx, e, c, append([]string{"rmdir", "--"}, part...)); err != nil && !errors.As(err, new(*exitError)) {
			return err
		}
	}
	return nil
}

// unremoved is why nothing can be removed from a container that does not run.
func (t transfer) unremoved(c engine.Container) error {
	if len(t.remove) == 0 || c.Status == engine.StatusCreated {
		return nil
	}
	return fmt.Errorf("container %s: is %s: what was removed here stays there", c.Name, c.Status)
}

// exitError is a command that ended with another code than 0.
type exitError struct {
	command string
	code    int
	output  string
}

func (e *exitError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%s: exit code %d: %s", e.command, e.code, e.output))
}

func remove(ctx context.Context, e engine.Engine, c engine.Container, command []string) error {
	var out strings.Builder
	code, err := e.Exec(ctx, c.ID, engine.ExecOptions{Command: command, User: "0", Stdout: &out, Stderr: &out})
	if err == nil && code != 0 {
		err = fmt.Errorf("container %s: %w", c.Name, &exitError{command[0], code, out.String()})
	}
	return err
}
