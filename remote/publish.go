package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/containerd/containerd/v2/core/remotes"
	failed "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	specs "github.com/opencontainers/image-spec/specs-go"
	image "github.com/opencontainers/image-spec/specs-go/v1"
)

// An Application is what is published under one name.
type Application struct {
	Files    []File            // the stack file, and what is laid over it
	EnvFiles map[string][]byte // by the name that the stack file has for them
	// OCI is the version of the image specification that the manifest keeps to: 1.0,
	// 1.1, or "" for 1.1 with 1.0 for registries that refuse it.
	OCI     string
	Created time.Time
}

// A File is one of an application, with its name.
type File struct {
	Name string
	Text []byte
}

// Publish brings an application to a registry, in the form of docker compose, and
// returns its digest. name is HOST/NAME:TAG, with oci:// before it or without.
func (s *Store) Publish(ctx context.Context, name string, a Application) (string, error) {
	ref, err := named(name)
	if err != nil {
		return "", err
	}
	to, err := s.resolver().Pusher(ctx, ref.String())
	if err != nil {
		return "", err
	}
	layers := a.layers()
	for _, layer := range layers {
		if err := push(ctx, to, layer); err != nil {
			return "", err
		}
	}
	version := a.OCI
	if version == "" {
		version = "1.1"
	}
	sum, err := a.pushManifest(ctx, to, version, layers)
	if a.OCI == "" && tooNew(err) {
		return a.pushManifest(ctx, to, "1.0", layers)
	}
	return sum, err
}

// tooNew reports whether a registry refuses a manifest for what it is, and not for
// whose it is.
func tooNew(err error) bool {
	var status failed.ErrUnexpectedStatus
	if !errors.As(err, &status) || status.StatusCode < 400 || status.StatusCode > 499 {
		return false
	}
	return !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired}, status.StatusCode)
}

func named(name string) (reference.Named, error) {
	if len(name) > len(published) && name[:len(published)] == published {
		name = name[len(published):]
	}
	ref, err := reference.ParseDockerRef(name)
	if err != nil {
		return nil, fmt.Errorf("%q: want HOST/NAME:TAG: %w", name, err)
	}
	if _, ok := ref.(reference.Digested); ok {
		return nil, fmt.Errorf("%q: want a tag, and no digest", name)
	}
	return ref, nil
}

func (a Application) layers() (out []image.Descriptor) {
	for _, f := range a.Files {
		out = append(out, describe(typeFile, f.Text, map[string]string{annotationFile: f.Name}))
	}
	for _, name := range slices.Sorted(maps.Keys(a.EnvFiles)) {
		out = append(out, describe(typeEnvFile, a.EnvFiles[name], map[string]string{annotationEnvFile: name}))
	}
	return out
}

func describe(kind string, text []byte, annotations map[string]string) image.Descriptor {
	return image.Descriptor{MediaType: kind, Digest: digest.FromBytes(text), Size: int64(len(text)), Annotations: annotations, Data: text}
}

// pushManifest brings the manifest after its config, and returns its digest.
func (a Application) pushManifest(ctx context.Context, to remotes.Pusher, version string, layers []image.Descriptor) (string, error) {
	m := image.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: image.MediaTypeImageManifest,
		ArtifactType: typeProject, Config: image.DescriptorEmptyJSON, Layers: layers,
		Annotations: map[string]string{image.AnnotationCreated: a.Created.UTC().Format(time.RFC3339)},
	}
	if version == "1.0" {
		m.ArtifactType, m.Config = "", describe(typeConfig, []byte("{}"), nil)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	top := describe(image.MediaTypeImageManifest, text, nil)
	for _, d := range []image.Descriptor{m.Config, top} {
		if err := push(ctx, to, d); err != nil {
			return "", err
		}
	}
	return top.Digest.String(), nil
}

// push brings what a descriptor holds, unless it is there.
func push(ctx context.Context, to remotes.Pusher, d image.Descriptor) error {
	w, err := to.Push(ctx, d)
	if errdefs.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.Write(d.Data); err != nil {
		return err
	}
	if err := w.Commit(ctx, d.Size, d.Digest); err != nil && !errdefs.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// Digest asks a registry what a reference means now.
func (s *Store) Digest(ctx context.Context, ref string) (string, error) {
	parsed, err := reference.ParseDockerRef(ref)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", ref, err)
	}
	_, top, err := s.resolver().Resolve(ctx, parsed.String())
	if err != nil {
		return "", fmt.Errorf("image %q: %w", ref, err)
	}
	return top.Digest.String(), nil
}
