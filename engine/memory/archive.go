package memory

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// PutArchive unpacks the plain files of a tar archive into a folder of a
// container; folders and links are no files here.
func (e *Engine) PutArchive(ctx context.Context, name, folder string, archive io.Reader) error {
	return e.put(ctx, name, folder, archive, false)
}

// PutOwned is PutArchive with the container's user as the owner, where that is a
// number, and else root.
func (e *Engine) PutOwned(ctx context.Context, name, folder string, archive io.Reader) error {
	return e.put(ctx, name, folder, archive, true)
}

func (e *Engine) put(ctx context.Context, name, folder string, archive io.Reader, owned bool) error {
	files, err := unpack(folder, archive)
	if err != nil {
		return fmt.Errorf("container %s: copy into %s: %w", name, folder, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.get(name)
	if err != nil {
		return fmt.Errorf("copy into %s: %w", folder, err)
	}
	for target, file := range files {
		if c.made.ReadOnly && !c.mounted(target) {
			return fmt.Errorf("container %s: %s: the file system is read-only: %w", c.name, target, engine.ErrConflict)
		}
		if owned {
			file.UID, _ = strconv.Atoi(c.made.User) // 0 for a name
			file.GID = 0
		}
		c.copied[target] = file
	}
	return nil
}

func unpack(folder string, archive io.Reader) (map[string]spec.FileContent, error) {
	files := map[string]spec.FileContent{}
	for from := tar.NewReader(archive); ; {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		var content bytes.Buffer
		if _, err := io.Copy(&content, from); err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			files[path.Join(folder, header.Name)] = spec.FileContent{
				Content: content.Bytes(), UID: header.Uid, GID: header.Gid, Mode: header.Mode,
			}
		}
	}
}
