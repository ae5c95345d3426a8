package docker

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"

	"github.com/stackfile/stack/spec"
)

// Distance is how far the engine at host is from this machine's files. A socket is
// here, and so are the machine's own addresses. With ssh one works on another
// machine. Behind any other address there can be a container beside this one that
// has the same folders, as in many a build farm: nobody can tell.
func Distance(host string) spec.Distance {
	address, err := url.Parse(host)
	switch {
	case err != nil || host == "" || address.Scheme == "unix" || address.Scheme == "npipe":
		return spec.Here
	case address.Scheme == "ssh":
		return spec.Elsewhere
	case ownAddress(address.Hostname()):
		return spec.Here
	}
	return spec.Perhaps
}

// ownAddress reports whether a name is this machine's. No server is asked.
func ownAddress(name string) bool {
	if self, err := os.Hostname(); name == "localhost" || err == nil && name == self {
		return true
	}
	address, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	all, _ := net.InterfaceAddrs() // without them no address is ours
	return address.IsLoopback() || address.IsUnspecified() || slices.ContainsFunc(all, func(a net.Addr) bool {
		ip, ok := a.(*net.IPNet)
		return ok && ip.IP.String() == address.String()
	})
}
