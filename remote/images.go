package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	specs "github.com/opencontainers/image-spec/specs-go"
	image "github.com/opencontainers/image-spec/specs-go/v1"
)

// The types of manifests and lists of images that Docker's registries had before
// there was a specification.
const (
	typeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	typeDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
)

// PublishImages copies images into the repository of an application that is there,
// by its digest, and an index of them that refers to it.
func (s *Store) PublishImages(ctx context.Context, name, application string, images []string) error {
	ref, err := named(name)
	if err != nil {
		return err
	}
	resolver := s.resolver()
	_, subject, err := resolver.Resolve(ctx, ref.String())
	if err != nil {
		return err
	}
	if subject.Digest.String() != application {
		return fmt.Errorf("%s: somebody else has published since: it is %s now", name, subject.Digest)
	}
	// Of a reference with a digest only what has that digest gets the tag.
	to, err := resolver.Pusher(ctx, ref.String()+"@"+application)
	if err != nil {
		return err
	}
	index := image.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: image.MediaTypeImageIndex, Subject: &subject}
	for _, from := range images {
		top, err := copyImage(ctx, resolver, from, to)
		if err != nil {
			return fmt.Errorf("image %q: %w", from, err)
		}
		index.Manifests = append(index.Manifests, top)
	}
	text, err := json.Marshal(index)
	if err != nil {
		return err
	}
	return push(ctx, to, describe(image.MediaTypeImageIndex, text, nil))
}

func copyImage(ctx context.Context, resolver remotes.Resolver, name string, to remotes.Pusher) (image.Descriptor, error) {
	ref, err := reference.ParseDockerRef(name)
	if err != nil {
		return image.Descriptor{}, err
	}
	_, top, err := resolver.Resolve(ctx, ref.String())
	if err != nil {
		return top, err
	}
	from, err := resolver.Fetcher(ctx, ref.String())
	if err != nil {
		return top, err
	}
	return top, copyTree(ctx, from, to, top)
}

// copyTree copies what a descriptor tells of, after all that it consists of: a
// registry refuses a manifest before its parts.
func copyTree(ctx context.Context, from remotes.Fetcher, to remotes.Pusher, d image.Descriptor) error {
	switch d.MediaType {
	case image.MediaTypeImageManifest, image.MediaTypeImageIndex, typeDockerManifest, typeDockerList:
	default:
		return copyBlob(ctx, from, to, d)
	}
	text, err := application{from}.read(ctx, d)
	if err != nil {
		return err
	}
	parts, err := partsOf(text)
	if err != nil {
		return fmt.Errorf("%s: %w", d.Digest, err)
	}
	for _, part := range parts {
		if err := copyTree(ctx, from, to, part); err != nil {
			return err
		}
	}
	d.Data = text
	return push(ctx, to, d)
}

// partsOf are what a manifest or an index consists of.
func partsOf(text []byte) ([]image.Descriptor, error) {
	var m struct {
		Config            *image.Descriptor
		Layers, Manifests []image.Descriptor
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	parts := slices.Concat(m.Layers, m.Manifests)
	if m.Config != nil {
		parts = append(parts, *m.Config)
	}
	for _, part := range parts {
		if err := part.Digest.Validate(); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// copyBlob hands on a blob, unless it is there. It need not fit into the memory.
func copyBlob(ctx context.Context, from remotes.Fetcher, to remotes.Pusher, d image.Descriptor) error {
	w, err := to.Push(ctx, d)
	if errdefs.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer w.Close()
	body, err := from.Fetch(ctx, d)
	if err != nil {
		return err
	}
	defer body.Close()
	sum := d.Digest.Algorithm().Digester()
	if _, err := io.Copy(io.MultiWriter(w, sum.Hash()), body); err != nil {
		return err
	}
	if got := sum.Digest(); got != d.Digest {
		return fmt.Errorf("%s: the registry has sent something else", d.Digest)
	}
	if err := w.Commit(ctx, d.Size, d.Digest); err != nil && !errdefs.IsAlreadyExists(err) {
		return err
	}
	return nil
}
