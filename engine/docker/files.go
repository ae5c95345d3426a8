package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"io/fs"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// defaultFileMode is that of a config or secret which asks for none.
const defaultFileMode fs.FileMode = 0o444

// CopyFiles puts files into a container, folders above them included: those
// that are missing are made by the engine, those that are there keep their
// owner and mode. A container with a read-only root refuses, as does the engine.
// The call is PUT /containers/{id}/archive.
func (e *Engine) CopyFiles(ctx context.Context, op engine.CopyFiles) error {
	return e.onContainer(ctx, op.Name, "copy files", func() error {
		archive, err := pack(op.Files)
		if err != nil {
			return err
		}
		return e.client.CopyToContainer(ctx, op.Name, "/", archive, container.CopyToContainerOptions{})
	})
}

// pack makes a tar of the files, in the order of their targets.
func pack(files map[string]spec.FileContent) (*bytes.Buffer, error) {
	var out bytes.Buffer
	now := time.Now()
	w := tar.NewWriter(&out)
	for _, target := range sortedKeys(files) {
		f := files[target]
		mode := fs.FileMode(f.Mode)
		if mode == 0 {
			mode = defaultFileMode
		}
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: strings.TrimPrefix(target, "/"), Size: int64(len(f.Content)),
			Mode: int64(mode), Uid: f.UID, Gid: f.GID, ModTime: now,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Content); err != nil {
			return nil, err
		}
	}
	return &out, w.Close()
}
