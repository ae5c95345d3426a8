package docker

import (
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/versions"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// A feature is something that the engine has only from some API version on.
// Older engines ignore most of these without a word, so they are refused here.
type feature struct {
	attribute string // as the stack file has it
	since     string // the API version that brought it
	used      func(engine.CreateContainer) bool
}

// containerFeatures are those of POST /containers/create, from the version
// history of the Engine API.
var containerFeatures = []feature{
	{"healthcheck.start_interval", "1.44", func(op engine.CreateContainer) bool {
		return op.Definition.Healthcheck != nil && op.Definition.Healthcheck.StartInterval != 0
	}},
	{"annotations", "1.43", func(op engine.CreateContainer) bool { return len(op.Definition.Annotations) > 0 }},
	{"networks: more than one at creation", "1.44", func(op engine.CreateContainer) bool { return len(op.Connect) > 1 }},
	{"networks.mac_address of a further network", "1.44", anyFurther(func(e spec.Endpoint) bool { return e.MacAddress != "" })},
	{"networks.gw_priority", "1.48", anyEndpoint(func(e spec.Endpoint) bool { return e.GwPriority != 0 })},
	{"networks.interface_name", "1.49", anyEndpoint(func(e spec.Endpoint) bool { return e.DriverOpts[interfaceName] != "" })},
	{"volumes.volume.subpath", "1.45", anyMount(func(m spec.Mount) bool { return m.Type == "volume" && m.Subpath != "" })},
	{"volumes of type image", "1.48", anyMount(func(m spec.Mount) bool { return m.Type == "image" })},
	{"volumes of type cluster", "1.42", anyMount(func(m spec.Mount) bool { return m.Type == "cluster" })},
	{"volumes.bind.create_host_path with recursive or consistency", "1.42", anyMount(func(m spec.Mount) bool {
		return m.Type == "bind" && !m.NoCreate && m.SELinux == "" && !plainBind(m)
	})},
	{"volumes.bind.recursive: readonly", "1.44", anyMount(func(m spec.Mount) bool { return m.Recursive == "readonly" })},
	{"devices by CDI name", "1.44", func(op engine.CreateContainer) bool { return len(cdiDevices(op.Definition)) > 0 }},
}

// interfaceName is the driver option which names a network interface.
const interfaceName = "com.docker.network.endpoint.ifname"

// gate refuses what an engine of the given API version would ignore, all of it
// at once.
func gate(op engine.CreateContainer, api string) error {
	var errs []error
	for _, f := range containerFeatures {
		if f.used(op) {
			errs = append(errs, needs(f.attribute, f.since, api))
		}
	}
	for _, target := range sortedKeys(op.Definition.Mounts) {
		m := op.Definition.Mounts[target]
		if m.SELinux != "" && (m.NoCreate || m.Recursive != "") {
			errs = append(errs, fmt.Errorf("attribute volumes: %s: selinux together with create_host_path: false or recursive: %w",
				target, engine.ErrUnsupported))
		}
	}
	return errors.Join(errs...)
}

// needs is nil when the API in use has what came with version since.
func needs(attribute, since, api string) error {
	if versions.GreaterThanOrEqualTo(api, since) {
		return nil
	}
	return fmt.Errorf("attribute %s: needs Engine API %s, this engine has %s: %w", attribute, since, api, engine.ErrUnsupported)
}

func anyMount(has func(spec.Mount) bool) func(engine.CreateContainer) bool {
	return func(op engine.CreateContainer) bool {
		for _, m := range op.Definition.Mounts {
			if has(m) {
				return true
			}
		}
		return false
	}
}

func anyEndpoint(has func(spec.Endpoint) bool) func(engine.CreateContainer) bool {
	return func(op engine.CreateContainer) bool {
		for _, e := range op.Definition.Networks {
			if has(e) {
				return true
			}
		}
		return false
	}
}

// anyFurther is anyEndpoint for the networks other than the main one.
func anyFurther(has func(spec.Endpoint) bool) func(engine.CreateContainer) bool {
	return func(op engine.CreateContainer) bool {
		for name, e := range op.Definition.Networks {
			if (len(op.Connect) == 0 || name != op.Connect[0]) && has(e) {
				return true
			}
		}
		return false
	}
}
