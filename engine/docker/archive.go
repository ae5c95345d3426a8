package docker

import (
	"context"
	"io"

	"github.com/docker/docker/api/types/container"
)

// PutArchive unpacks a tar archive into a folder of a container. The call is
// PUT /containers/{id}/archive.
func (e *Engine) PutArchive(ctx context.Context, name, folder string, archive io.Reader) error {
	return e.onContainer(ctx, name, "copy into "+folder, func() error {
		return e.client.CopyToContainer(ctx, name, folder, archive, container.CopyToContainerOptions{})
	})
}
