package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/system"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// adopt reads back what a container was made from that another tool made: from
// the inspect, less what its image and the engine add by themselves. It asks
// for the image, for what the engine is set to, and for the files at targets,
// and leaves Recorded nil where the image is gone.
func (e *Engine) adopt(ctx context.Context, c *engine.Container, found container.InspectResponse, l lists, targets []string) error {
	made, err := e.origins.of(ctx, e, found.Image)
	if err != nil || made == nil {
		return err
	}
	info, err := e.info(ctx)
	if err != nil {
		return err
	}
	b := readBack{found: found, image: *made, info: *info, names: l.servicesByID()}
	recorded := b.container()
	if recorded.Files, err = e.filesAt(ctx, found.ID, targets); err != nil {
		return err
	}
	observed := recorded
	c.Recorded, c.Observed = &recorded, &observed
	c.Adopted, c.Untold = &engine.Adopted{Defaults: b.defaults()}, b.untold(recorded)
	c.Anonymous = anonymous(c.Recorded, found)
	return nil
}

// origins remembers the images of adopted containers, by ID: under one ID an
// image is always the same.
type origins struct {
	mu    sync.Mutex // several inspects may ask at once
	known map[string]*origin
}

// of gives nil for an image that is gone.
func (o *origins) of(ctx context.Context, e *Engine, id string) (*origin, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := o.known[id]; i != nil {
		return i, nil
	}
	found, err := e.client.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", id, err)
	}
	if o.known == nil {
		o.known = map[string]*origin{}
	}
	o.known[id] = decodeOrigin(found)
	return o.known[id], nil
}

// An origin is what an image gives to its containers.
type origin struct {
	platform                     string
	env, labels                  map[string]string
	entrypoint, command          []string
	user, workingDir, stopSignal string
	healthcheck                  *spec.Healthcheck
	expose, volumes              []string
}

func decodeOrigin(i image.InspectResponse) *origin {
	o := &origin{platform: strings.TrimRight(strings.Join([]string{i.Os, i.Architecture, i.Variant}, "/"), "/")}
	if c := i.Config; c != nil {
		o.env, o.labels, o.entrypoint, o.command = pairs(c.Env), c.Labels, wordList(c.Entrypoint), wordList(c.Cmd)
		o.user, o.workingDir, o.stopSignal = c.User, c.WorkingDir, c.StopSignal
		o.healthcheck, o.expose, o.volumes = fromHealth(c.Healthcheck), exposed(c.ExposedPorts), sortedKeys(c.Volumes)
	}
	return o
}

// filesAt reads the regular files among the targets, running or not, as digests:
// docker compose has copied configs and secrets there which are no file here.
// The call is GET /containers/{id}/archive.
func (e *Engine) filesAt(ctx context.Context, id string, targets []string) (map[string]spec.File, error) {
	var out map[string]spec.File
	for _, target := range targets {
		file, err := e.fileAt(ctx, id, target)
		if err != nil {
			return nil, fmt.Errorf("container %s: read %s: %w", id, target, err)
		}
		if file == nil {
			continue
		}
		if out == nil {
			out = map[string]spec.File{}
		}
		out[target] = *file
	}
	return out, nil
}

// fileAt gives nil where there is no regular file.
func (e *Engine) fileAt(ctx context.Context, id, target string) (*spec.File, error) {
	archive, _, err := e.client.CopyFromContainer(ctx, id, target)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	r := tar.NewReader(archive)
	header, err := r.Next()
	if err != nil {
		return nil, err
	}
	if header.Typeflag != tar.TypeReg {
		return nil, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return nil, err
	}
	return &spec.File{
		Digest: "sha256:" + hex.EncodeToString(sum.Sum(nil)),
		UID:    strconv.Itoa(header.Uid), GID: strconv.Itoa(header.Gid), Mode: fmt.Sprintf("0%o", header.Mode&0o7777),
	}, nil
}

// servicesByID are the containers that definitions can speak of.
func (l lists) servicesByID() map[string]peer {
	out := make(map[string]peer, len(l.containers))
	for _, c := range l.containers {
		p := peer{name: nameOf(c), project: c.Labels[engine.LabelProject], service: c.Labels[engine.LabelService]}
		if c.NetworkSettings != nil {
			p.networks = sortedKeys(c.NetworkSettings.Networks)
		}
		out[c.ID] = p
	}
	return out
}

// A peer is another container, as definitions name it.
type peer struct {
	name, project, service string
	networks               []string
}

// A readBack is a container that another tool made, while it is being put into
// the words of spec.Container. It is the inverse of convert, and pure:
//
//	read back as it was asked for     all that is in no other row
//	less what the image has           environment, labels, expose, healthcheck, command and entrypoint
//	                                  (together), user, working_dir, stop_signal, its volumes
//	less what the engine adds         runtime, logging.driver, shm_size, ipc, cgroup, memswap_limit,
//	                                  stop_signal, label=disable of privileged and of a shared pid or ipc,
//	                                  hostname (its own ID, or the host's beside network_mode: host),
//	                                  aliases (the container's names and ID), MAC addresses
//	less what docker compose adds     its labels, links by a name that the other has anyhow, or to where it
//	                                  is not, volumes carried over from an older container
//	put back into a service's name    network_mode, pid, ipc, volumes_from
//	read from the container           files, where they were copied
//	untold                            platform of a container (its image's counts), priority,
//	                                  consistency, create_host_path, limits which the kernel cannot do,
//	                                  options of the engine's own log driver that were not asked for,
//	                                  a MAC address while the container is stopped, inputs
type readBack struct {
	found container.InspectResponse
	image origin
	info  system.Info
	names map[string]peer // by ID
}

func (b readBack) container() spec.Container {
	var c spec.Container
	b.config(&c)
	b.program(&c)
	b.host(&c)
	b.security(&c)
	b.resources(&c)
	b.network(&c)
	b.mounts(&c)
	return c
}
