package docker

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// decodeContainer reads an inspect. A definition that only a newer stack can
// read is an error; one that nobody can read is none, so the container counts
// as made by somebody else.
func decodeContainer(c container.InspectResponse) (engine.Container, error) {
	out := engine.Container{
		ID: c.ID, Name: strings.TrimPrefix(c.Name, "/"), Image: c.Config.Image, ImageID: c.Image,
		Command: strings.Join(append([]string{c.Path}, c.Args...), " "), Labels: c.Config.Labels,
		Service: c.Config.Labels[engine.LabelService], Number: atoi(c.Config.Labels[engine.LabelNumber]),
		OneOff: strings.EqualFold(c.Config.Labels[engine.LabelOneOff], "true"),
		Status: engine.Status(c.State.Status), Health: health(c.State.Health),
		ExitCode: c.State.ExitCode, OOMKilled: c.State.OOMKilled, Restarts: c.RestartCount,
		Created: moment(c.Created), Started: moment(c.State.StartedAt), Finished: moment(c.State.FinishedAt),
		Ports: ports(c),
	}
	if label, ok := c.Config.Labels[engine.LabelDefinition]; ok {
		recorded, err := engine.DecodeDefinition(label, c.Config.Env)
		if errors.Is(err, engine.ErrUnsupported) {
			return out, fmt.Errorf("container %s: %w", out.Name, err)
		}
		if err == nil {
			observed := observe(*recorded, c)
			out.Recorded, out.Observed = recorded, &observed
			if out.Image == out.ImageID {
				out.Image = recorded.Image // made from the ID, whatever the reference meant
			}
		}
	}
	out.Anonymous = anonymous(out.Recorded, c)
	return out, nil
}

// moment is the zero time where the engine says that there was none yet.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}

func health(h *container.Health) engine.Health {
	if h == nil || h.Status == container.NoHealthcheck {
		return ""
	}
	return engine.Health(h.Status)
}

// ports are the bound ones, and the published ones that are not bound now.
func ports(c container.InspectResponse) (out []engine.Port) {
	add := func(p nat.Port, bound []nat.PortBinding) {
		for _, b := range bound {
			out = append(out, engine.Port{IP: b.HostIP, Public: uint16(atoi(b.HostPort)), Private: uint16(p.Int()), Protocol: p.Proto()})
		}
	}
	for p, bound := range c.NetworkSettings.Ports {
		add(p, bound)
	}
	for p, asked := range c.HostConfig.PortBindings {
		if len(c.NetworkSettings.Ports[p]) > 0 {
			continue
		}
		for _, b := range asked {
			add(p, []nat.PortBinding{{HostIP: b.HostIP}})
		}
	}
	sortPorts(out)
	return out
}

func sortPorts(ports []engine.Port) {
	slices.SortFunc(ports, func(a, b engine.Port) int {
		return cmp.Or(cmp.Compare(a.Private, b.Private), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Public, b.Public), cmp.Compare(a.IP, b.IP))
	})
}

// anonymous finds the volumes that nobody gave a name: asked for without a
// source, by the image, or carried over from a container before.
func anonymous(recorded *spec.Container, c container.InspectResponse) map[string]string {
	carried := map[string]string{}
	_ = json.Unmarshal([]byte(c.Config.Labels[engine.LabelAnonymous]), &carried) // not ours: nothing carried
	var out map[string]string
	for _, m := range c.Mounts {
		if m.Type != mount.TypeVolume || named(recorded, m.Destination) {
			continue
		}
		_, ofImage := c.Config.Volumes[m.Destination]
		_, known := carried[m.Destination]
		borrowed := len(c.HostConfig.VolumesFrom) > 0 && !ofImage && !known && !declared(recorded, m.Destination)
		if borrowed || !known && !generated(m.Name) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[m.Destination] = m.Name
	}
	return out
}

func named(recorded *spec.Container, target string) bool {
	return recorded != nil && recorded.Mounts[target].Source != ""
}

func declared(recorded *spec.Container, target string) bool {
	if recorded == nil {
		return false
	}
	_, ok := recorded.Mounts[target]
	return ok
}

// generated reports whether the engine made the name up: 64 hex digits.
func generated(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

func decodeNetwork(n network.Summary, members []string) (engine.Network, error) {
	out := engine.Network{ID: n.ID, Labels: n.Labels, Driver: n.Driver, Members: members}
	recorded, err := decodeLabel[spec.Network](n.Labels)
	if err != nil {
		return out, fmt.Errorf("network %s: %w", n.Name, err)
	}
	if out.Recorded = recorded; recorded == nil && belongs(n.Labels) {
		out.Recorded, out.Adopted = adoptNetwork(n), true
	}
	return out, nil
}

func decodeVolume(v *volume.Volume) (engine.Volume, error) {
	out := engine.Volume{Labels: v.Labels, Driver: v.Driver, Created: moment(v.CreatedAt)}
	recorded, err := decodeLabel[spec.Volume](v.Labels)
	if err != nil {
		return out, fmt.Errorf("volume %s: %w", v.Name, err)
	}
	if out.Recorded = recorded; recorded == nil && belongs(v.Labels) {
		out.Recorded, out.Adopted = adoptVolume(v), true
	}
	return out, nil
}

// decodeLabel reads the definition of a network or volume, nil when there is
// none.
func decodeLabel[T spec.Network | spec.Volume](labels map[string]string) (*T, error) {
	label, ok := labels[engine.LabelDefinition]
	if !ok {
		return nil, nil
	}
	var out T
	if err := json.Unmarshal([]byte(label), &out); err != nil {
		return nil, fmt.Errorf("label %s: %w", engine.LabelDefinition, err)
	}
	return &out, nil
}

func decodeImage(i image.InspectResponse) engine.Image {
	out := engine.Image{ID: i.ID, Created: moment(i.Created), References: references(i.RepoTags, i.RepoDigests)}
	if t := i.Metadata.LastTagTime; t.Year() > 1 {
		out.Tagged = t
	}
	if i.Config == nil {
		return out
	}
	out.Healthcheck = fromHealth(i.Config.Healthcheck)
	out.Labels = i.Config.Labels
	if len(i.Config.Volumes) > 0 {
		out.Volumes = sortedKeys(i.Config.Volumes)
	}
	return out
}

// references are all that mean an image, sorted. Engines write <none> where an
// image has none.
func references(lists ...[]string) []string {
	all := slices.DeleteFunc(slices.Concat(lists...), func(ref string) bool { return strings.Contains(ref, "<none>") })
	slices.Sort(all)
	return all
}
