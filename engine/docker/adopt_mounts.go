package docker

import (
	"strings"

	"github.com/docker/docker/api/types/mount"

	"github.com/stackfile/stack/spec"
)

// mounts reads both forms in which mounts are asked for. What the image asks
// for is left out, also where docker compose has named its volume to carry it
// over.
func (b readBack) mounts(c *spec.Container) {
	h := b.found.HostConfig
	out := map[string]spec.Mount{}
	for _, text := range h.Binds {
		target, m := readBind(text)
		out[target] = m
	}
	for _, m := range h.Mounts {
		out[m.Target] = readMount(m)
	}
	for _, target := range b.image.volumes {
		if m, ok := out[target]; ok && m.Type == "volume" && m.Source == "" {
			delete(out, target)
		}
	}
	if c.Tmpfs = filled(h.Tmpfs); len(out) > 0 {
		c.Mounts = out
	}
}

// readBind is the inverse of bind.
func readBind(text string) (string, spec.Mount) {
	source, target, options := cut(text)
	m := spec.Mount{Type: "volume", Source: source}
	if strings.HasPrefix(source, "/") {
		m.Type = "bind"
	}
	for _, option := range strings.Split(options, ",") {
		switch option {
		case "ro":
			m.ReadOnly = true
		case "z", "Z":
			m.SELinux = option
		case "nocopy":
			m.NoCopy = true
		case "shared", "rshared", "slave", "rslave", "private", "rprivate":
			m.Propagation = option
		case "consistent", "cached", "delegated":
			m.Consistency = option
		}
	}
	return target, anonymously(m)
}

// cut takes source:target:options apart.
func cut(text string) (source, target, options string) {
	source, rest, ok := strings.Cut(text, ":")
	if !ok {
		return "", source, ""
	}
	target, options, _ = strings.Cut(rest, ":")
	return source, target, options
}

// anonymously takes the name of an anonymous volume away, which a container has
// where it was carried over from an older one.
func anonymously(m spec.Mount) spec.Mount {
	if m.Type == "volume" && generated(m.Source) {
		m.Source = ""
	}
	return m
}

// readMount is the inverse of convertMount.
func readMount(m mount.Mount) spec.Mount {
	out := spec.Mount{Type: string(m.Type), Source: m.Source, ReadOnly: m.ReadOnly, Consistency: string(m.Consistency)}
	if o := m.BindOptions; o != nil {
		out.Propagation = string(o.Propagation)
		switch {
		case o.NonRecursive:
			out.Recursive = "disabled"
		case o.ReadOnlyNonRecursive:
			out.Recursive = "writable"
		case o.ReadOnlyForceRecursive:
			out.Recursive = "readonly"
		}
	}
	if o := m.VolumeOptions; o != nil {
		out.NoCopy, out.Subpath, out.Labels = o.NoCopy, o.Subpath, adoptedLabels(o.Labels)
	}
	if o := m.ImageOptions; o != nil {
		out.Subpath = o.Subpath
	}
	if o := m.TmpfsOptions; o != nil {
		out.TmpfsSize, out.TmpfsMode = o.SizeBytes, uint32(o.Mode)
	}
	return anonymously(out)
}
