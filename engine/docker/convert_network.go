package docker

import (
	"slices"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// convertNetworks gives the endpoints on the networks that the container is
// created with. Before API 1.44 a MAC address belongs to the container, so that
// of the main network is put into config.
func convertNetworks(op engine.CreateContainer, config *container.Config, api string) *network.NetworkingConfig {
	if len(op.Connect) == 0 {
		return nil
	}
	endpoints := make(map[string]*network.EndpointSettings, len(op.Connect))
	for _, name := range op.Connect {
		e := op.Definition.Networks[name]
		endpoints[name] = convertEndpoint(e, finalName(op.Name), op.Definition.Links)
		if versions.LessThan(api, perNetworkMAC) && e.MacAddress != "" {
			config.MacAddress = e.MacAddress //nolint:staticcheck // the only place before API 1.44
			endpoints[name].MacAddress = ""
		}
	}
	return &network.NetworkingConfig{EndpointsConfig: endpoints}
}

// perNetworkMAC is the API version from which an endpoint has a MAC address.
const perNetworkMAC = "1.44"

// convertEndpoint adds the container's name to the aliases, as docker compose
// does: so the name is found on each of its networks from the first moment.
// links are those of the whole container, which on a network of our own belong
// to the endpoint.
func convertEndpoint(e spec.Endpoint, name string, links []string) *network.EndpointSettings {
	out := &network.EndpointSettings{
		Aliases: slices.Clone(e.Aliases), Links: slices.Concat(e.Links, links),
		MacAddress: e.MacAddress, DriverOpts: e.DriverOpts, GwPriority: e.GwPriority,
	}
	if !slices.Contains(out.Aliases, name) {
		out.Aliases = append(out.Aliases, name)
	}
	if e.IPv4 != "" || e.IPv6 != "" || len(e.LinkLocalIPs) > 0 {
		out.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: e.IPv4, IPv6Address: e.IPv6, LinkLocalIPs: e.LinkLocalIPs}
	}
	return out
}

// convertNetwork is a network in the words of POST /networks/create.
func convertNetwork(op engine.CreateNetwork, api string) (network.CreateOptions, error) {
	n := op.Definition
	if err := engine.CheckNetwork(n, api); err != nil {
		return network.CreateOptions{}, err
	}
	out := network.CreateOptions{
		Driver: n.Driver, Options: n.DriverOpts, Internal: n.Internal, Attachable: n.Attachable,
		EnableIPv6: n.EnableIPv6, Labels: engine.With(n.Labels, op.Labels), IPAM: convertIPAM(n.IPAM),
	}
	if versions.GreaterThanOrEqualTo(api, "1.48") {
		out.EnableIPv4 = n.EnableIPv4
	}
	return out, nil
}

func convertIPAM(i spec.IPAM) *network.IPAM {
	if i.Driver == "" && len(i.Options) == 0 && len(i.Config) == 0 {
		return nil
	}
	out := &network.IPAM{Driver: i.Driver, Options: i.Options}
	for _, p := range i.Config {
		out.Config = append(out.Config, network.IPAMConfig{
			Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddress: p.AuxAddresses,
		})
	}
	return out
}
