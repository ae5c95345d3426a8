//go:build e2e

package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// runnable is a service that is run once, and what it depends on.
const runnable = `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    command: [-ready-after, 1s]
    healthcheck: {test: [CMD, /probe, health], interval: 1s, start_period: 1m}
  tool:
    image: debian:bookworm-slim
    command: [sh, -c, "exit 5"]
    environment: {OWN: own}
    container_name: PROJECT-fixed
    restart: always
    ports: ["80"]
    volumes: [data:/data]
    cap_add: [SYS_TIME]
    depends_on: {db: {condition: service_healthy}}
volumes: {data: {}}
-- vars --
FILE=of file
-- box/file --
inside
`

// oneOffs are the containers of runs, the newest first.
func (s *sandbox) oneOffs() (names []string) {
	s.t.Helper()
	return strings.Fields(docker(s.t, "ps", "-a", "--format", "{{.Names}}", "--filter", "label=com.docker.compose.project="+s.name, "--filter", "label=com.docker.compose.oneoff=True"))
}

func TestRunIsTheProgramsOwn(t *testing.T) {
	s := newSandbox(t, runnable)
	s.try("run", "--rm", "tool").ended(5)
	if c := s.container("db"); c.State.Health == nil || c.State.Status != "running" {
		t.Errorf("db is %+v", c.State)
	}
	if names := s.oneOffs(); len(names) > 0 {
		t.Errorf("--rm left %q", names)
	}
	r := s.run("run", "-q", "--rm", "tool", "sh", "-c", "echo out; echo err >&2")
	if r.stdout != "out\n" || r.stderr != "err\n" {
		t.Errorf("got %q and %q", r.stdout, r.stderr)
	}
	id := strings.TrimSpace(s.run("run", "-d", "tool", "sleep", "60").stdout)
	names := s.oneOffs()
	if len(names) != 1 || !strings.HasPrefix(names[0], s.name+"-tool-run-") {
		t.Fatalf("there are %q", names)
	}
	if c := inspect[container](t, names[0])[0]; c.ID != id || c.State.Status != "running" {
		t.Errorf("%s is %+v, and %s was printed", names[0], c, id)
	}
	s.run("up", "-d", "--remove-orphans", "db")
	if len(s.oneOffs()) != 1 {
		t.Error("the run was taken for an orphan")
	}
}

func TestPipedInputReachesARun(t *testing.T) {
	s := newSandbox(t, runnable)
	for _, args := range [][]string{{"run", "-q", "--rm", "--no-deps", "-T", "tool", "cat"}, {"exec", "-T", "db", "/probe", "cat", "/dev/stdin"}} {
		if args[0] == "exec" {
			s.run("up", "-d", "db")
		}
		cmd := exec.CommandContext(t.Context(), stackBinary, args...)
		cmd.Dir, cmd.Env, cmd.Stdin = s.dir, s.environment(), strings.NewReader("a\x10\x11b\n")
		if out, err := cmd.Output(); err != nil || string(out) != "a\x10\x11b\n" {
			t.Errorf("%s: %q, %v", args[0], out, err)
		}
	}
	if s.run("ps", "-q", "--services").stdout != "db\n" {
		t.Error("--no-deps brought something up")
	}
}

func TestAnInterruptionOfARunIsTheProgramsOwn(t *testing.T) {
	s := newSandbox(t, runnable)
	p := s.begin("run", "--rm", "--no-deps", "tool", "sh", "-c", "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done")
	p.await("ready")
	p.signal(syscall.SIGINT)
	p.wait().ended(9).says("caught")
	if names := s.oneOffs(); len(names) > 0 {
		t.Errorf("left %q", names)
	}
	p = s.begin("run", "--no-deps", "--name", s.name+"-deaf", "tool", "sh", "-c", "trap 'echo caught' INT; echo ready; while :; do sleep 0.1; done")
	p.await("ready")
	p.signal(syscall.SIGINT)
	p.await("caught")
	p.signal(syscall.SIGINT)
	p.wait().ended(137)
}

// TestRunFlagsDoAsThePeers makes the same run with both programs and compares
// what the containers are made of, and how they ended.
func TestRunFlagsDoAsThePeers(t *testing.T) {
	s := newSandbox(t, runnable)
	for _, args := range [][]string{
		{"tool", "sh", "-c", "exit 7"},
		{"-e", "A=b", "-e", "OWN=other", "-e", "FROM", "--env-from-file", "vars", "tool", "printenv", "A", "OWN", "FROM", "FILE"},
		{"-u", "12:13", "-w", "/usr", "tool", "sh", "-c", "id; pwd"},
		{"-l", "x=y", "--label", "z=", "tool", "true"},
		{"-v", "./box:/box:ro", "-v", "/anon", "-v", "data:/more", "tool", "cat", "/box/file"},
		{"--cap-add", "NET_ADMIN", "--cap-drop", "CHOWN", "tool", "true"},
		{"--entrypoint", "echo hello", "tool"},
		{"--entrypoint", "echo", "tool", "world"},
		{"-P", "tool", "true"},
		{"-p", "127.0.0.1::81", "tool", "true"},
		{"--use-aliases", "tool", "true"},
		{"-i=false", "tool", "cat"},
	} {
		s.env = []string{"FROM=outside"}
		theirs := s.once(func(args ...string) int { return s.peerCode(args...) }, args)
		ours := s.once(func(args ...string) int { return s.try(args...).code }, args)
		if theirs != ours {
			t.Errorf("run %q:\n%s\ndocker compose:\n%s", args, ours, theirs)
		}
	}
}

// once makes one run and returns what came of it, as text.
func (s *sandbox) once(program func(...string) int, args []string) string {
	s.t.Helper()
	code := program(append([]string{"run", "--no-deps", "--name", s.name + "-one"}, args...)...)
	text := docker(s.t, "inspect", s.name+"-one")
	logs := tryDocker("logs", s.name+"-one")
	docker(s.t, "rm", "-fv", s.name+"-one")
	return string(must(json.MarshalIndent(map[string]any{"code": code, "logs": logs, "made": madeOf(s, text)}, "", " ")))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// madeOf is what of an inspect does not differ by itself.
func madeOf(s *sandbox, text string) any {
	var list []struct {
		Config struct {
			Cmd, Entrypoint, Env                   []string
			User, WorkingDir                       string
			Labels                                 map[string]string
			Tty, OpenStdin, StdinOnce, AttachStdin bool
		}
		HostConfig struct {
			PortBindings    map[string]any
			RestartPolicy   struct{ Name string }
			CapAdd, CapDrop []string
		}
		Mounts []struct {
			Type, Destination string
			RW                bool
		}
		NetworkSettings struct {
			Networks map[string]struct{ Aliases []string }
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		s.t.Fatal(err)
	}
	c := list[0]
	slices.Sort(c.Config.Env)
	c.HostConfig.RestartPolicy.Name = strings.TrimPrefix(c.HostConfig.RestartPolicy.Name, "no") // two words for never
	if len(c.HostConfig.PortBindings) == 0 {
		c.HostConfig.PortBindings = nil
	}
	for key := range c.Config.Labels {
		if strings.HasPrefix(key, "dev.stack.") || slices.Contains([]string{"com.docker.compose.config-hash", "com.docker.compose.image", "com.docker.compose.slug", "com.docker.compose.version"}, key) {
			delete(c.Config.Labels, key)
		}
	}
	slices.SortFunc(c.Mounts, func(a, b struct {
		Type, Destination string
		RW                bool
	}) int {
		return strings.Compare(a.Destination, b.Destination)
	})
	for name, n := range c.NetworkSettings.Networks {
		n.Aliases = slices.DeleteFunc(n.Aliases, func(alias string) bool { return alias != "tool" })
		c.NetworkSettings.Networks[name] = n
	}
	return c
}

// peerCode runs docker compose, and returns its exit status.
func (s *sandbox) peerCode(args ...string) int {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), dockerCompose, append([]string{"-f", filepath.Join(s.dir, "stack.yaml")}, args...)...)
	cmd.Dir, cmd.Env = s.dir, append(s.environment(), "DOCKER_HOST="+os.Getenv("DOCKER_HOST"))
	_ = cmd.Run() // its status is what is asked for
	return cmd.ProcessState.ExitCode()
}

func TestARunThatNeverBeganLeavesNothing(t *testing.T) {
	s := newSandbox(t, strings.Replace(runnable, "-ready-after, 1s", "-unhealthy", 1))
	p := s.begin("run", "tool", "true")
	s.until("db runs", func() bool { return s.containers()[s.name+"-db-1"].State.Status == "running" })
	s.until("its container is made", func() bool { return len(s.oneOffs()) == 1 })
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	if names := s.oneOffs(); len(names) > 0 {
		t.Errorf("left %q", names)
	}
}
