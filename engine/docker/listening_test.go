package docker

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stackfile/stack/engine"
)

// kernel writes an address as this machine's kernel prints it.
func kernel(ip string) string {
	raw := netip.MustParseAddr(ip).AsSlice()
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	return hex.EncodeToString(raw)
}

func TestListeningPortsAreReadFromTheKernel(t *testing.T) {
	dir := t.TempDir()
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	for name, text := range map[string]string{
		"tcp": head + "   0: " + kernel("127.0.0.1") + ":1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1\n" +
			"   1: " + kernel("10.0.0.1") + ":0016 0A00000A:D431 01 00000000:00000000 00:00000000 00000000 0 0 1 1\n" +
			"broken\n",
		"tcp6": head + "   0: " + kernel("::") + ":0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 1 1\n",
		"udp":  head + "   0: " + kernel("0.0.0.0") + ":0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 1 2\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := []engine.Port{
		{IP: "0.0.0.0", Public: 53, Protocol: "udp"}, {IP: "::", Public: 80, Protocol: "tcp"}, {IP: "127.0.0.1", Public: 8080, Protocol: "tcp"},
	}
	if got := readListening(dir); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestListeningPortsOfThisProcessAreSeen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	want := engine.Port{IP: "127.0.0.1", Public: address.Port(), Protocol: "tcp"}
	if got := readListening("/proc/net"); !slices.Contains(got, want) {
		t.Errorf("%+v is not among %+v", want, got)
	}
}

func TestListeningPortsOfAnotherHostAreNotGuessed(t *testing.T) {
	e, err := Open(t.Context(), Options{Host: "tcp://192.0.2.1:2375"})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.listening(); got != nil {
		t.Errorf("got %+v", got)
	}
}
