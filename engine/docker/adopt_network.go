package docker

import (
	"net"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// network reads ports and networks. Beside networks the mode is the main one's
// name, and nothing that anybody has asked for.
func (b readBack) network(c *spec.Container) {
	h := b.found.HostConfig
	c.Ports = publishedPorts(h.PortBindings)
	for _, port := range exposed(b.found.Config.ExposedPorts) {
		if _, published := c.Ports[port]; !published && !slices.Contains(b.image.expose, port) {
			c.Expose = append(c.Expose, port)
		}
	}
	mode := h.NetworkMode
	if mode.IsHost() || mode.IsNone() || mode.IsContainer() || mode.IsBridge() {
		c.NetworkMode = b.namespace(string(mode))
	}
	c.Links = hostLinks(h.Links)
	if c.NetworkMode == "" && !mode.IsDefault() {
		c.Networks = b.endpoints()
	}
}

func publishedPorts(bindings nat.PortMap) map[string][]string {
	var out map[string][]string
	for port, list := range bindings {
		for _, b := range list {
			published := unless(b.HostPort, "0")
			if b.HostIP != "" {
				published = net.JoinHostPort(b.HostIP, published)
			}
			if out == nil {
				out = map[string][]string{}
			}
			out[withProtocol(port)] = append(out[withProtocol(port)], published)
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

func withProtocol(port nat.Port) string { return port.Port() + "/" + port.Proto() }

// exposed are ports, sorted and each once: docker compose writes some without
// their protocol, and some as a range, of which the engine makes nothing.
func exposed[P ~string](ports map[P]struct{}) []string {
	var out []string
	for text := range ports {
		list, err := expand(string(text))
		if err != nil {
			list = []nat.Port{nat.Port(text)}
		}
		for _, port := range list {
			out = append(out, withProtocol(port))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// hostLinks reads /other:/self/alias.
func hostLinks(links []string) []string {
	var out []string
	for _, link := range links {
		name, alias, _ := strings.Cut(link, ":")
		out = append(out, strings.TrimPrefix(name, "/")+":"+alias[strings.LastIndexByte(alias, '/')+1:])
	}
	return out
}

// endpoints are the places on networks, less the names which are the
// container's own, and the names by which docker compose links services beside
// the one that was asked for.
func (b readBack) endpoints() map[string]spec.Endpoint {
	var out map[string]spec.Endpoint
	for name, now := range b.found.NetworkSettings.Networks {
		if now == nil {
			continue
		}
		e := readEndpoint(spec.Endpoint{}, nil, now, b.found)
		e.Links = slices.DeleteFunc(e.Links, func(link string) bool { return b.addedLink(name, link) })
		e.Links = some(slices.Sorted(slices.Values(e.Links)))
		if name == b.found.HostConfig.NetworkMode.NetworkName() {
			e.MacAddress = b.found.Config.MacAddress //nolint:staticcheck // the only place before API 1.44
		}
		if out == nil {
			out = map[string]spec.Endpoint{}
		}
		out[name] = e
	}
	return out
}

// addedLink reports whether a link says nothing: it gives another container a
// name that it has anyhow, or one of those that docker compose makes up beside
// it, or it leads to one that is not on the network.
func (b readBack) addedLink(network, link string) bool {
	name, alias, _ := strings.Cut(link, ":")
	for _, other := range b.names {
		if other.name == name && b.sibling(other) {
			made := numbered(alias, other.service) || numbered(alias, other.project+"-"+other.service)
			return made || alias == other.name || !slices.Contains(other.networks, network)
		}
	}
	return alias == name
}

// numbered reports whether a name is base, or base with a replica's number.
func numbered(name, base string) bool {
	rest, ok := strings.CutPrefix(name, base)
	return ok && (rest == "" || rest[0] == '-' && strings.Trim(rest[1:], "0123456789") == "")
}

// addedEndpoints are the names and addresses which a container has on its
// networks anyhow.
func (b readBack) addedEndpoints() map[string]spec.Endpoint {
	out := map[string]spec.Endpoint{}
	for name, now := range b.found.NetworkSettings.Networks {
		if now != nil {
			out[name] = spec.Endpoint{Aliases: ownNames(b.found), MacAddress: now.MacAddress}
		}
	}
	return out
}

// adoptNetwork reads back a network that another tool made for its project, as
// far as a list of networks tells.
func adoptNetwork(n network.Summary) *spec.Network {
	out := &spec.Network{
		Name: n.Name, Driver: n.Driver, Internal: n.Internal, Attachable: n.Attachable, EnableIPv6: &n.EnableIPv6,
		DriverOpts: map[string]string{}, Labels: adoptedLabels(n.Labels),
		IPAM: spec.IPAM{Driver: unless(n.IPAM.Driver, "default"), Options: filled(n.IPAM.Options)},
	}
	for key, value := range n.Options {
		if !strings.HasPrefix(key, "com.docker.network.enable_ipv") { // by the engine, from 28 on
			out.DriverOpts[key] = value
		}
	}
	out.DriverOpts = filled(out.DriverOpts)
	for _, p := range n.IPAM.Config {
		out.IPAM.Config = append(out.IPAM.Config, spec.Pool{Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddresses: filled(p.AuxAddress)})
	}
	return out
}

// adoptVolume reads back a volume that another tool made for its project.
func adoptVolume(v *volume.Volume) *spec.Volume {
	return &spec.Volume{Name: v.Name, Driver: v.Driver, DriverOpts: filled(v.Options), Labels: adoptedLabels(v.Labels)}
}

// belongs reports whether an object is of a project, whoever made it.
func belongs(labels map[string]string) bool { return labels[engine.LabelProject] != "" }
