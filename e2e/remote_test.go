//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const onAnotherMachine = `
-- stack.yaml --
services:
  web:
    build: {context: web, args: {BASE: "${PROBE}"}}
    image: PROJECT-web
    configs: [{source: page, target: /config}]
    volumes: ["data:/data"]
configs: {page: {file: page.html}}
volumes: {data: {}}
-- page.html --
from a file
-- web/Dockerfile --
ARG BASE
FROM ${BASE}
COPY recipe /recipe
-- web/recipe --
sent over
`

// works holds the program to what it does with an engine that is elsewhere.
func (s *sandbox) works() {
	s.t.Helper()
	s.run("up", "-d", "--wait").says("running: web")
	s.run("exec", "-T", "web", "/probe", "cat", "/recipe").says("^sent over\n")
	s.run("exec", "-T", "web", "/probe", "cat", "/config").says("^from a file\n")
	s.run("logs").says("serving")
	s.run("up", "-d", "--wait").changedNothing()
}

func TestAnEngineIsReachedOverSSH(t *testing.T) {
	s := newSandbox(t, onAnotherMachine)
	logins := s.overSSH()
	s.works()
	s.edit("stack.yaml", `"data:/data"`, `"./page.html:/page.html", "/etc/hostname:/h"`)
	s.try("up", "-d").ended(1).says(`stack.yaml:6:15: services.web.volumes\[0\]: .*page.html is on this machine`).changedNothing()
	s.env = append(s.env, "STACK_SHARED_PATHS=1") // it is
	s.run("up", "-d")
	s.run("exec", "-T", "web", "/probe", "cat", "/page.html").says("^from a file\n")
	s.run("down", "-v", "--rmi", "local")
	if n := logins(); n != 1 {
		t.Errorf("the machine was logged in to %d times, want once for all commands", n)
	}
}

// overSSH has the program reach the wire over ssh, by a server of the test's own. It
// returns how often somebody has logged in there.
func (s *sandbox) overSSH() (logins func() int) {
	s.t.Helper()
	dir, err := os.MkdirTemp("", "ssh") // a test's own folder can be too long for a socket's name
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	port := freePort(s.t)
	logins = sshServer(s.t, dir, port)
	me, err := user.Current()
	if err != nil {
		s.t.Fatal(err)
	}
	// ssh takes its settings from the user's real home, whatever HOME says.
	s.files(dir, map[string]string{
		"ssh.conf": fmt.Sprintf(`Host lab
HostName 127.0.0.1
Port %s
User %s
IdentityFile %s/user
IdentitiesOnly yes
StrictHostKeyChecking no
UserKnownHostsFile %s/known
`, port, me.Username, dir, dir),
		"bin/ssh": "#!/bin/sh\nexec " + sshClient(s.t) + " -F " + dir + "/ssh.conf \"$@\"\n",
	})
	s.env = append(s.env,
		"DOCKER_HOST=ssh://lab"+strings.TrimPrefix(s.wire.host, "unix://"),
		"PATH="+dir+"/bin:"+os.Getenv("PATH"), "XDG_RUNTIME_DIR="+dir)
	s.t.Cleanup(func() {
		shared, _ := filepath.Glob(filepath.Join(dir, "stack-*"))
		for _, socket := range shared {
			_ = exec.Command(dir+"/bin/ssh", "-o", "ControlPath="+socket, "-O", "exit", "lab").Run() // it ends by itself, later
		}
	})
	return logins
}

// files writes programs and settings into a folder.
func (s *sandbox) files(dir string, files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
}

func sshClient(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatalf("ssh is missing: run scripts/setup test: %v", err)
	}
	return path
}

// sshServer runs an sshd until the test ends, with keys of its own in dir.
func sshServer(t testing.TB, dir, port string) (logins func() int) {
	t.Helper()
	for _, key := range []string{"host", "user"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	config := filepath.Join(dir, "sshd.conf")
	text := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s/host\nAuthorizedKeysFile %s/user.pub\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n", port, dir, dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd has no rights; Debian makes it at its start
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", config)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("sshd is missing: run scripts/setup test: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	})
	return follow(t, cmd, bufio.NewScanner(said))
}

// follow reads what an sshd says, and returns when it listens.
func follow(t testing.TB, cmd *exec.Cmd, lines *bufio.Scanner) (logins func() int) {
	t.Helper()
	late := time.AfterFunc(deadline, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	for lines.Scan() {
		if !strings.Contains(lines.Text(), "Server listening") {
			continue
		}
		var count atomic.Int64
		go func() {
			for lines.Scan() {
				if strings.Contains(lines.Text(), "Accepted publickey") {
					count.Add(1)
				}
			}
		}()
		return func() int { return int(count.Load()) }
	}
	t.Fatal("sshd does not listen")
	return nil
}

func TestAnEngineIsReachedOverTLS(t *testing.T) {
	s := newSandbox(t, onAnotherMachine)
	certs := t.TempDir()
	host := secured(t, s.wire, certs)
	s.env = []string{"DOCKER_HOST=" + host, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certs}
	s.works()
	if err := os.Remove(filepath.Join(certs, "key.pem")); err != nil {
		t.Fatal(err)
	}
	s.try("ps").ended(1).says("could not load .*key.pem")
	s.env = []string{"DOCKER_HOST=" + host}
	s.try("ps").ended(1)

	config := t.TempDir()
	again := t.TempDir()
	host = secured(t, s.wire, again)
	material := fmt.Sprintf("host=%s,ca=%s/ca.pem,cert=%s/cert.pem,key=%s/key.pem", host, again, again, again)
	docker(t, "--config", config, "context", "create", "secure", "--docker", material)
	docker(t, "--config", config, "context", "use", "secure")
	s.env = []string{"DOCKER_CONFIG=" + config, "DOCKER_HOST="}
	s.run("version").says(`engine at ` + host + ` \(context secure\)`)
	s.run("ps", "--services").says("^web\n")
	s.run("down", "-v", "--rmi", "local")
}

// secured has a wire answer over TLS too, to those with a certificate, until the test
// ends. What a client needs is in dir then, under the names of the docker command.
func secured(t testing.TB, w *wire, dir string) (host string) {
	t.Helper()
	listener := certified(t, dir)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go splice(client, strings.TrimPrefix(w.host, "unix://"))
		}
	}()
	return "tcp://" + listener.Addr().String()
}

func splice(client net.Conn, socket string) {
	defer client.Close()
	engine, err := net.Dial("unix", socket)
	if err != nil {
		return // the wire has gone
	}
	defer engine.Close()
	forward(client, engine)
}
