package stack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/stackfile/stack/engine"
)

// CopyFrom copies a file or a folder of a container to this machine, by the same
// rules as CopyInto. It writes nothing outside of the target, whatever the
// container's files are called, and the files belong to who runs this. Devices and
// pipes, which are no use elsewhere, are left out; their names are returned.
func CopyFrom(ctx context.Context, e engine.Files, c engine.Container, source, target string, opts CopyOptions) (left []string, err error) {
	from, err := containerSource(ctx, e, c, source, opts.FollowLink)
	if err != nil {
		return nil, err
	}
	folder, name, err := place(from, localTarget(target))
	if err != nil {
		return nil, fmt.Errorf("copy %s:%s to %s: %w", c.Name, source, target, err)
	}
	root, err := os.OpenRoot(filepath.FromSlash(folder))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	u := unpacking{root: root, base: path.Base(from.path), name: name}
	err = get(ctx, e, c, from.path, u.tree)
	return u.left, err
}

// CopyOut writes a file or a folder of a container as a tar archive.
func CopyOut(ctx context.Context, e engine.Files, c engine.Container, source string, to io.Writer, opts CopyOptions) error {
	from, err := containerSource(ctx, e, c, source, opts.FollowLink)
	if err != nil {
		return err
	}
	if from.contents && from.path != "/" {
		from.path += "/."
	}
	return e.GetArchive(ctx, c.Name, from.path, to)
}

func containerSource(ctx context.Context, e engine.Files, c engine.Container, source string, followLink bool) (location, error) {
	from := location{path: path.Join("/", source)}
	from.contents = ofContents(source) || from.path == "/"
	from.name = path.Base(from.path)
	found, err := e.StatPath(ctx, c.Name, from.path)
	if err == nil && found.Link != "" && (followLink || from.contents || strings.HasSuffix(source, "/")) {
		from.path = found.Link
		found, err = e.StatPath(ctx, c.Name, from.path)
	}
	from.there, from.folder = err == nil, found.Mode.IsDir()
	from.contents = from.contents && from.folder
	return from, err
}

func localTarget(target string) location {
	to := location{path: filepath.ToSlash(filepath.Clean(target)), slash: strings.HasSuffix(filepath.ToSlash(target), "/")}
	if found, err := os.Stat(target); err == nil {
		to.there, to.folder = true, found.IsDir()
		if real, err := filepath.EvalSymlinks(target); err == nil {
			to.path = filepath.ToSlash(real)
		}
	}
	return to
}

// get hands the archive of a path to read.
func get(ctx context.Context, e engine.Files, c engine.Container, source string, read func(io.Reader) error) error {
	from, to := io.Pipe()
	got := make(chan error, 1)
	go func() {
		err := e.GetArchive(ctx, c.Name, source, to)
		to.CloseWithError(err)
		got <- err
	}()
	err := read(from)
	from.CloseWithError(err) // ends the getting, if it has not
	if failed := <-got; err == nil {
		return failed
	}
	return err
}

// An unpacking is of one archive, below root.
type unpacking struct {
	root       *os.Root
	base, name string // the first part of each entry's path, and what stands in its place; "" for nothing
	folders    []*tar.Header
	left       []string // what is left out
}

func (u *unpacking) tree(r io.Reader) error {
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return settle(u.root, u.folders)
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeLink {
			h.Linkname = u.renamed(h.Linkname)
		}
		if h.Name = u.renamed(h.Name); h.Name == "." {
			continue
		}
		if err := u.entry(archive, h); err != nil {
			return err
		}
	}
}

// renamed is where an entry goes.
func (u *unpacking) renamed(entry string) string {
	within := strings.TrimPrefix(path.Clean("/"+entry), path.Clean("/"+u.base))
	return path.Join(u.name, strings.TrimPrefix(within, "/"), ".")
}

// settle gives folders the modes and times that they are to have.
func settle(root *os.Root, folders []*tar.Header) error {
	for _, h := range folders {
		if err := root.Chmod(h.Name, h.FileInfo().Mode()); err != nil {
			return err
		}
		if err := root.Chtimes(h.Name, h.ModTime, h.ModTime); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacking) entry(archive io.Reader, h *tar.Header) error {
	if found, err := u.root.Lstat(h.Name); err == nil && found.IsDir() != (h.Typeflag == tar.TypeDir) {
		if found.IsDir() {
			return fmt.Errorf("%s: a file cannot be copied onto a folder", h.Name)
		}
		return fmt.Errorf("%s: %w", h.Name, errOntoFile)
	}
	if err := u.root.MkdirAll(path.Dir(h.Name), 0o755); err != nil { // an archive may leave folders out
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.folder(h)
	case tar.TypeReg:
		return unpackFile(archive, u.root, h)
	case tar.TypeSymlink:
		return replaced(u.root, h.Name, func() error { return u.root.Symlink(h.Linkname, h.Name) })
	case tar.TypeLink:
		return replaced(u.root, h.Name, func() error { return u.root.Link(h.Linkname, h.Name) })
	}
	u.left = append(u.left, h.Name)
	return nil
}

// folder makes one. Until the end it may be written to.
func (u *unpacking) folder(h *tar.Header) error {
	u.folders = append(u.folders, h)
	if err := u.root.Mkdir(h.Name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// replaced makes an entry in place of what has its name.
func replaced(root *os.Root, name string, make func() error) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return make()
}

func unpackFile(archive io.Reader, root *os.Root, h *tar.Header) error {
	if err := replaced(root, h.Name, func() error { return nil }); err != nil {
		return err
	}
	mode := h.FileInfo().Mode()
	file, err := root.OpenFile(h.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, archive)
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	return root.Chtimes(h.Name, h.ModTime, h.ModTime)
}
