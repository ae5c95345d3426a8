package compose

import (
	"fmt"
	"path"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
)

// A former makes long forms of the short ones that have to be parsed. With raw
// it leaves alone what it cannot parse.
type former struct{ raw bool }

func (f former) ulimit(v any, path []string) (any, error) {
	switch v := v.(type) {
	case dict, int:
		return v, nil
	case string:
		if f.raw {
			return v, nil
		}
	}
	return nil, wrong(path, v)
}

func (f former) keyValues(v any, path []string) (any, error) {
	switch entries := v.(type) {
	case dict:
		return v, nil
	case list:
		out := dict{}
		for _, entry := range entries {
			key, value, ok := strings.Cut(fmt.Sprint(entry), "=")
			if !ok && f.raw {
				return v, nil
			}
			if !ok {
				return nil, fmt.Errorf("%s: invalid value %s, expected key=value", joined(path), entry)
			}
			out[key] = value
		}
		return out, nil
	}
	return nil, wrong(path, v)
}

func (f former) ssh(v any, path []string) (any, error) {
	switch entries := v.(type) {
	case dict:
		return v, nil
	case list:
		out := dict{}
		for _, entry := range entries {
			id, key, ok := strings.Cut(fmt.Sprint(entry), "=")
			switch {
			case ok:
				out[id] = key
			case id == "default":
				out[id] = nil
			case f.raw:
				return v, nil
			default:
				return nil, fmt.Errorf("%s: invalid ssh key %q", joined(path), entry)
			}
		}
		return out, nil
	}
	return nil, wrong(path, v)
}

func (f former) device(v any, at []string) (any, error) {
	switch v := v.(type) {
	case dict:
		return v, nil
	case string:
		parts := strings.Split(v, ":")
		if len(parts) > 3 {
			if !f.raw {
				return nil, fmt.Errorf("confusing device mapping, please use long syntax: %s", v)
			}
			parts = []string{""}
		}
		return deviceMap(parts), nil
	}
	return nil, wrong(at, v)
}

// deviceMap is a device of the short form, taken apart, as the long form has it.
func deviceMap(parts []string) dict {
	out := dict{"source": parts[0], "target": parts[0], "permissions": "rwm"}
	if len(parts) > 1 && parts[1] != "" {
		out["target"] = parts[1]
	}
	if len(parts) > 2 {
		out["permissions"] = parts[2]
	}
	return out
}

func (f former) mount(v any, at []string) (any, error) {
	switch v := v.(type) {
	case dict:
		return v, nil
	case string:
		volume, err := format.ParseVolume(v)
		switch {
		case err == nil:
			return mountMap(volume), nil
		case f.raw:
			return v, nil
		}
		return nil, err
	}
	return nil, wrong(at, v)
}

// mountMap is a mount of the short form as the long form has it.
func mountMap(m types.ServiceVolumeConfig) dict {
	out := dict{"type": m.Type}
	if m.Target != "" {
		m.Target = path.Clean(m.Target)
	}
	setText(out, "source", m.Source)
	setText(out, "target", m.Target)
	if m.ReadOnly {
		out["read_only"] = true
	}
	if m.Bind != nil {
		out["bind"] = bindMap(*m.Bind)
	}
	if m.Volume != nil {
		volume := dict{}
		if m.Volume.NoCopy {
			volume["nocopy"] = true
		}
		out["volume"] = volume
	}
	return out
}

func bindMap(b types.ServiceVolumeBind) dict {
	out := dict{}
	setText(out, "selinux", b.SELinux)
	setText(out, "propagation", b.Propagation)
	if b.CreateHostPath {
		out["create_host_path"] = true
	}
	return out
}

func setText(values dict, key, text string) {
	if text != "" {
		values[key] = text
	}
}

func (f former) ports(v any, at []string) (any, error) {
	entries, ok := v.(list)
	if !ok {
		return nil, wrong(at, v)
	}
	var out list
	for _, entry := range entries {
		switch entry := entry.(type) {
		case dict:
			out = append(out, entry)
		case int, string:
			parsed, err := types.ParsePortConfig(fmt.Sprint(entry))
			if _, text := entry.(string); err != nil && text && f.raw {
				return v, nil
			} else if err != nil {
				return nil, err
			}
			for _, p := range parsed {
				out = append(out, portMap(p))
			}
		default:
			return nil, wrong(at, entry)
		}
	}
	return out, nil
}

func portMap(p types.ServicePortConfig) dict {
	out := dict{}
	if p.Target != 0 {
		out["target"] = p.Target
	}
	setText(out, "mode", p.Mode)
	setText(out, "host_ip", p.HostIP)
	setText(out, "published", p.Published)
	setText(out, "protocol", p.Protocol)
	return out
}
