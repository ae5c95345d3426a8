package docker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/stackfile/stack/spec"
)

// observe is recorded, but with each live field as the engine has it now, put
// so that a container which nobody touched is observed exactly as recorded.
// recorded is not changed.
func observe(recorded spec.Container, c container.InspectResponse) spec.Container {
	out := recorded
	r := c.HostConfig.Resources
	out.Restart = readRestart(recorded.Restart, c.HostConfig.RestartPolicy)
	out.CPUs, out.CPUShares, out.CPUQuota, out.CPUPeriod = r.NanoCPUs, r.CPUShares, r.CPUQuota, r.CPUPeriod
	out.CPURTRuntime, out.CPURTPeriod, out.CPUSet = r.CPURealtimeRuntime, r.CPURealtimePeriod, r.CpusetCpus
	out.Memory, out.MemoryReserve, out.BlkioWeight = r.Memory, r.MemoryReservation, r.BlkioWeight
	out.MemorySwap = readSwap(recorded, r)
	out.PidsLimit = readPids(recorded.PidsLimit, r.PidsLimit)
	out.Networks = readNetworks(recorded, c)
	return out
}

// readRestart keeps the recorded words where they mean the same, such as "no"
// for none.
func readRestart(recorded string, now container.RestartPolicy) string {
	if now.IsNone() {
		now = container.RestartPolicy{Name: container.RestartPolicyDisabled}
	}
	asked := restartPolicy(recorded)
	switch {
	case asked == now:
		return recorded
	case now.IsNone():
		return ""
	case now.MaximumRetryCount > 0:
		return fmt.Sprintf("%s:%d", now.Name, now.MaximumRetryCount)
	}
	return string(now.Name)
}

// readSwap: a limit that was not asked for reads back as twice the memory, as it
// is or as it was asked for, or as -1 where the kernel cannot limit it.
func readSwap(recorded spec.Container, r container.Resources) int64 {
	if recorded.MemorySwap == 0 && (r.MemorySwap == -1 || r.MemorySwap == 2*r.Memory || r.MemorySwap == 2*recorded.Memory) {
		return 0
	}
	return r.MemorySwap
}

// podmanPids is what Podman gives a container for which no limit is asked.
const podmanPids = 2048

// readPids: nil, 0 and -1 all mean no limit.
func readPids(recorded int64, now *int64) int64 {
	limit := int64(0)
	if now != nil && *now > 0 && (recorded > 0 || *now != podmanPids) {
		limit = *now
	}
	if recorded < 0 && limit == 0 {
		return recorded
	}
	return limit
}

// readNetworks are the endpoints by the network's name. A container in another
// one's namespace, in the host's or in none has no networks of its own.
func readNetworks(recorded spec.Container, c container.InspectResponse) map[string]spec.Endpoint {
	if recorded.NetworkMode != "" || c.HostConfig.NetworkMode.IsNone() || c.NetworkSettings == nil {
		return recorded.Networks
	}
	var out map[string]spec.Endpoint
	for name, now := range c.NetworkSettings.Networks {
		asked, ok := recorded.Networks[name]
		if now == nil || !ok && name == network.NetworkBridge && len(recorded.Networks) == 0 {
			continue // nothing was asked for: the engine's default network
		}
		if out == nil {
			out = map[string]spec.Endpoint{}
		}
		out[name] = readEndpoint(asked, recorded.Links, now, c)
	}
	return out
}

// readEndpoint keeps what the engine does not tell, or tells only of a running
// container.
func readEndpoint(asked spec.Endpoint, links []string, now *network.EndpointSettings, c container.InspectResponse) spec.Endpoint {
	out := spec.Endpoint{
		Aliases: without(now.Aliases, asked.Aliases, ownNames(c)), Links: without(now.Links, asked.Links, links),
		Priority: asked.Priority, Order: asked.Order, GwPriority: now.GwPriority, DriverOpts: now.DriverOpts,
		MacAddress: readMAC(asked.MacAddress, now.MacAddress),
	}
	if len(out.DriverOpts) == 0 {
		out.DriverOpts = nil
	}
	slices.Sort(out.Aliases)
	if ip := now.IPAMConfig; ip != nil {
		out.IPv4, out.IPv6 = ip.IPv4Address, ip.IPv6Address
		if len(ip.LinkLocalIPs) > 0 {
			out.LinkLocalIPs = ip.LinkLocalIPs
		}
	}
	return out
}

// without takes away what was added beside what was asked for. It gives nil
// rather than nothing.
func without(now, asked, added []string) (out []string) {
	for _, word := range now {
		if !slices.Contains(out, word) && (slices.Contains(asked, word) || !slices.Contains(added, word)) {
			out = append(out, word)
		}
	}
	return out
}

// ownNames are the aliases that nobody asked for: the short ID, which engines
// before API 1.45 add, the host's name, which they add when it was asked for,
// and the names which creation adds.
func ownNames(c container.InspectResponse) []string {
	name := strings.TrimPrefix(c.Name, "/")
	names := []string{name, finalName(name)}
	if c.Config != nil {
		names = append(names, c.Config.Hostname)
	}
	if len(c.ID) >= shortID {
		names = append(names, c.ID[:shortID])
	}
	return names
}

const shortID = 12

// readMAC: an address that was not asked for is the engine's choice, and one of
// a stopped container is not always told.
func readMAC(asked, now string) string {
	if asked == "" || now == "" || strings.EqualFold(asked, now) {
		return asked
	}
	return now
}
