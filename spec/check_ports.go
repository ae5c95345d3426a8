package spec

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A binding is one port of a container on the host.
type binding struct {
	ip          string // "" for all
	first, last int    // on the host, a range to choose from; 0 for any
	target      int
	protocol    string
}

// A claim is a binding to one port that a service has for itself.
type claim struct {
	service string
	at      place
	field   string
	binding
}

// hostPorts finds host ports that are claimed more often than they are there.
func (c *checker) hostPorts() {
	var claims []claim
	for _, name := range slices.Sorted(maps.Keys(c.services)) {
		if c.active[name] {
			claims = append(claims, c.claims(name)...)
		}
	}
	type port struct {
		number   int
		protocol string
	}
	taken := map[port][]claim{}
	for _, later := range claims {
		at := port{later.first, later.protocol}
		for _, earlier := range taken[at] {
			if earlier.overlaps(later.binding) && later.apart(earlier) {
				c.conflict(earlier, later)
				break
			}
		}
		taken[at] = append(taken[at], later)
	}
}

// conflict is reported at the later of two claims in the files.
func (c *checker) conflict(a, b claim) {
	order := slices.Index(c.sources, a.at.src) - slices.Index(c.sources, b.at.src)
	if cmp.Or(order, a.at.line-b.at.line, a.at.column-b.at.column) > 0 {
		a, b = b, a
	}
	c.report(b.at.finding(b.field, fmt.Sprintf("host port %s is claimed by service %q too, at %s", b.host(), a.service, a.at.text()),
		"give each its own host port, or its own host address"))
}

func (p place) text() string {
	if p.src == nil {
		return "?"
	}
	return fmt.Sprintf("%s:%d:%d", p.src.name, p.line, p.column)
}

func (b binding) host() string {
	port := strconv.Itoa(b.first)
	if b.ip != "" {
		port = net.JoinHostPort(b.ip, port)
	}
	return port + "/" + b.protocol
}

// claims returns the single ports of a service, and reports those that its
// replicas cannot share.
func (c *checker) claims(name string) []claim {
	service := c.services[name]
	list := service.get("ports")
	if list == nil || list.kind != listNode {
		return nil
	}
	n := replicas(service)
	var out []claim
	for i, item := range list.items {
		field := fmt.Sprintf("services.%s.ports[%d]", name, i)
		for _, b := range bindings(item) {
			if b.first == 0 || n == 0 {
				continue
			}
			if size := b.last - b.first + 1; n > size {
				c.report(item.at.finding(field, fmt.Sprintf("%d replicas cannot share host port %s", n, b.hostRange()),
					fmt.Sprintf("leave the host port to the engine: %q, or give a range of %d", strconv.Itoa(b.target), n)))
			}
			if b.first == b.last {
				out = append(out, claim{name, item.at, field, b})
			}
		}
	}
	return out
}

func (b binding) hostRange() string {
	if b.first == b.last {
		return b.host()
	}
	return fmt.Sprintf("%d-%d/%s", b.first, b.last, b.protocol)
}

// replicas is how many containers a service asks for.
func replicas(service *node) int {
	for _, n := range []*node{service.get("scale"), service.get("deploy", "replicas")} {
		if v, ok := n.scalar().(int); ok {
			return v
		}
	}
	return 1
}

// apart reports whether two claims are not the same line said twice.
func (c claim) apart(other claim) bool {
	return c.service != other.service || c.target != other.target || c.ip != other.ip
}

// overlaps reports whether two bindings to one port want the same address.
func (b binding) overlaps(other binding) bool {
	return sharesAddress(b.ip, other.ip)
}

// sharesAddress reports whether a socket on one address takes the port away
// from one on the other. "" is every address of both families, 0.0.0.0 and ::
// every one of theirs.
func sharesAddress(a, b string) bool {
	if a == b || a == "" || b == "" {
		return true
	}
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX != nil || errY != nil {
		return false
	}
	return x == y || x.Is4() == y.Is4() && (x.IsUnspecified() || y.IsUnspecified())
}

// bindings reads one entry of ports; a wrong one has none.
func bindings(item *node) []binding {
	if item.kind != mapNode {
		list, _ := parsePorts(item.text())
		return list
	}
	target, _ := strconv.Atoi(item.get("target").text())
	b := binding{ip: item.get("host_ip").text(), target: target, protocol: strings.ToLower(cmpOr(item.get("protocol").text(), "tcp"))}
	b.first, b.last, _ = portRange(item.get("published").text())
	return []binding{b}
}

// portRange reads a port or a range of ports; "" is 0, any port.
func portRange(text string) (first, last int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || first < 0 || last > 65535 || first > last {
		return 0, 0, fmt.Errorf("%q is no port from 1 to 65535, nor a range of them", text)
	}
	return first, last, nil
}

// containerNames checks fixed names: one container each.
func (c *checker) containerNames() {
	owners := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.services)) {
		service := c.services[name]
		fixed := service.get("container_name")
		if !c.active[name] || fixed.text() == "" {
			continue
		}
		field := "services." + name + ".container_name"
		if n := replicas(service); n > 1 {
			c.report(fixed.at.finding(field, fmt.Sprintf("%d replicas cannot share the name %q", n, fixed.text()),
				"leave container_name away, or set one replica"))
		}
		if owner, ok := owners[fixed.text()]; ok {
			c.report(fixed.at.finding(field, fmt.Sprintf("service %q has the name %q too", owner, fixed.text()), ""))
		}
		owners[fixed.text()] = name
	}
}
