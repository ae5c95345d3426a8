package main

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/stackfile/stack/engine"
)

// ports are as docker prints them: 0.0.0.0:8080->80/tcp, 5432/tcp; neighbours
// that keep their numbers as one, 0.0.0.0:7000-7002->7000-7002/tcp, before the
// others.
func ports(list []engine.Port) string {
	var ranges, mapped []string
	open := map[string]*portRange{}
	var order []string
	for _, p := range slices.SortedFunc(slices.Values(list), comparePorts) {
		if p.IP != "" && p.Public != p.Private {
			mapped = append(mapped, fmt.Sprintf("%s->%d/%s", hostPort(p), p.Private, p.Protocol))
			continue
		}
		key := p.IP + "/" + p.Protocol
		switch r := open[key]; {
		case r == nil:
			order = append(order, key)
		case p.Private == r.last+1:
			r.last++
			continue
		default:
			ranges = append(ranges, r.String())
		}
		open[key] = &portRange{p.IP, p.Protocol, p.Private, p.Private}
	}
	for _, key := range order {
		ranges = append(ranges, open[key].String())
	}
	return strings.Join(append(ranges, mapped...), ", ")
}

// portRange is one port, or several that follow each other, of one address.
type portRange struct {
	ip, protocol string
	first, last  uint16
}

func (r portRange) String() string {
	text := strconv.Itoa(int(r.first))
	if r.last != r.first {
		text += "-" + strconv.Itoa(int(r.last))
	}
	if r.ip != "" {
		text = net.JoinHostPort(r.ip, text) + "->" + text
	}
	return text + "/" + r.protocol
}

func comparePorts(a, b engine.Port) int {
	return cmp.Or(cmp.Compare(a.Private, b.Private), cmp.Compare(a.IP, b.IP), cmp.Compare(a.Public, b.Public), cmp.Compare(a.Protocol, b.Protocol))
}

func hostPort(p engine.Port) string { return net.JoinHostPort(p.IP, strconv.Itoa(int(p.Public))) }

// bracketed is an address as it stands before a port.
func bracketed(ip string) string {
	if strings.Contains(ip, ":") {
		return "[" + ip + "]"
	}
	return ip
}
