package docker

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stackfile/stack/engine"
)

// The states of sockets that keep others off their port: a TCP socket that
// listens, and a UDP one that is connected to nobody.
var listens = map[string]string{"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}

// listening are the ports on which programs of the engine's host listen. They
// can be seen where the engine is on this machine and the kernel tells; what
// cannot be seen is left out, for it only makes a note.
func (e *Engine) listening() []engine.Port {
	if !strings.HasPrefix(e.where(), "unix:") {
		return nil
	}
	return readListening("/proc/net")
}

func readListening(dir string) (ports []engine.Port) {
	for _, name := range sortedKeys(listens) {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if port, ok := parseSocket(name, lines.Text()); ok {
				ports = append(ports, port)
			}
		}
		_ = file.Close() // it was only read
	}
	slices.SortFunc(ports, func(a, b engine.Port) int {
		return cmp.Or(cmp.Compare(a.Public, b.Public), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.IP, b.IP))
	})
	return slices.Compact(ports)
}

// parseSocket reads a line of /proc/net/tcp and its like: a number, the local
// address, the remote one, the state, and more.
func parseSocket(table, line string) (engine.Port, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || fields[3] != listens[table] {
		return engine.Port{}, false
	}
	address, number, _ := strings.Cut(fields[1], ":")
	port, err := strconv.ParseUint(number, 16, 16)
	ip, ok := parseAddress(address)
	return engine.Port{IP: ip, Public: uint16(port), Protocol: strings.TrimSuffix(table, "6")}, ok && err == nil && port != 0
}

// parseAddress reads an address as the kernel prints it: each four bytes as one
// number of the machine's byte order.
func parseAddress(text string) (string, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw)%4 != 0 {
		return "", false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	return ip.Unmap().String(), ok
}
