//go:build e2e

package e2e_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

// TestWithoutATerminalOfItsOwn: what a program is connected with, where the user
// sits at a terminal.
func TestWithoutATerminalOfItsOwn(t *testing.T) {
	s := newSandbox(t, seated)
	s.run("up", "-d")
	for _, args := range [][]string{
		{"run", "--rm", "--no-tty"}, {"run", "--rm", "--tty=false"},
		{"exec", "--no-tty"}, {"exec", "--tty=false"},
	} {
		p := s.sit(append(args, "shell", "tty")...)
		p.sees(`not a tty`)
		p.leaves(1)
		p = s.sit(append(args[:len(args)-1:len(args)-1], "shell", "tty")...)
		p.sees(`/dev/(pts/\d+|console)`)
		p.leaves(0)
	}
	p := s.sit("run", "--rm", "--interactive=false", "--no-tty", "shell", "sh", "-c", "cat; echo nothing came")
	p.sees(`nothing came`)
	p.leaves(0)
}

func TestVerboseIsLinesInATerminal(t *testing.T) {
	s := newSandbox(t, seated)
	p := s.sit("--verbose", "up", "-d")
	p.sees(`container ` + s.name + `-shell-1: started`)
	p.leaves(0)
	up := regexp.MustCompile(`\x1b\[\d+A`)
	if up.MatchString(p.screen()) {
		t.Errorf("the cursor moves up\n%q", p.screen())
	}
	p = s.sit("up", "-d", "--force-recreate", "-t", "0")
	p.leaves(0)
	if !up.MatchString(p.screen()) {
		t.Errorf("without --verbose the cursor does not move up\n%q", p.screen())
	}
}

func TestLogsAreFollowedUntilAnInterrupt(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}"}
`)
	s.run("up", "-d")
	p := s.begin("logs", "--follow", "web")
	p.await(`serving`)
	s.run("logs", "web").says("serving")
	docker(t, "restart", "-t", "1", s.name+"-web-1")
	p.await(`(?s)(serving.*){2}`)
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
}

// TestARegistryWithoutTLSIsUsedWhenToldTo has a registry on an address of this
// machine's that is not the loopback, which is trusted anyway.
func TestARegistryWithoutTLSIsUsedWhenToldTo(t *testing.T) {
	host := exposed(t, registry(t))
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}"}
`)
	s.env = append(s.env, "XDG_CACHE_HOME="+filepath.Join(s.dir, "cache"))
	name := host + "/" + s.name
	s.try("publish", "-y", name+":1").ended(1).says("HTTP response to HTTPS client")
	s.run("publish", "-y", "--insecure-registry", name+":1").says("published " + name)
	s.run("alpha", "publish", "-y", "--insecure-registry", name+":2").says("published " + name)
	s.env = append(s.env, "PROBE=other")
	for _, tag := range []string{":1", ":2"} {
		s.try("-f", "oci://"+name+tag, "config").ended(1).says("HTTP response to HTTPS client")
		s.run("--insecure-registry", host, "-f", "oci://"+name+tag, "config").says("image: other")
	}
}

// exposed is a proxy before a registry on another address of this machine's, until the
// test ends.
func exposed(t *testing.T, host string) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(ownAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	front := &httptest.Server{Listener: listener, Config: &http.Server{Handler: before(host)}}
	front.Start()
	t.Cleanup(front.Close)
	return listener.Addr().String()
}

func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
			return ip.IP.String()
		}
	}
	t.Fatal("no address but the loopback's: the engine has no bridge")
	return ""
}
