package compose

// defaults are the values of what a long form leaves out.
var defaults = rulesOf(defaultValues)

func defaultValues() map[string]rule {
	out := map[string]rule{"services.*.deploy.resources.reservations.devices.*": deviceCount}
	for _, prefix := range []string{"services.*", "jobs.*"} {
		out[prefix+".build"] = optional(func(values dict) { preset(values, "context", ".") })
		out[prefix+".secrets.*"] = secretTarget
		out[prefix+".ports.*"] = optional(func(values dict) {
			preset(values, "protocol", "tcp")
			preset(values, "mode", "ingress")
		})
		out[prefix+".gpus.*"] = deviceCount
		out[prefix+".volumes.*.bind"] = needed(func(values dict) { preset(values, "create_host_path", true) })
	}
	return out
}

// optional is a rule for mappings, which leaves alone what is none.
func optional(f func(values dict)) rule {
	return func(v any, _ []string) (any, error) {
		if values, ok := v.(dict); ok {
			f(values)
		}
		return v, nil
	}
}

// needed is a rule for mappings, and refuses what is none.
func needed(f func(values dict)) rule {
	return func(v any, path []string) (any, error) {
		values, ok := v.(dict)
		if !ok {
			return nil, wrong(path, v)
		}
		f(values)
		return values, nil
	}
}

var (
	deviceCount = needed(func(values dict) {
		if _, ok := values["device_ids"]; !ok {
			preset(values, "count", "all")
		}
	})
	secretTarget = needed(func(values dict) {
		source, _ := values["source"].(string)
		preset(values, "target", "/run/secrets/"+source)
	})
)
