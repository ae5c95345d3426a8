package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/distribution/reference"
	image "github.com/opencontainers/image-spec/specs-go/v1"
)

// published begins the name of an application in a registry.
const published = "oci://"

// What docker compose publishes: a manifest whose layers are the files. Before
// OCI 1.1 a manifest's type is that of its config.
const (
	typeProject = "application/vnd.docker.compose.project"
	typeConfig  = "application/vnd.docker.compose.config.empty.v1+json"
	typeFile    = "application/vnd.docker.compose.file+yaml"
	typeEnvFile = "application/vnd.docker.compose.envfile"

	annotationFile    = "com.docker.compose.file"
	annotationExtends = "com.docker.compose.extends" // on a file that others extend
	annotationEnvFile = "com.docker.compose.envfile"
)

// maxFile is far above what people write, and keeps a registry from filling the
// memory.
const maxFile = 8 << 20

// An application is one in a registry.
type application struct{ remotes.Fetcher }

func (s *Store) fromRegistry(ctx context.Context, path string) (string, error) {
	ref, err := reference.ParseDockerRef(strings.TrimPrefix(path, published))
	if err != nil {
		return "", err
	}
	dir, ok := s.pinned(ref)
	if !ok {
		dir, err = s.application(ctx, ref)
	}
	return filepath.Join(dir, "compose.yaml"), err
}

// pinned is the folder of a reference with a digest, if it is kept: that needs no
// registry any more.
func (s *Store) pinned(ref reference.Named) (dir string, ok bool) {
	exact, ok := ref.(reference.Digested)
	if !ok {
		return "", false
	}
	dir = filepath.Join(s.Dir, "oci", exact.Digest().Encoded())
	return dir, isFolder(dir)
}

func (s *Store) application(ctx context.Context, ref reference.Named) (string, error) {
	resolver := s.resolver()
	_, top, err := resolver.Resolve(ctx, ref.String())
	if err != nil {
		return "", err
	}
	if err := top.Digest.Validate(); err != nil {
		return "", err
	}
	fetcher, err := resolver.Fetcher(ctx, ref.String())
	if err != nil {
		return "", err
	}
	return s.kept("oci", top.Digest.Encoded(), func(dir string) error { return application{fetcher}.fill(ctx, top, dir) })
}

// resolver talks to registries, to those on this machine, and insecure ones,
// without TLS if they have none.
func (s *Store) resolver() remotes.Resolver {
	known := docker.WithAuthorizer(docker.NewDockerAuthorizer(docker.WithAuthCreds(func(host string) (string, string, error) {
		if s.Credentials == nil {
			return "", "", nil
		}
		return s.Credentials(host)
	})))
	here := docker.WithClient(&http.Client{Transport: docker.NewHTTPFallback(docker.DefaultHTTPTransport(nil))})
	return docker.NewResolver(docker.ResolverOptions{Hosts: func(host string) ([]docker.RegistryHost, error) {
		if local, err := docker.MatchLocalhost(host); err != nil || !local && !slices.Contains(s.Insecure, host) {
			return docker.ConfigureDefaultRegistries(known)(host)
		}
		return docker.ConfigureDefaultRegistries(known, here)(host)
	}})
}

// fill writes the files of an application into a folder.
func (a application) fill(ctx context.Context, top image.Descriptor, dir string) error {
	m, err := a.manifest(ctx, top)
	if err != nil {
		return err
	}
	var documents []string
	for _, layer := range m.Layers {
		if layer.MediaType != typeFile && layer.MediaType != typeEnvFile {
			continue
		}
		text, err := a.read(ctx, layer)
		if err != nil {
			return err
		}
		if name, ok := beside(layer); !ok {
			documents = append(documents, string(text))
		} else if err := write(dir, name, text); err != nil {
			return err
		}
	}
	if len(documents) == 0 {
		return errors.New("the application has no stack file")
	}
	return os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(strings.Join(documents, "\n---\n")), 0o600)
}

// manifest is that of the application; of an index, that of the application in
// it: an index holds the images too.
func (a application) manifest(ctx context.Context, top image.Descriptor) (m image.Manifest, err error) {
	text, err := a.read(ctx, top)
	if err != nil {
		return m, err
	}
	if top.MediaType == image.MediaTypeImageIndex {
		var index image.Index
		if err := json.Unmarshal(text, &index); err != nil {
			return m, fmt.Errorf("index: %w", err)
		}
		i := slices.IndexFunc(index.Manifests, func(d image.Descriptor) bool { return d.ArtifactType == typeProject })
		if i < 0 {
			return m, errors.New("it is an index without an application")
		}
		if text, err = a.read(ctx, index.Manifests[i]); err != nil {
			return m, err
		}
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("manifest: %w", err)
	}
	if m.ArtifactType != typeProject && (m.ArtifactType != "" || m.Config.MediaType != typeConfig) {
		return m, errors.New("it is no application that was published, but an image or something else")
	}
	return m, nil
}

// beside is the name of a layer's file if it is not the stack file, or one that
// is laid over it.
func beside(layer image.Descriptor) (name string, ok bool) {
	if layer.MediaType == typeEnvFile {
		return layer.Annotations[annotationEnvFile], true
	}
	_, ok = layer.Annotations[annotationExtends]
	return layer.Annotations[annotationFile], ok
}

// write refuses a name that leads out of the folder, whoever has published it.
func write(dir, name string, text []byte) error {
	if name == "" || name == "compose.yaml" || strings.ContainsAny(name, `/\`) || !filepath.IsLocal(name) {
		return fmt.Errorf("file %q of the application: not the name of a file beside compose.yaml", name)
	}
	return os.WriteFile(filepath.Join(dir, name), text, 0o600)
}

// read is what a descriptor tells of, and nothing else: a registry is not trusted
// to send it.
func (a application) read(ctx context.Context, d image.Descriptor) ([]byte, error) {
	if err := d.Digest.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", d.MediaType, err)
	}
	if d.Size > maxFile {
		return nil, fmt.Errorf("%s: %d bytes are more than the %d of a file", d.Digest, d.Size, maxFile)
	}
	body, err := a.Fetch(ctx, d)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, d.Size+1))
	if err != nil {
		return nil, err
	}
	if d.Digest.Algorithm().FromBytes(text) != d.Digest {
		return nil, fmt.Errorf("%s: the registry has sent something else", d.Digest)
	}
	return text, nil
}
