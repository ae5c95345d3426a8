package spec

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// networking is everything about the network but the endpoints.
func (c *Container) networking(s types.ServiceConfig) {
	c.Ports, c.Expose = ports(s.Ports), expose(s.Expose)
	c.NetworkMode = s.NetworkMode
	c.DNS, c.DNSSearch, c.DNSOptions = s.DNS, s.DNSSearch, s.DNSOpts
	c.ExtraHosts = hosts(s.ExtraHosts)
	for _, link := range s.ExternalLinks {
		name, alias, ok := strings.Cut(link, ":")
		if !ok {
			alias = name
		}
		c.Links = append(c.Links, name+":"+alias)
	}
}

// ports maps container ports to where they are published.
func ports(list []types.ServicePortConfig) map[string][]string {
	if len(list) == 0 {
		return nil
	}
	out := map[string][]string{}
	for _, p := range list {
		key := fmt.Sprintf("%d/%s", p.Target, strings.ToLower(cmp.Or(p.Protocol, "tcp")))
		published := p.Published
		if published == "0" {
			published = ""
		}
		if p.HostIP != "" {
			published = net.JoinHostPort(p.HostIP, published)
		}
		if !slices.Contains(out[key], published) {
			out[key] = append(out[key], published)
		}
	}
	for key := range out {
		slices.Sort(out[key])
	}
	return out
}

// expose lists single ports, ranges taken apart.
func expose(list types.StringOrNumberList) []string {
	found := map[string]bool{}
	for _, text := range list {
		text, protocol, ok := strings.Cut(text, "/")
		if !ok {
			protocol = "tcp"
		}
		first, last, err := portRange(text)
		for port := first; err == nil && port <= last; port++ {
			found[fmt.Sprintf("%d/%s", port, protocol)] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// endpoints are the service's places on its networks, by the engine's names.
func (r *resolver) endpoints(s types.ServiceConfig) map[string]Endpoint {
	if len(s.Networks) == 0 {
		return nil
	}
	out := map[string]Endpoint{}
	main, order := s.NetworksByPriority()[0], r.order(s)
	for key, n := range s.Networks {
		e := endpoint(s.Name, n)
		e.Links = r.links(s, key)
		if key == main {
			e.MacAddress = cmp.Or(e.MacAddress, s.MacAddress)
		}
		e.Order = order[key]
		out[r.project.Networks[key].Name] = e
	}
	return out
}

// order are the places of a service's networks by their keys, by which docker
// compose chooses the main one of several; nil where their names sort likewise.
func (r *resolver) order(s types.ServiceConfig) map[string]int {
	keys := slices.Sorted(maps.Keys(s.Networks))
	if slices.IsSortedFunc(keys, func(a, b string) int { return cmp.Compare(r.project.Networks[a].Name, r.project.Networks[b].Name) }) {
		return nil
	}
	out := map[string]int{}
	for i, key := range keys {
		out[key] = i
	}
	return out
}

// InterfaceName is the driver option by which the engine names an interface.
const InterfaceName = "com.docker.network.endpoint.ifname"

func endpoint(service string, n *types.ServiceNetworkConfig) Endpoint {
	var aliases []string
	if n.ServiceNameAliasEnabled() {
		aliases = []string{service}
	}
	if n == nil {
		return Endpoint{Aliases: aliases}
	}
	aliases = append(aliases, n.Aliases...)
	slices.Sort(aliases)
	e := Endpoint{
		Aliases: slices.Compact(aliases), IPv4: n.Ipv4Address, IPv6: n.Ipv6Address, LinkLocalIPs: unordered(n.LinkLocalIPs),
		MacAddress: n.MacAddress, DriverOpts: filled(n.DriverOpts), Priority: n.Priority, GwPriority: n.GatewayPriority,
	}
	if n.InterfaceName != "" {
		e.DriverOpts = with(e.DriverOpts, InterfaceName, n.InterfaceName)
	}
	return e
}

// links are the aliases under which a service knows others on one network, as
// container:alias. An alias that is the other's own name resolves without.
func (r *resolver) links(s types.ServiceConfig, network string) []string {
	var out []string
	for _, link := range s.Links {
		name, alias, ok := strings.Cut(link, ":")
		target, there := r.project.Services[name]
		config, shared := target.Networks[network]
		if !ok {
			alias = name
		}
		if !there || !shared || alias == name && config.ServiceNameAliasEnabled() {
			continue
		}
		for _, container := range r.containerNames(target) {
			out = append(out, container+":"+alias)
		}
	}
	slices.Sort(out)
	return out
}

func (r *resolver) containerNames(s types.ServiceConfig) []string {
	if s.ContainerName != "" {
		return []string{s.ContainerName}
	}
	var out []string
	for i := range r.replicas(s) {
		out = append(out, nameOf(r.separator(), r.name, s.Name, i+1))
	}
	return out
}
