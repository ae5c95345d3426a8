package compose

import "fmt"

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
