package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/docker/docker/api/types/versions"

	"github.com/stackfile/stack/spec"
)

// A feature is something that an engine has only from some API version on.
// Older engines ignore most of these without a word, so they are refused here.
type feature struct {
	attribute string // as the stack file has it
	since     string // the API version that brought it
	used      func(c spec.Container, main string) bool
}

// features are those of POST /containers/create, from the version history of
// the Engine API.
var features = []feature{
	{"healthcheck.start_interval", "1.44", func(c spec.Container, _ string) bool {
		return c.Healthcheck != nil && c.Healthcheck.StartInterval != 0
	}},
	{"annotations", "1.43", func(c spec.Container, _ string) bool { return len(c.Annotations) > 0 }},
	{"networks.mac_address of a further network", "1.44", anyFurther(func(e spec.Endpoint) bool { return e.MacAddress != "" })},
	{"networks.gw_priority", "1.48", anyEndpoint(func(e spec.Endpoint) bool { return e.GwPriority != 0 })},
	{"networks.interface_name", "1.49", anyEndpoint(func(e spec.Endpoint) bool { return e.DriverOpts[spec.InterfaceName] != "" })},
	{"volumes.volume.subpath", "1.45", anyMount(func(m spec.Mount) bool { return m.Type == "volume" && m.Subpath != "" })},
	{"volumes of type image", "1.48", anyMount(func(m spec.Mount) bool { return m.Type == "image" })},
	{"volumes of type cluster", "1.42", anyMount(func(m spec.Mount) bool { return m.Type == "cluster" })},
	{"volumes.bind.recursive: readonly", "1.44", anyMount(func(m spec.Mount) bool { return m.Recursive == "readonly" })},
	{"devices by CDI name", "1.44", func(c spec.Container, _ string) bool {
		return slices.ContainsFunc(sortedKeys(c.Devices), func(key string) bool { _, cdi := spec.CDIName(key); return cdi })
	}},
}

// CheckContainer refuses what an engine of the given API version would ignore of
// a container, all of it at once, and what no engine can do. main is the network
// that the container is made with, "" for none.
func CheckContainer(c spec.Container, main, api string) error {
	var errs []error
	for _, f := range features {
		if f.used(c, main) {
			errs = append(errs, Needs(f.attribute, f.since, api))
		}
	}
	for _, target := range sortedKeys(c.Mounts) {
		if m := c.Mounts[target]; m.SELinux != "" && (m.NoCreate || m.Recursive != "") {
			errs = append(errs, fmt.Errorf("attribute volumes: %s: selinux together with create_host_path: false or recursive: %w", target, ErrUnsupported))
		}
	}
	return errors.Join(errs...)
}

// CheckNetwork is CheckContainer for a network.
func CheckNetwork(n spec.Network, api string) error {
	if n.EnableIPv4 == nil || *n.EnableIPv4 {
		return nil
	}
	return Needs("enable_ipv4: false", "1.48", api)
}

// Needs is nil when the API in use has what came with version since.
func Needs(attribute, since, api string) error {
	if versions.GreaterThanOrEqualTo(api, since) {
		return nil
	}
	return fmt.Errorf("attribute %s: needs Engine API %s, this engine has %s: %w", attribute, since, api, ErrUnsupported)
}

func anyMount(has func(spec.Mount) bool) func(spec.Container, string) bool {
	return func(c spec.Container, _ string) bool {
		for _, m := range c.Mounts {
			if has(m) {
				return true
			}
		}
		return false
	}
}

func anyEndpoint(has func(spec.Endpoint) bool) func(spec.Container, string) bool {
	return func(c spec.Container, _ string) bool {
		for _, e := range c.Networks {
			if has(e) {
				return true
			}
		}
		return false
	}
}

// anyFurther is anyEndpoint for the networks other than the main one.
func anyFurther(has func(spec.Endpoint) bool) func(spec.Container, string) bool {
	return func(c spec.Container, main string) bool {
		for name, e := range c.Networks {
			if name != main && has(e) {
				return true
			}
		}
		return false
	}
}
