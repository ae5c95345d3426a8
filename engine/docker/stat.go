package docker

import (
	"context"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
)

// PutOwned unpacks a tar archive into a folder of a container, for its user. The
// call is PUT /containers/{id}/archive.
func (e *Engine) PutOwned(ctx context.Context, name, folder string, archive io.Reader) error {
	return e.onContainer(ctx, name, "copy into "+folder, func() error {
		return e.client.CopyToContainer(ctx, name, folder, archive, container.CopyToContainerOptions{CopyUIDGID: true})
	})
}

// StatPath tells of one file of a container. The call is
// HEAD /containers/{id}/archive.
func (e *Engine) StatPath(ctx context.Context, name, path string) (out engine.PathStat, err error) {
	err = e.onContainer(ctx, name, path, func() error {
		found, err := e.client.ContainerStatPath(ctx, name, path)
		if errdefs.IsNotFound(err) { // the answer to HEAD has no text
			return fmt.Errorf("no such file or folder: %w", engine.ErrNotFound)
		}
		out = engine.PathStat{Name: found.Name, Size: found.Size, Mode: found.Mode, Link: found.LinkTarget}
		return err
	})
	return out, err
}

// GetArchive writes a file or a folder of a container as a tar archive. The call
// is GET /containers/{id}/archive.
func (e *Engine) GetArchive(ctx context.Context, name, path string, to io.Writer) error {
	return e.onContainer(ctx, name, "copy "+path, func() error {
		from, _, err := e.client.CopyFromContainer(ctx, name, path)
		if err != nil {
			return err
		}
		defer from.Close()
		_, err = io.Copy(to, from)
		return err
	})
}

// ExportContainer writes a container's file system as a tar archive. The call is
// GET /containers/{id}/export.
func (e *Engine) ExportContainer(ctx context.Context, name string, to io.Writer) error {
	return e.onContainer(ctx, name, "export", func() error {
		from, err := e.client.ContainerExport(ctx, name)
		if err != nil {
			return err
		}
		defer from.Close()
		_, err = io.Copy(to, from)
		return err
	})
}
