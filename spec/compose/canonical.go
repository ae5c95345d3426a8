package compose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
)

// canonical brings a model from the short forms into the long ones. With raw
// what cannot be parsed stays as it is.
func canonical(model dict, raw bool) error {
	if raw {
		return rawForms().apply(model)
	}
	return forms().apply(model)
}

var (
	forms    = rulesOf(former{}.rules)
	rawForms = rulesOf(former{raw: true}.rules)
)

// A former makes long forms of short ones. With raw it leaves alone what it
// cannot parse.
type former struct{ raw bool }

func (f former) rules() map[string]rule {
	out := map[string]rule{
		"jobs.*.triggers.schedule.*":         wrapped("cron"),
		"services.*.develop.watch.*.ignore":  oneAsList,
		"services.*.develop.watch.*.include": oneAsList,
		"volumes.*":                          maybeExternal, "networks.*": maybeExternal,
		"secrets.*": maybeExternal, "configs.*": maybeExternal,
	}
	for _, prefix := range []string{"services.*", "jobs.*", "services.*.pre_start.*"} {
		out[prefix+".env_file"] = envFiles
		out[prefix+".label_file"] = oneAsList
		out[prefix+".gpus"] = gpus
		out[prefix+".networks"] = keysAsMap
		out[prefix+".models"] = keysAsMap
		out[prefix+".volumes.*"] = f.mount
		out[prefix+".dns"] = oneAsList
		out[prefix+".devices.*"] = f.device
		out[prefix+".secrets.*"] = wrapped("source")
		out[prefix+".configs.*"] = wrapped("source")
		out[prefix+".ulimits.*"] = f.ulimit
	}
	for _, prefix := range []string{"services.*", "jobs.*"} {
		out[prefix+".build"] = build
		out[prefix+".build.secrets.*"] = wrapped("source")
		out[prefix+".build.provenance"] = asText
		out[prefix+".build.sbom"] = asText
		out[prefix+".build.additional_contexts"] = f.keyValues
		out[prefix+".build.ssh"] = f.ssh
		out[prefix+".build.ulimits.*"] = f.ulimit
		out[prefix+".depends_on"] = dependsOn
		out[prefix+".extends"] = wrapped("service")
		out[prefix+".ports"] = f.ports
	}
	return out
}

func wrong(path []string, v any) error {
	return fmt.Errorf("%s: invalid type %T", joined(path), v)
}

func oneAsList(v any, _ []string) (any, error) {
	if text, ok := v.(string); ok {
		return list{text}, nil
	}
	return v, nil
}

func asText(v any, _ []string) (any, error) {
	if text, ok := v.(string); ok {
		return text, nil
	}
	return fmt.Sprint(v), nil
}

// wrapped makes a text the value of a key.
func wrapped(key string) rule {
	return func(v any, path []string) (any, error) {
		switch v := v.(type) {
		case dict:
			return v, nil
		case string:
			return dict{key: v}, nil
		}
		return nil, wrong(path, v)
	}
}

// build makes a text the context.
func build(v any, path []string) (any, error) { return wrapped("context")(v, path) }

func keysAsMap(v any, path []string) (any, error) {
	keys, ok := v.(list)
	if !ok {
		return v, nil
	}
	out := make(dict, len(keys))
	for _, key := range keys {
		name, ok := key.(string)
		if !ok {
			return nil, wrong(path, key)
		}
		out[name] = nil
	}
	return out, nil
}

func envFiles(v any, path []string) (any, error) {
	var out list
	switch v := v.(type) {
	case string:
		out = list{v}
	case list:
		out = v
	default:
		return nil, wrong(path, v)
	}
	for i, item := range out {
		if text, ok := item.(string); ok {
			item = dict{"path": text}
		}
		file, ok := item.(dict)
		if !ok {
			out[i] = nil
			continue
		}
		preset(file, "required", true)
		out[i] = file
	}
	return out, nil
}

// preset sets a key that is not there.
func preset(values dict, key string, v any) {
	if _, ok := values[key]; !ok {
		values[key] = v
	}
}

func gpus(v any, path []string) (any, error) {
	switch v := v.(type) {
	case list:
		return v, nil
	case string:
		return list{dict{"count": "all"}}, nil
	}
	return nil, wrong(path, v)
}

func dependsOn(v any, path []string) (any, error) {
	switch entries := v.(type) {
	case list:
		v, err := keysAsMap(v, path)
		if err != nil {
			return nil, err
		}
		out, _ := v.(dict)
		for key := range out {
			out[key] = dict{"condition": "service_started", "required": true}
		}
		return out, nil
	case dict:
		for key, entry := range entries {
			d, ok := entry.(dict)
			if !ok {
				return nil, wrong(append(path, key), entry)
			}
			preset(d, "condition", "service_started")
			preset(d, "required", true)
		}
		return entries, nil
	}
	return nil, wrong(path, v)
}

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
			return dict{"source": "", "target": "", "permissions": "rwm"}, nil
		}
		parts = slices.Concat(parts, []string{"", ""})
		if parts[1] == "" {
			parts[1] = parts[0]
		}
		if len(parts) < 5 {
			parts[2] = "rwm"
		}
		return dict{"source": parts[0], "target": parts[1], "permissions": parts[2]}, nil
	}
	return nil, wrong(at, v)
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
	if b := m.Bind; b != nil {
		bind := dict{}
		setText(bind, "selinux", b.SELinux)
		setText(bind, "propagation", b.Propagation)
		if b.CreateHostPath {
			bind["create_host_path"] = true
		}
		out["bind"] = bind
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

// maybeExternal reads the old form of external, which has the name in it.
func maybeExternal(v any, path []string) (any, error) {
	if v == nil {
		return nil, nil
	}
	resource, ok := v.(dict)
	if !ok {
		return nil, fmt.Errorf("%s: must be a mapping", joined(path))
	}
	external, ok := resource["external"].(dict)
	if !ok {
		return resource, nil
	}
	resource["external"] = true
	name, named := resource["name"]
	switch inner, ok := external["name"]; {
	case ok && named && inner != name:
		return nil, fmt.Errorf("%s: name and external.name conflict; only use name", joined(path))
	case ok:
		resource["name"] = inner
	}
	return resource, nil
}
