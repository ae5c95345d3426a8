package memory

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// files are those of a container, by path.
func (e *Engine) files(ctx context.Context, name string) (map[string]spec.FileContent, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.get(name)
	if err != nil {
		return nil, err
	}
	return maps.Clone(c.copied), nil
}

// under are the paths of what is at a path or below it, sorted. The root is always
// there, and so is /tmp.
func under(files map[string]spec.FileContent, at string) (out []string, folder bool) {
	at = path.Clean("/" + at)
	folder = at == "/" || at == "/tmp"
	for _, name := range slices.Sorted(maps.Keys(files)) {
		within := strings.HasPrefix(name, strings.TrimSuffix(at, "/")+"/")
		if folder = folder || within; within || name == at {
			out = append(out, name)
		}
	}
	return out, folder
}

// StatPath tells of a file that was copied into a container, or of a folder that
// such files are in.
func (e *Engine) StatPath(ctx context.Context, name, at string) (engine.PathStat, error) {
	files, err := e.files(ctx, name)
	if err != nil {
		return engine.PathStat{}, err
	}
	found, folder := under(files, at)
	switch {
	case folder:
		return engine.PathStat{Name: path.Base(at), Mode: fs.ModeDir | 0o755}, nil
	case len(found) == 0:
		return engine.PathStat{}, fmt.Errorf("container %s: %s: %w", name, at, engine.ErrNotFound)
	}
	file := files[found[0]]
	return engine.PathStat{Name: path.Base(at), Size: int64(len(file.Content)), Mode: fs.FileMode(file.Mode)}, nil
}

// GetArchive writes what is at a path as a tar archive.
func (e *Engine) GetArchive(ctx context.Context, name, at string, to io.Writer) error {
	stat, err := e.StatPath(ctx, name, at)
	if err != nil {
		return err
	}
	files, err := e.files(ctx, name)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	if stat.Mode.IsDir() {
		if err := archive.WriteHeader(&tar.Header{Name: stat.Name + "/", Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
			return err
		}
	}
	found, _ := under(files, at)
	for _, file := range found {
		if err := write(archive, path.Join(stat.Name, strings.TrimPrefix(file, path.Clean("/"+at))), files[file]); err != nil {
			return err
		}
	}
	return archive.Close()
}

func write(archive *tar.Writer, name string, file spec.FileContent) error {
	header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: file.Mode, Uid: file.UID, Gid: file.GID, Size: int64(len(file.Content))}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(file.Content)
	return err
}

// ExportContainer writes all files that were copied into a container.
func (e *Engine) ExportContainer(ctx context.Context, name string, to io.Writer) error {
	files, err := e.files(ctx, name)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	archive := tar.NewWriter(to)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if err := write(archive, strings.TrimPrefix(file, "/"), files[file]); err != nil {
			return err
		}
	}
	return archive.Close()
}
