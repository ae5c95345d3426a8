package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/stackfile/stack/engine"
)

// contentMax is how large a config or secret may be to be read back.
const contentMax = 16 << 20

// contents are the configs and secrets in a container. What is not there, or is
// no plain file, is left out.
func (e *Engine) contents(ctx context.Context, c engine.Container) (map[string][]byte, error) {
	if c.Recorded == nil || len(c.Recorded.Files) == 0 {
		return nil, nil
	}
	out := map[string][]byte{}
	for _, target := range sortedKeys(c.Recorded.Files) {
		text, err := e.readFile(ctx, c.ID, target)
		switch {
		case errdefs.IsNotFound(err):
		case err != nil:
			return nil, fmt.Errorf("container %s: read %s: %w", c.Name, target, err)
		case text != nil:
			out[target] = text
		}
	}
	return out, nil
}

// readFile reads a plain file, nil for anything else. The call is
// GET /containers/{id}/archive.
func (e *Engine) readFile(ctx context.Context, id, path string) ([]byte, error) {
	stream, _, err := e.client.CopyFromContainer(ctx, id, path)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	archive := tar.NewReader(stream)
	header, err := archive.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	case header.Typeflag != tar.TypeReg || header.Size > contentMax:
		return nil, nil
	}
	text := make([]byte, header.Size)
	_, err = io.ReadFull(archive, text)
	return text, err
}

// repository are the images that the references of one repository mean, by
// reference. The call is GET /images/json.
func (e *Engine) repository(ctx context.Context, name string) (map[string]engine.Image, error) {
	if name == "" {
		return nil, nil
	}
	list, err := e.client.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", name))})
	if err != nil {
		return nil, err
	}
	out := map[string]engine.Image{}
	for _, i := range list {
		// The list has only the references that match, so it is looked at.
		found, err := e.inspectImage(ctx, i.ID)
		if err != nil {
			return nil, err
		}
		for _, ref := range i.RepoTags {
			if found != nil && slices.Contains(found.References, ref) {
				out[ref] = *found
			}
		}
	}
	return out, nil
}
