package spec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// mounts are the entries of volumes, by target.
func (r *resolver) mounts(s types.ServiceConfig) map[string]Mount {
	if len(s.Volumes) == 0 {
		return nil
	}
	out := map[string]Mount{}
	for _, v := range s.Volumes {
		out[v.Target] = r.mount(v)
	}
	return out
}

func (r *resolver) mount(v types.ServiceVolumeConfig) Mount {
	m := Mount{Type: v.Type, Source: v.Source, ReadOnly: v.ReadOnly, Consistency: v.Consistency}
	if v.Type == types.VolumeTypeVolume && v.Source != "" {
		m.Source = r.project.Volumes[v.Source].Name
	}
	if b := v.Bind; b != nil {
		m.Propagation, m.Recursive, m.SELinux = b.Propagation, b.Recursive, b.SELinux
		m.NoCreate = v.Type == types.VolumeTypeBind && !bool(b.CreateHostPath)
	}
	if o := v.Volume; o != nil {
		m.NoCopy, m.Subpath, m.Labels = o.NoCopy, o.Subpath, filled(o.Labels)
	}
	if o := v.Tmpfs; o != nil {
		m.TmpfsSize, m.TmpfsMode = int64(o.Size), o.Mode
	}
	if o := v.Image; o != nil {
		m.Subpath = o.SubPath
	}
	return m
}

// tmpfs maps targets to options.
func tmpfs(list []string) map[string]string {
	var out map[string]string
	for _, text := range list {
		target, options, _ := strings.Cut(text, ":")
		out = with(out, target, options)
	}
	return out
}

// files adds the configs and secrets to a service: those that are plain files
// as read-only binds, the others as content to copy. Either way the digest is
// part of the container's definition.
func (r *resolver) files(s types.ServiceConfig, out *Service) {
	for _, use := range s.Secrets {
		object := types.FileObjectConfig(r.project.Secrets[use.Source])
		target := at("/run/secrets", use.Target, use.Source)
		r.file(out, "secrets", types.FileReferenceConfig(use), object, target)
	}
	for _, use := range s.Configs {
		object := types.FileObjectConfig(r.project.Configs[use.Source])
		r.file(out, "configs", types.FileReferenceConfig(use), object, at("/", use.Target, use.Source))
	}
}

func at(dir, target, source string) string {
	if target == "" {
		target = source
	}
	if path.IsAbs(target) {
		return path.Clean(target)
	}
	return path.Join(dir, target)
}

func (r *resolver) file(out *Service, section string, use types.FileReferenceConfig, object types.FileObjectConfig, target string) {
	object.File = r.sourceFile(section, object)
	content, err := r.content(object)
	if err != nil {
		r.fail(out.Name, section, 0, fmt.Sprintf("%s %s: %s", strings.TrimSuffix(section, "s"), use.Source, reason(err)))
		return
	}
	sum := sha256.Sum256(content)
	file := File{Source: section + "." + use.Source, Digest: "sha256:" + hex.EncodeToString(sum[:]), UID: use.UID, GID: use.GID}
	if use.Mode != nil {
		file.Mode = use.Mode.String()
	}
	c := &out.Container
	if c.Files == nil {
		c.Files = map[string]File{}
	}
	c.Files[target] = file
	if r.bound(use, object, c.ReadOnly) {
		if c.Mounts == nil {
			c.Mounts = map[string]Mount{}
		}
		c.Mounts[target] = Mount{Type: types.VolumeTypeBind, Source: object.File, ReadOnly: true, NoCreate: true}
		r.localFile(out, section, target, object.File)
		return
	}
	if out.Files == nil {
		out.Files = map[string]FileContent{}
	}
	out.Files[target] = fileContent(use, content)
}

func fileContent(use types.FileReferenceConfig, content []byte) FileContent {
	f := FileContent{Content: content}
	f.UID, _ = strconv.Atoi(use.UID) // checked to be a number, or ""
	f.GID, _ = strconv.Atoi(use.GID)
	if use.Mode != nil {
		f.Mode = int64(*use.Mode)
	}
	return f
}

func (r *resolver) content(object types.FileObjectConfig) ([]byte, error) {
	switch {
	case object.File != "":
		return os.ReadFile(object.File)
	case object.Environment != "":
		value, ok := r.env[object.Environment]
		if !ok {
			return nil, fmt.Errorf("variable %s is not set", object.Environment)
		}
		return []byte(value), nil
	}
	return []byte(object.Content), nil
}

// securityOpt puts a seccomp profile in place of its file's name, as docker's
// own command line does: the engine cannot read our files, and a change of the
// profile is a change of the container.
func (r *resolver) securityOpt(s types.ServiceConfig) []string {
	var out []string
	for i, option := range s.SecurityOpt {
		if file := seccompFile(option); file != "" {
			text, err := profile(r.abs(file))
			if err != nil {
				r.fail(s.Name, "security_opt", i, "seccomp profile "+file+": "+reason(err))
			}
			option = "seccomp=" + text
		}
		out = append(out, option)
	}
	return unordered(out)
}

func profile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return "", fmt.Errorf("no JSON: %w", err)
	}
	return compact.String(), nil
}
