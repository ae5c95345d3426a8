//go:build e2e

package e2e_test

import (
	"net"
	"strings"
	"testing"
)

func TestNetworkOptionsReconnectEveryMember(t *testing.T) {
	s := newSandbox(t, drifting)
	s.run("up", "-d")
	docker(t, "stop", s.name+"-other-1")
	before, was := s.ids(), s.container("web").NetworkSettings.Networks
	s.edit("stack.yaml", "networks: {one: {}, two: {}}\n", "networks: {one: {driver_opts: {com.docker.network.driver.mtu: '1400'}}, two: {}}\n")
	s.run("plan").says("replace network "+s.name+"_one", "driver_opts", "1400")
	s.run("up", "-d")
	s.wantKept(before, false)
	is := s.container("web").NetworkSettings.Networks
	if is[s.name+"_one"].NetworkID == was[s.name+"_one"].NetworkID || is[s.name+"_two"].NetworkID != was[s.name+"_two"].NetworkID {
		t.Errorf("web is on %v, was on %v", is, was)
	}
	if got := strings.TrimSpace(s.run("exec", "-T", "other", "/probe", "get", "http://www:8080/").stdout); got != s.container("web").Config.Hostname {
		t.Errorf("other reaches %q as www", got)
	}
	s.converged("up", "-d")
}

func TestNetworkWithAStrangerIsLeft(t *testing.T) {
	s := newSandbox(t, drifting)
	s.run("up", "-d")
	stranger := s.name + "-x-stranger"
	s.stranger("--name", stranger, "--network", s.name+"_one", probeImage)
	s.edit("stack.yaml", "networks: {one: {}, two: {}}\n", "networks: {one: {internal: true}, two: {}}\n")
	s.try("up", "-d").ended(1).says(stranger, s.name+"_one").changedNothing()
	s.try("plan").ended(1).says(stranger).changedNothing()
}

func TestVolumeOptionsAreRefused(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.run("up", "-d")
	s.edit("stack.yaml", "  data: {}", "  data: {driver_opts: {type: tmpfs, device: tmpfs}}")
	s.try("up", "-d").ended(1).says(s.name+"_data", "driver_opts").changedNothing()
}

func TestANameHeldByAStrangerIsAnErrorBeforeAnythingIsTouched(t *testing.T) {
	s := newSandbox(t, threeServices)
	s.stranger("--name", s.name+"-back-1", probeImage)
	s.try("up", "-d").ended(1).says(s.name + "-back-1").changedNothing()
}

func TestAPortHeldByAStrangerIsAnErrorBeforeAnythingIsTouched(t *testing.T) {
	port := freePort(t)
	s := newSandbox(t, `
-- stack.yaml --
services:
  first: {image: "${PROBE}"}
  web: {image: "${PROBE}", ports: ["127.0.0.1:`+port+`:8080"]}
`)
	stranger := s.name + "-x-stranger"
	s.stranger("--name", stranger, "-p", "127.0.0.1:"+port+":8080", probeImage)
	s.try("up", "-d").ended(1).says(port, stranger).changedNothing()
	docker(t, "rm", "-f", stranger)
	s.run("up", "-d").says(port)
	if got := s.container("web").NetworkSettings.Ports["8080/tcp"][0].HostPort; got != port {
		t.Errorf("published at %s, want %s", got, port)
	}
}

// freePort is one that nothing listens at, for now.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestExternalObjectsAreUsedAndLeft(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}", networks: [theirs], volumes: ["data:/data"]}
networks: {theirs: {external: true, name: PROJECT-theirs}}
volumes: {data: {external: true, name: PROJECT-data}}
`)
	s.try("up", "-d").ended(1).says(s.name+"-theirs", s.name+"-data", "external").changedNothing()
	docker(t, "network", "create", "--label", "dev.stack.e2e="+s.name, s.name+"-theirs")
	docker(t, "volume", "create", "--label", "dev.stack.e2e="+s.name, s.name+"-data")
	s.run("up", "-d")
	s.converged("up", "-d")
	s.run("down", "-v")
	docker(t, "network", "inspect", s.name+"-theirs")
	docker(t, "volume", "inspect", s.name+"-data")
}
