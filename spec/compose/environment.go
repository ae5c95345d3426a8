package compose

import (
	"github.com/compose-spec/compose-go/v2/types"
)

// resolveEnvironment gives values to what names a variable only: in lists of
// variables, and in secrets and configs.
func resolveEnvironment(model dict, env map[string]string) {
	for _, section := range []string{"services", "jobs"} {
		each(model[section], func(_ string, container dict) {
			if entries, ok := container["environment"].(list); ok {
				container["environment"] = withValues(entries, env)
			}
		})
	}
	each(model["secrets"], func(_ string, secret dict) { setFrom(secret, types.SecretConfigXValue, env) })
	each(model["configs"], func(_ string, config dict) { setFrom(config, "content", env) })
}

func withValues(entries list, env map[string]string) list {
	out := list{}
	for _, entry := range entries {
		text, ok := entry.(string)
		if !ok {
			continue
		}
		if value, ok := env[text]; ok {
			text += "=" + value
		}
		out = append(out, text)
	}
	return out
}

// setFrom sets a key to the value of the variable that a resource is made of.
func setFrom(resource dict, key string, env map[string]string) {
	name, ok := resource["environment"].(string)
	if !ok {
		return
	}
	if value, ok := env[name]; ok {
		resource[key] = value
	}
}
