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

// CopyOptions of CopyInto and CopyFrom.
type CopyOptions struct {
	Owned      bool // CopyInto: what is copied belongs to the container's user
	FollowLink bool // a source that is a link: what it leads to is copied
}

// CopyInto copies a file or a folder of this machine into a container, as docker
// cp does: into a folder that is there, under its own name; else under the
// target's name, in a folder that must be there. Of a source that ends in /. the
// contents are copied.
func CopyInto(ctx context.Context, e engine.Engine, c engine.Container, source, target string, opts CopyOptions) error {
	from, err := localSource(source, opts.FollowLink)
	if err != nil {
		return err
	}
	to, err := containerTarget(ctx, e, c, target)
	if err != nil {
		return err
	}
	folder, name, err := place(from, to)
	if err != nil {
		return fmt.Errorf("copy %s to %s:%s: %w", source, c.Name, target, err)
	}
	return put(ctx, e, c, folder, opts, func(w io.Writer) error { return packTree(w, from.path, name) })
}

// CopyArchive unpacks a tar archive into a folder of a container, which must be
// there.
func CopyArchive(ctx context.Context, e engine.Engine, c engine.Container, archive io.Reader, target string, opts CopyOptions) error {
	to, err := containerTarget(ctx, e, c, target)
	if err != nil {
		return err
	}
	if !to.folder {
		return fmt.Errorf("copy to %s:%s: %w", c.Name, target, errNoFolder)
	}
	return unpackInto(ctx, e, c, to.path, archive, opts)
}

// A location is one end of a copy.
type location struct {
	path     string
	there    bool
	folder   bool
	contents bool   // a source: what is in the folder, not the folder
	slash    bool   // a target: the path ends in a slash, so that it must be a folder
	name     string // of a source: its own
}

var (
	errNoFolder   = errors.New("the target is no folder")
	errOntoFile   = errors.New("a folder cannot be copied onto a file")
	errNoneToFill = errors.New("no such folder")
)

// place is the folder that a source goes to, and its name there; "" for what is
// in the source, without it.
func place(from, to location) (folder, name string, err error) {
	switch {
	case to.folder && from.contents:
		return to.path, "", nil
	case to.folder:
		return to.path, from.name, nil
	case to.there && from.folder:
		return "", "", errOntoFile
	case to.there && to.slash:
		return "", "", errNoFolder
	case !to.there && to.slash && !from.folder:
		return "", "", errNoneToFill
	}
	return path.Dir(to.path), path.Base(to.path), nil
}

func localSource(source string, followLink bool) (location, error) {
	l := location{path: filepath.Clean(source), contents: ofContents(filepath.ToSlash(source))}
	var err error
	if l.name, err = filepath.Abs(l.path); err != nil {
		return l, err
	}
	l.name = filepath.Base(l.name)
	if followLink || strings.HasSuffix(filepath.ToSlash(source), "/") || l.contents {
		if l.path, err = filepath.EvalSymlinks(l.path); err != nil {
			return l, err
		}
	}
	found, err := os.Lstat(l.path)
	if err != nil {
		return l, err
	}
	l.there, l.folder = true, found.IsDir()
	l.contents = l.folder && (l.contents || filepath.Dir(l.path) == l.path) // the root has no name
	return l, nil
}

// ofContents reports whether a path means what is in the folder.
func ofContents(path string) bool { return path == "." || strings.HasSuffix(path, "/.") }

// containerTarget looks at a path of a container, and follows a link there.
func containerTarget(ctx context.Context, e engine.Files, c engine.Container, target string) (location, error) {
	to := location{path: path.Join("/", target), slash: strings.HasSuffix(target, "/") || ofContents(target)}
	found, err := e.StatPath(ctx, c.Name, to.path)
	if err == nil && found.Link != "" {
		to.path = found.Link
		found, err = e.StatPath(ctx, c.Name, to.path)
	}
	if errors.Is(err, engine.ErrNotFound) {
		return to, nil
	}
	to.there, to.folder = err == nil, found.Mode.IsDir()
	return to, err
}

// put sends what write packs into a folder of a container.
func put(ctx context.Context, e engine.Engine, c engine.Container, folder string, opts CopyOptions, write func(io.Writer) error) error {
	from, to := io.Pipe()
	go func() { to.CloseWithError(write(to)) }()
	err := unpackInto(ctx, e, c, folder, from, opts)
	from.CloseWithError(err) // ends the writing, if it has not
	return err
}

func unpackInto(ctx context.Context, e engine.Engine, c engine.Container, folder string, archive io.Reader, opts CopyOptions) error {
	if opts.Owned {
		return e.PutOwned(ctx, c.Name, folder, archive)
	}
	return e.PutArchive(ctx, c.Name, folder, archive)
}

// packTree packs a file, or a folder with all that is in it, under a name; for ""
// what is in the folder. Owners are those of this machine.
func packTree(w io.Writer, source, name string) error {
	archive := tar.NewWriter(w)
	err := filepath.WalkDir(source, func(file string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(source, file)
		if err != nil {
			return err
		}
		if as := path.Join(name, filepath.ToSlash(within)); as != "." {
			return packOwned(archive, as, file)
		}
		return nil
	})
	return errors.Join(err, archive.Close())
}

// packOwned is pack with the owner that the file has. Sockets are left out.
func packOwned(archive *tar.Writer, name, file string) error {
	found, err := os.Lstat(file)
	if err != nil || found.Mode()&fs.ModeSocket != 0 {
		return err
	}
	link := ""
	if found.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(file); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(found, link)
	if err != nil {
		return err
	}
	header.Name, header.Uname, header.Gname = name, "", "" // names mean others in the container
	if found.Mode().IsRegular() {
		return packFile(archive, header, file)
	}
	return archive.WriteHeader(header)
}
