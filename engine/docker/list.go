package docker

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/stackfile/stack/engine"
)

// ofProject filters by the project's label; "" for that of any project.
func ofProject(project string) filters.KeyValuePair {
	label := engine.LabelProject
	if project != "" {
		label += "=" + project
	}
	return filters.Arg("label", label)
}

// List returns the containers of a project. The call is GET /containers/json.
func (e *Engine) List(ctx context.Context, project string) ([]engine.Listing, error) {
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	found, err := e.client.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(ofProject(project))})
	if err != nil {
		return nil, e.fail(err, "list of containers")
	}
	out := make([]engine.Listing, len(found))
	for i, c := range found {
		out[i] = decodeListing(c)
	}
	return out, nil
}

func decodeListing(c container.Summary) engine.Listing {
	out := engine.Listing{Container: decodeListed(c), Sentence: c.Status}
	out.Image, out.Command, out.Created = c.Image, c.Command, time.Unix(c.Created, 0)
	out.Ports = nil
	for _, p := range c.Ports {
		out.Ports = append(out.Ports, engine.Port{IP: p.IP, Public: p.PublicPort, Private: p.PrivatePort, Protocol: p.Type})
	}
	sortPorts(out.Ports)
	if c.NetworkSettings != nil {
		out.Networks = sortedKeys(c.NetworkSettings.Networks)
	}
	for _, m := range c.Mounts {
		name := m.Name
		if name == "" {
			name = m.Source
		}
		if m.Driver == "local" {
			out.Local++
		}
		out.Mounts = append(out.Mounts, name)
	}
	slices.Sort(out.Mounts)
	return out
}

// ListVolumes returns the volumes of a project. The call is GET /volumes.
func (e *Engine) ListVolumes(ctx context.Context, project string) ([]engine.VolumeListing, error) {
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	found, err := e.client.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(ofProject(project))})
	if err != nil {
		return nil, e.fail(err, "list of volumes")
	}
	var out []engine.VolumeListing
	for _, v := range found.Volumes {
		out = append(out, engine.VolumeListing{Name: v.Name, Driver: v.Driver, Mountpoint: v.Mountpoint, Scope: v.Scope, Labels: v.Labels})
	}
	slices.SortFunc(out, func(a, b engine.VolumeListing) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// DescribeImage tells of an image. The call is GET /images/{name}/json.
func (e *Engine) DescribeImage(ctx context.Context, name string) (engine.ImageDescription, error) {
	if err := e.connect(ctx); err != nil {
		return engine.ImageDescription{}, err
	}
	i, err := e.client.ImageInspect(ctx, name)
	if err != nil {
		return engine.ImageDescription{}, e.fail(err, "image %s", name)
	}
	out := engine.ImageDescription{
		ID: i.ID, References: i.RepoTags, OS: i.Os, Arch: i.Architecture, Variant: i.Variant, Size: i.Size,
		Created: moment(i.Created), Tagged: i.Metadata.LastTagTime,
	}
	if out.Tagged.Year() <= 1 {
		out.Tagged = time.Time{}
	}
	return out, nil
}

// PinImage asks the registry what a reference means, through the engine, with
// the credentials that the docker command has for it. The call is GET
// /distribution/{name}/json.
func (e *Engine) PinImage(ctx context.Context, ref string) (string, error) {
	name, err := reference.ParseDockerRef(ref)
	if err != nil {
		return "", e.fail(err, "digest of image %q", ref)
	}
	if _, pinned := name.(reference.Canonical); pinned {
		return name.String(), nil
	}
	if err := e.connect(ctx); err != nil {
		return "", err
	}
	auth, problem := keyring{e.options.ConfigDir}.header(name)
	found, err := e.client.DistributionInspect(ctx, name.String(), auth)
	if err != nil {
		return "", besides(e.fail(err, "digest of image %q", ref), problem)
	}
	pinned, err := reference.WithDigest(name, found.Descriptor.Digest)
	if err != nil {
		return "", e.fail(err, "digest of image %q", ref)
	}
	return pinned.String(), nil
}
