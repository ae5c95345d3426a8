//go:build e2e

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// link makes the program what a user's link to it is called, and returns that path.
func link(t *testing.T, folder ...string) string {
	t.Helper()
	path := filepath.Join(folder...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(stackBinary, path); err != nil {
		t.Fatal(err)
	}
	return path
}

const oneWeb = `
-- stack.yaml --
services:
  web: {image: "${PROBE}"}
`

func TestTheDockerCommandHasTheProgramAsItsCompose(t *testing.T) {
	s := newSandbox(t, oneWeb)
	config := t.TempDir()
	link(t, config, "cli-plugins", "docker-compose")
	s.env, s.through = []string{"DOCKER_CONFIG=" + config}, []string{"docker", "compose"}
	s.run("up", "-d").says("running: web")
	if got := s.run("ps", "--services").stdout; got != "web\n" {
		t.Errorf("ps says %q", got)
	}
	s.run("ps", "--help").says(`(?m)^  docker compose ps \[FLAGS\]`)
	s.try("exec", "web", "/probe", "nonsense").ended(1)
	s.try("psx").ended(1).says("did you mean: docker compose ps")
	s.try("up", "-d", "nothing").ended(1).says("nothing").changedNothing()

	s.through = []string{"docker", "info", "--format", "{{range .ClientInfo.Plugins}}{{.Name}} {{.Vendor}}{{end}}"}
	s.run().says("compose stackfile")
	s.env = append(s.env, "DOCKER_HOST=unix:///nowhere")
	s.through = []string{"docker", "compose"}
	s.try("ps").ended(1).says("engine at unix:///nowhere: no engine")
	s.through = []string{"docker", "--host", s.wire.host, "compose"}
	s.run("ps", "--services").says("^web\n")
	docker(t, "--config", config, "context", "create", "lab", "--docker", "host="+s.wire.host)
	s.through = []string{"docker", "--context", "lab", "compose"}
	s.run("version").says(`engine at ` + s.wire.host + ` \(context lab\)`)
	s.run("down").says("container .*-web-1: removed")
}

func TestTheDockerCommandHandsItsInterruptOn(t *testing.T) {
	if major, _ := strconv.Atoi(strings.Split(clientVersion(t), ".")[0]); major < 25 {
		t.Skip("this docker command has no connection to its plugins: a terminal interrupts them, and nothing else")
	}
	s := newSandbox(t, oneWeb)
	config := t.TempDir()
	link(t, config, "cli-plugins", "docker-compose")
	s.env, s.through = []string{"DOCKER_CONFIG=" + config}, []string{"docker", "compose"}
	p := s.begin("up")
	p.await(`web-1 +\| serving`)
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	s.wantStopped("web")
}

func clientVersion(t *testing.T) string {
	t.Helper()
	text, err := exec.Command("docker", "version", "--format", "{{.Client.Version}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestALinkMakesItDockerCompose(t *testing.T) {
	s := newSandbox(t, oneWeb)
	s.through = []string{link(t, t.TempDir(), "docker-compose")}
	s.run("up", "-d")
	s.run("ps", "--services").says("^web\n")
	s.env = []string{"DOCKER_HOST=unix:///nowhere"}
	s.through = append(s.through, "-H", s.wire.host)
	s.run("down").says("container .*-web-1: removed")
}
