package docker

import (
	"os"
	"strings"

	"github.com/docker/docker/api/types/mount"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// convertMounts gives each mount the form that docker compose gives it: "binds"
// for what the old form of the API can say, since only that one makes a missing
// host path, and "mounts" for the rest.
func convertMounts(op engine.CreateContainer) (binds []string, mounts []mount.Mount) {
	for _, target := range sortedKeys(op.Definition.Mounts) {
		m := op.Definition.Mounts[target]
		if m.Type == "volume" && m.Source == "" {
			m.Source = op.Anonymous[target]
			mounts = append(mounts, convertMount(target, m))
			continue
		}
		if isBind(target, m) {
			binds = append(binds, bind(target, m))
			continue
		}
		mounts = append(mounts, convertMount(target, m))
	}
	for _, target := range sortedKeys(op.Anonymous) {
		if _, declared := op.Definition.Mounts[target]; !declared {
			mounts = append(mounts, mount.Mount{Type: mount.TypeVolume, Source: op.Anonymous[target], Target: target})
		}
	}
	return binds, mounts
}

// isBind reports whether the mount is asked for as source:target:options. A
// colon in a path cannot be said so; SELinux relabelling only so.
func isBind(target string, m spec.Mount) bool {
	switch {
	case m.SELinux != "":
		return true
	case strings.Contains(target, ":") || strings.Contains(m.Source, ":"):
		return false
	case m.Type == "bind":
		return !m.NoCreate && m.Recursive == ""
	}
	return m.Type == "volume" && m.Subpath == "" && len(m.Labels) == 0 && m.Consistency == "" && !m.NoCopy
}

func bind(target string, m spec.Mount) string {
	options := []string{"rw"}
	if m.ReadOnly {
		options[0] = "ro"
	}
	for _, o := range []string{m.SELinux, m.Propagation, m.Consistency} {
		if o != "" {
			options = append(options, o)
		}
	}
	return m.Source + ":" + target + ":" + strings.Join(options, ",")
}

func convertMount(target string, m spec.Mount) mount.Mount {
	out := mount.Mount{
		Type: mount.Type(m.Type), Source: m.Source, Target: target,
		ReadOnly: m.ReadOnly, Consistency: mount.Consistency(m.Consistency),
	}
	switch out.Type {
	case mount.TypeBind:
		out.BindOptions = bindOptions(m)
	case mount.TypeVolume:
		if m.NoCopy || m.Subpath != "" || len(m.Labels) > 0 {
			out.VolumeOptions = &mount.VolumeOptions{NoCopy: m.NoCopy, Subpath: m.Subpath, Labels: m.Labels}
		}
	case mount.TypeImage:
		if m.Subpath != "" {
			out.ImageOptions = &mount.ImageOptions{Subpath: m.Subpath}
		}
	case mount.TypeTmpfs:
		if m.TmpfsSize != 0 || m.TmpfsMode != 0 {
			out.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: m.TmpfsSize, Mode: os.FileMode(m.TmpfsMode)}
		}
	}
	return out
}

// bindOptions: recursive "writable" needs no gate, since engines before API 1.44
// make no read-only bind recursively so; nor does CreateMountpoint, since those
// before 1.42 say that a path is missing.
func bindOptions(m spec.Mount) *mount.BindOptions {
	o := mount.BindOptions{
		Propagation:            mount.Propagation(m.Propagation),
		CreateMountpoint:       !m.NoCreate,
		NonRecursive:           m.Recursive == "disabled",
		ReadOnlyNonRecursive:   m.Recursive == "writable",
		ReadOnlyForceRecursive: m.Recursive == "readonly",
	}
	if o == (mount.BindOptions{}) {
		return nil
	}
	return &o
}
