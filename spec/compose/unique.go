package compose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
)

// unify leaves one of the entries of a list that mean the same thing, such as
// two values of one variable: the last one, in the place of the first.
func unify(model dict) error { return unique().apply(model) }

// An identity is what an entry of a list is known by.
type identity func(v any, path []string) (string, error)

var unique = rulesOf(uniqueLists)

func uniqueLists() map[string]rule {
	out := map[string]rule{
		"networks.*.labels": one(byKey), "networks.*.ipam.options": one(byKey),
		"services.*.devices": one(byDevice), "services.*.volumes": one(byMount),
		"services.*.configs": one(byTarget("")), "services.*.secrets": one(byTarget("/run/secrets")),
		"services.*.env_file": one(byFile), "services.*.expose": one(byText), "services.*.ports": one(byPort),
	}
	for _, key := range []string{
		"annotations", "build.args", "build.additional_contexts", "build.platform", "build.tags", "build.labels",
		"cap_add", "cap_drop", "deploy.labels", "dns", "dns_opt", "dns_search", "environment", "labels", "links",
		"networks.*.aliases", "networks.*.link_local_ips", "profiles", "sysctls", "tmpfs",
	} {
		out["services.*."+key] = one(byKey)
	}
	return out
}

// one is the rule for a list of entries with an identity.
func one(by identity) rule {
	return func(v any, path []string) (any, error) {
		entries, ok := v.(list)
		if !ok {
			return v, nil
		}
		out, seen := make(list, 0, len(entries)), make(map[string]int, len(entries))
		for _, entry := range entries {
			id, err := by(entry, path)
			if err != nil {
				return nil, err
			}
			if i, ok := seen[id]; ok {
				out[i] = entry
				continue
			}
			seen[id] = len(out)
			out = append(out, entry)
		}
		return out, nil
	}
}

func byKey(v any, path []string) (string, error) {
	text, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s: unexpected type %T", joined(path), v)
	}
	key, _, _ := strings.Cut(text, "=")
	return key, nil
}

func byText(v any, path []string) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int:
		return strconv.Itoa(v), nil
	}
	return "", fmt.Errorf("%s: unsupported expose value %v", joined(path), v)
}

func byMount(v any, path []string) (string, error) {
	text, ok := v.(string)
	if !ok {
		return mapTarget(v, path, "volume")
	}
	volume, err := format.ParseVolume(text)
	return volume.Target, err
}

func byDevice(v any, path []string) (string, error) {
	text, ok := v.(string)
	if !ok {
		return mapTarget(v, path, "device")
	}
	parts := strings.Split(text, ":")
	if len(parts) == 1 {
		return parts[0], nil
	}
	return parts[1], nil
}

func mapTarget(v any, path []string, what string) (string, error) {
	values, ok := v.(dict)
	if !ok {
		return "", nil
	}
	target, ok := values["target"].(string)
	if !ok {
		return "", fmt.Errorf("service %s %s is missing a mount target", what, joined(path))
	}
	return target, nil
}

// byTarget is for configs and secrets, which have a folder of their own.
func byTarget(folder string) identity {
	return func(v any, path []string) (string, error) {
		switch v := v.(type) {
		case string:
			return folder + "/" + v, nil
		case dict:
			if target, ok := v["target"]; ok {
				return fmt.Sprint(target), nil
			}
			return fmt.Sprintf("%s/%s", folder, v["source"]), nil
		}
		return "", fmt.Errorf("%s: unsupported value %v", joined(path), v)
	}
}

func byFile(v any, path []string) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case dict:
		if file, ok := v["path"].(string); ok {
			return file, nil
		}
		return "", fmt.Errorf("environment path attribute %s is missing", joined(path))
	}
	return "", nil
}

func byPort(v any, path []string) (string, error) {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v), nil
	case string:
		return v, nil
	case dict:
		target, ok := v["target"]
		if !ok {
			return "", fmt.Errorf("service ports %s is missing a target port", joined(path))
		}
		// A number and its text are two, as compose-go has it.
		return fmt.Sprintf("%v:%T%v:%v/%v", or(v, "host_ip", "0.0.0.0"), v["published"], v["published"], target, or(v, "protocol", "tcp")), nil
	}
	return "", nil
}

func or(values dict, key string, otherwise any) any {
	if v, ok := values[key]; ok {
		return v
	}
	return otherwise
}
