package compose

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/types"
)

// Normalize writes out what a model implies: the default network, what a build
// is made of, dependencies, and the names of resources.
func Normalize(model map[string]any, name string, env map[string]string) error {
	model["name"] = name
	normalizeNetworks(model)
	for _, section := range []string{"services", "jobs"} {
		containers, ok := model[section].(dict)
		if !ok {
			continue
		}
		for _, v := range containers {
			container, ok := v.(dict)
			if !ok {
				return wrong([]string{section}, v)
			}
			if err := normalize(container, env); err != nil {
				return err
			}
		}
	}
	for _, section := range []string{"networks", "volumes", "configs", "secrets"} {
		nameResources(model, section, name)
	}
	return nil
}

func normalize(container dict, env map[string]string) error {
	if container["pull_policy"] == types.PullPolicyIfNotPresent {
		container["pull_policy"] = types.PullPolicyMissing
	}
	if build, ok := container["build"].(dict); ok {
		normalizeBuild(build, env)
	}
	if variables, ok := container["environment"]; ok {
		container["environment"] = looked(variables, env, true)
	}
	implied(container)
	for _, v := range entries(container["volumes"]) {
		if mount, ok := v.(dict); ok {
			target, ok := mount["target"].(string)
			if !ok {
				return wrong([]string{"volumes", "target"}, mount["target"])
			}
			mount["target"] = path.Clean(target)
		}
	}
	return normalizeHooks(container)
}

func normalizeBuild(build dict, env map[string]string) {
	if build["context"] == nil {
		build["context"] = "."
	}
	if build["dockerfile"] == nil && build["dockerfile_inline"] == nil {
		build["dockerfile"] = "Dockerfile"
	}
	if args, ok := build["args"]; ok {
		build["args"] = looked(args, env, false)
	}
}

// looked gives the keys without a value that of their variable; those without a
// variable stay when keep says so.
func looked(v any, env map[string]string, keep bool) any {
	switch values := v.(type) {
	case list:
		return lookedList(values, env, keep)
	case dict:
		out := make(dict, len(values))
		for key, value := range values {
			if found, ok := env[key]; value == nil && ok {
				value = found
			}
			if value != nil || keep {
				out[key] = value
			}
		}
		return out
	}
	return v
}

func lookedList(values list, env map[string]string, keep bool) any {
	var out list
	for _, v := range values {
		text, ok := v.(string)
		if !ok {
			continue
		}
		found, set := env[text]
		switch {
		case strings.Contains(text, "="):
			out = append(out, text)
		case set:
			out = append(out, text+"="+found)
		case keep:
			out = append(out, text)
		}
	}
	return out
}

func entries(v any) list { out, _ := v.(list); return out }

// implied adds the dependencies that other attributes bring.
func implied(container dict) {
	on, ok := container["depends_on"].(dict)
	if !ok {
		on = dict{}
	}
	add := func(name string, restart bool) {
		preset(on, name, dict{"condition": types.ServiceConditionStarted, "restart": restart, "required": true})
	}
	for _, v := range entries(container["links"]) {
		link, _ := v.(string)
		if parts := strings.Split(link, ":"); len(parts) == 2 {
			link = parts[0]
		}
		add(link, true)
	}
	for _, namespace := range []string{"network_mode", "ipc", "pid", "uts", "cgroup"} {
		text, _ := container[namespace].(string)
		if name, ok := strings.CutPrefix(text, types.ServicePrefix); ok {
			add(name, true)
		}
	}
	for _, v := range entries(container["volumes_from"]) {
		if from, _ := v.(string); !strings.HasPrefix(from, types.ContainerPrefix) {
			name, _, _ := strings.Cut(from, ":")
			add(name, false)
		}
	}
	if len(on) > 0 {
		container["depends_on"] = on
	}
}

// normalizeHooks lays what comes before a start over the service that it is of.
func normalizeHooks(container dict) error {
	hooks := entries(container["pre_start"])
	if len(hooks) == 0 {
		return nil
	}
	base := dict{}
	for key, v := range container {
		if key != "volumes" && slices.Contains(types.ContainerSpecAttributes, key) {
			base[key] = v
		}
	}
	for i, v := range hooks {
		hook, ok := v.(dict)
		if !ok {
			continue
		}
		merged, err := override.ExtendService(Clone(base), hook)
		if err != nil {
			return fmt.Errorf("resolving pre_start hook specification: %w", err)
		}
		hooks[i] = merged
	}
	return nil
}

// normalizeNetworks connects what has no network to the default one.
func normalizeNetworks(model dict) {
	networks, ok := model["networks"].(dict)
	if !ok {
		networks = dict{}
	}
	for _, section := range []string{"services", "jobs"} {
		each(model[section], func(_ string, container dict) {
			if inDefault(container) {
				preset(networks, "default", nil)
			}
		})
	}
	if len(networks) > 0 {
		model["networks"] = networks
	}
}

// inDefault reports whether a container is in the default network, and puts it
// there when it has none.
func inDefault(container dict) bool {
	for _, key := range []string{"provider", "network_mode"} {
		if _, ok := container[key]; ok {
			return false
		}
	}
	if own, _ := container["networks"].(dict); len(own) > 0 {
		_, ok := own["default"]
		return ok
	}
	container["networks"] = dict{"default": nil}
	return true
}

// nameResources gives names to the resources of a section that have none.
func nameResources(model dict, section, project string) {
	resources, _ := model[section].(dict)
	for key, v := range resources {
		resource, ok := v.(dict)
		if !ok {
			resource = dict{}
		}
		if resource["name"] == nil {
			resource["name"] = project + "_" + key
			if external, _ := strconv.ParseBool(fmt.Sprint(resource["external"])); external {
				resource["name"] = key
			}
		}
		resources[key] = resource
	}
}
