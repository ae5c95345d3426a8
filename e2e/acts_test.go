//go:build e2e

package e2e_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// acted is a stack that commands are tried on: ended by nobody, with two replicas
// of one service, and a program that ends by itself with 3.
const acted = `
-- compose.yaml --
services:
  web: {image: "${PROBE}", depends_on: [db]}
  db: {image: "${PROBE}", scale: 2}
  job: {image: "${PROBE}", command: [-exit, "3", -exit-after, 2s], profiles: [jobs]}
  built: {image: HOST/PROJECT/built:1, build: {context: ., dockerfile_inline: "FROM ${PROBE}"}, profiles: [builds]}
-- less.yaml --
services:
  web: {image: "${PROBE}"}
-- hello --
hello
-- tree/in/leaf --
leaf
-- tree/top --
top
`

// A sideBySide is the peer and stack, each with a project and a folder of its own.
type sideBySide struct {
	t            *testing.T
	theirs, ours *sandbox
}

func newSideBySide(t *testing.T, files string) sideBySide {
	return sideBySide{t, newSandbox(t, files), another(t, files)}
}

// tryCompose runs the peer, whatever its exit status.
func (s *sandbox) tryCompose(args ...string) (stdout string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, dockerCompose, args...)
	cmd.Dir, cmd.Env = s.dir, append(s.environment(), "DOCKER_HOST="+os.Getenv("DOCKER_HOST"))
	out, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("docker compose %s: %v", strings.Join(args, " "), err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// both runs one command line by either, PROJECT in it being its own, and holds them
// to the same exit status. It returns what they say.
func (b sideBySide) both(line string) (theirs, ours string) {
	b.t.Helper()
	args := func(s *sandbox) []string { return strings.Fields(strings.ReplaceAll(line, "PROJECT", s.name)) }
	theirs, code := b.theirs.tryCompose(args(b.theirs)...)
	r := b.ours.try(args(b.ours)...)
	if r.code != code {
		b.t.Errorf("%s: exit status %d, the peer's is %d\n%s%s", line, r.code, code, r.stdout, r.stderr)
	}
	return theirs, r.stdout
}

// standing is how each container stands.
func (s *sandbox) standing() string {
	s.t.Helper()
	var out []string
	all := docker(s.t, "ps", "-a", "--filter", "label=com.docker.compose.project="+s.name, "--format", "{{.Names}} {{.State}} {{.Status}}")
	for line := range strings.Lines(all) {
		words := strings.Fields(line) // such as p-web-1 exited Exited (137) 2 seconds ago
		if words[1] == "exited" {
			words[1] += " " + words[3]
		}
		out = append(out, s.plain(words[0])+" "+words[1])
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestActsAreThoseOfThePeer(t *testing.T) {
	b := newSideBySide(t, acted)
	for _, line := range []string{
		"kill", "wait web", "stop", "start", "restart", "restart web", "pause", "unpause", "rm -f", "down", // of nothing
		"up -d", "pause web", "pause db", "unpause", "kill -s SIGWINCH web", "kill web",
		"-f less.yaml kill", "-f less.yaml kill --remove-orphans", "up -d",
		"scale db=1", "stop db", "scale --no-deps web=2", "scale web=1",
		"scale none=1", "scale web", "wait none",
	} {
		b.both(line)
		if want, got := b.theirs.standing(), b.ours.standing(); want != got {
			t.Errorf("%s: the peer leaves\n%s\nand stack\n%s", line, want, got)
		}
	}
	b.ours.run("pause", "web")
	b.ours.run("up", "-d").says("unpaused") // the peer fails
	b.theirs.waits(b.theirs.tryCompose)
	b.ours.waits(func(args ...string) (string, int) {
		r := b.ours.try(args...)
		return r.stdout, r.code
	})
}

// TestBareCommandsAreForTheSameServicesAsThePeers: what belongs to another profile,
// or to no service of the file, is left alone by a command that names no service.
func TestBareCommandsAreForTheSameServicesAsThePeers(t *testing.T) {
	b := newSideBySide(t, `
-- compose.yaml --
services:
  web: {image: "${PROBE}", depends_on: [db]}
  db: {image: "${PROBE}"}
  tool: {image: "${PROBE}", profiles: [tools]}
-- less.yaml --
services:
  db: {image: "${PROBE}"}
`)
	for _, line := range []string{
		"--profile tools up -d", "pause", "unpause", "stop", "start", "restart", "kill", "up -d", "rm -fs", "up -d",
		"-f less.yaml pause", "-f less.yaml unpause db", "-f less.yaml stop", "-f less.yaml restart", "-f less.yaml rm -fs", "-f less.yaml kill",
		"up -d", "stop tool", "rm -f", "start tool", "down", "run --name PROJECT-once tool -exit 3", "down", "down --remove-orphans", "down tool", "--profile tools up -d",
		"--profile tools stop", "--profile tools start", "--profile tools down",
	} {
		theirs, ours := b.both(line)
		if want, got := b.theirs.standing(), b.ours.standing(); want != got {
			t.Errorf("%s: the peer leaves\n%s\nand stack\n%s\n%s%s", line, want, got, theirs, ours)
		}
	}
}

// waits has a job come up, and the project end with it.
func (s *sandbox) waits(run func(args ...string) (stdout string, code int)) {
	s.t.Helper()
	run("up", "-d", "job")
	said, code := run("wait", "--down-project", "job")
	if !strings.HasPrefix(said, `container "`) || !strings.HasSuffix(said, "\" exited with status code 3\n") || code != 3 {
		s.t.Errorf("wait said %q, exit status %d", said, code)
	}
	if got := s.standing(); got != "" {
		s.t.Errorf("wait --down-project leaves\n%s", got)
	}
}

func TestCopiesAreThoseOfThePeer(t *testing.T) {
	b := newSideBySide(t, acted)
	for _, s := range []*sandbox{b.theirs, b.ours} {
		for link, to := range map[string]string{"link": "hello", "tree/away": "/data"} {
			if err := os.Symlink(to, filepath.Join(s.dir, link)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.Chmod(filepath.Join(s.dir, "hello"), 0o640), os.Chown(filepath.Join(s.dir, "tree", "top"), 12, 13)); err != nil {
			t.Fatal(err)
		}
	}
	b.both("up -d")
	for _, line := range []string{
		"cp hello db:/data", "cp hello db:/data/second", "cp --index 2 hello db:/data/only", "cp tree web:/data/new", "cp tree web:/data/new",
		"cp tree/. web:/data", "cp tree/ web:/data/slash", "cp link web:/data/link", "cp --follow-link link web:/data/followed", "cp --archive hello web:/data/mine",
		"cp --all hello web:/data/all", "cp hello web:/none/", "cp hello web:/none/x", "cp none web:/data", "cp tree web:/data/hello", "cp tree web:/data/followed",
		"cp hello web:/data/link/", "cp hello web:/data/away", "cp hello hello2", "cp web:/data db:/data", "cp none:/data x", "cp --index 9 hello db:/data",
		"cp web:/data/new out", "cp web:/data/new out", "cp web:/data/new/. out2", "cp web:/data/link out/link", "cp -L web:/data/link out/file",
		"cp web:/none x", "cp web:/data/new hello", "cp web:/data/followed none/x", "cp web:/data/followed none/", "cp web:/data/followed out",
	} {
		b.both(line)
	}
	for _, name := range []string{"-web-1", "-db-1", "-db-2"} {
		if want, got := b.theirs.listed(name), b.ours.listed(name); want != got {
			t.Errorf("in %s the peer has put\n%s\nand stack\n%s", name, want, got)
		}
	}
	if want, got := b.theirs.found(), b.ours.found(); want != got {
		t.Errorf("the peer has brought\n%s\nand stack\n%s", want, got)
	}
	theirs, ours := b.both("cp web:/data/new -")
	if want, got := entries(t, theirs), entries(t, ours); want != got {
		t.Errorf("the peer writes\n%s\nand stack\n%s", want, got)
	}
	theirs, ours = b.both("export web")
	if want, got := entries(t, theirs), entries(t, ours); want != got {
		t.Errorf("the peer exports\n%s\nand stack\n%s", want, got)
	}
}

// TestArchivedCopiesAreTheUsers: with --archive what is copied is the program's, else
// it is who it was.
func TestArchivedCopiesAreTheUsers(t *testing.T) {
	b := newSideBySide(t, `
-- compose.yaml --
services:
  web: {image: "debian:bookworm-slim", init: true, user: nobody, command: [sleep, infinity]}
-- hello --
hello
`)
	b.both("up -d")
	b.both("cp hello web:/tmp/plain")
	b.both("cp --archive hello web:/tmp/archived")
	for _, s := range []*sandbox{b.theirs, b.ours} {
		if got := docker(t, "exec", s.name+"-web-1", "stat", "-c", "%U", "/tmp/plain", "/tmp/archived"); got != "root\nnobody" {
			t.Errorf("%s: the files are of %q", s.name, got)
		}
	}
}

// listed is what is below /data of a container.
func (s *sandbox) listed(name string) string {
	s.t.Helper()
	return entries(s.t, docker(s.t, "cp", s.name+name+":/data", "-"))
}

// entries are those of a tar archive: who they belong to, and what is in them.
func entries(t testing.TB, archive string) string {
	t.Helper()
	var out []string
	for from := tar.NewReader(strings.NewReader(archive)); ; {
		h, err := from.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(out)
			return strings.Join(out, "\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(io.LimitReader(from, 64))
		if err != nil {
			t.Fatal(err)
		}
		if name := strings.TrimPrefix(h.Name, "etc/"); name == "hostname" || name == "hosts" {
			continue
		}
		out = append(out, fmt.Sprintf("%s %c %o %d:%d %d %s %q", h.Name, h.Typeflag, h.Mode, h.Uid, h.Gid, h.Size, h.Linkname, text))
	}
}

// found are the files of the sandbox's folder.
func (s *sandbox) found() string {
	s.t.Helper()
	var out []string
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out = append(out, strings.TrimPrefix(path, s.dir)+" "+info.Mode().String())
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

func TestCommitAndPushAreThoseOfThePeer(t *testing.T) {
	host := registry(t)
	b := newSideBySide(t, strings.ReplaceAll(acted, "HOST", host))
	b.both("up -d")
	for _, s := range []*sandbox{b.theirs, b.ours} {
		ref := s.name + "-committed:1"
		args := []string{"commit", "-a", "me", "-m", "text", "-c", "ENV A=1", "--index", "2", "db", ref}
		if s == b.theirs {
			s.compose(args...)
		} else {
			s.run(args...)
		}
		if got := docker(t, "image", "inspect", "--format", "{{.Author}} {{.Comment}} {{.Config.Env}} {{.Config.Entrypoint}}", ref); got != "me text [A=1] [/probe]" {
			t.Errorf("%s is %q", ref, got)
		}
	}
	b.both("commit none x")
	b.both("--profile builds build")
	b.both("--profile builds push")
	for _, s := range []*sandbox{b.theirs, b.ours} {
		docker(t, "rmi", host+"/"+s.name+"/built:1")
		if got := tags(t, host, s.name+"/built"); !strings.Contains(got, `"1"`) {
			t.Errorf("the registry has %s", got)
		}
	}
	b.both("--profile builds push")
	b.both("--profile builds push --ignore-push-failures")
	b.both("push web")
	b.both("push none")
}

// tags is what a registry says about a repository.
func tags(t *testing.T, host, repository string) string {
	t.Helper()
	answer, err := http.Get("http://" + host + "/v2/" + repository + "/tags/list")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
