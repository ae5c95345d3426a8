//go:build e2e

package e2e_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// evolving is a stack with all that a generation keeps, and all that it leaves
// out: an image that is built here, variables, networks, a secret that is bound
// and one that is copied.
const evolving = `
-- stack.yaml --
services:
  web:
    build: {context: web, args: {BASE: "${PROBE}"}}
    environment: {LEVEL: "1", DB_PASSWORD: hidden-one, DB_URL: "db://me:hidden-one@db/x"}
    networks: [default, first]
    secrets: [bound, copied]
  db:
    image: ${PROBE}
networks: {default: {}, first: {}}
secrets: {bound: {file: bound.txt}, copied: {environment: COPIED}}
-- bound.txt --
hidden-bound
-- web/Dockerfile --
ARG BASE
FROM ${BASE}
COPY recipe /recipe
-- web/recipe --
one
`

func newEvolving(t *testing.T) *sandbox {
	s := newSandbox(t, evolving)
	s.env = []string{"COPIED=hidden-copied"}
	s.run("up", "-d", "--wait")
	return s
}

// evolve is the second generation of evolving.
func (s *sandbox) evolve() {
	s.t.Helper()
	s.edit("web/recipe", "one", "two")
	s.edit("stack.yaml", `LEVEL: "1"`, `LEVEL: "2"`)
	s.edit("stack.yaml", "networks: [default, first]", "networks: [default, second]")
	s.edit("stack.yaml", "{default: {}, first: {}}", "{default: {}, second: {}}")
	s.run("up", "-d", "--wait", "--build")
}

// told is what the container of web is, as it and the engine tell.
func (s *sandbox) told() map[string]string {
	s.t.Helper()
	c := s.container("web")
	networks := strings.Join(slices.Sorted(maps.Keys(c.NetworkSettings.Networks)), " ")
	out := map[string]string{"image": c.Image, "networks": strings.ReplaceAll(networks, s.name, "")}
	for key, args := range map[string][]string{
		"recipe": {"cat", "/recipe"}, "bound": {"cat", "/run/secrets/bound"}, "copied": {"cat", "/run/secrets/copied"},
		"level": {"env", "LEVEL"}, "password": {"env", "DB_PASSWORD"}, "url": {"env", "DB_URL"},
	} {
		out[key] = strings.TrimSpace(docker(s.t, append([]string{"exec", c.ID, "/probe"}, args...)...))
	}
	return out
}

// generations are the numbers of those that are kept, and of those that images
// are kept for.
func (s *sandbox) generations() (volumes, tags string) {
	s.t.Helper()
	var of, tagged []string
	for _, name := range strings.Fields(docker(s.t, "volume", "ls", "-q", "--filter", "label=dev.stack.generation", "--filter", "label=com.docker.compose.project="+s.name)) {
		of = append(of, strings.TrimPrefix(name, s.name+"_stack-gen-"))
	}
	for _, tag := range strings.Fields(docker(s.t, "images", "--format", "{{.Tag}}", "stack-gen/"+s.name)) {
		number, _, _ := strings.Cut(tag, "-")
		tagged = append(tagged, number)
	}
	slices.Sort(of)
	slices.Sort(tagged)
	return strings.Join(of, " "), strings.Join(slices.Compact(tagged), " ")
}

func (s *sandbox) wantGenerations(want string) {
	s.t.Helper()
	if volumes, tags := s.generations(); volumes != want || tags != want {
		s.t.Errorf("kept are generations %q and the images of %q, want %q", volumes, tags, want)
	}
}

func TestRollbackBringsBackWhatRan(t *testing.T) {
	s := newEvolving(t)
	db, one := s.container("db").ID, s.told()
	s.converged("up", "-d")
	s.evolve()
	two := s.told()
	if one["recipe"] != "one" || two["recipe"] != "two" || one["image"] == two["image"] || one["copied"] != "hidden-copied" {
		t.Fatalf("first %q, then %q", one, two)
	}
	s.keepsNoSecret()
	if tags := docker(t, "image", "inspect", "--format", "{{.RepoTags}}", one["image"]); tags != "[stack-gen/"+s.name+":1-web]" {
		t.Errorf("the first image, which a prune must not take, has the tags %s", tags)
	}
	s.run("rollback", "--dry-run").says("replace container "+s.name+"-web-1", `environment.LEVEL: "2" -> "1"`, "then, is sha256:").changedNothing()
	s.run("rollback", "--list").says(`2 \(current\) .* web.image, web.environment.LEVEL, web.networks`).changedNothing()

	// Without the file, and without the variables that it needs.
	folder, env := s.dir, s.env
	s.dir, s.env = t.TempDir(), []string{"COMPOSE_PROJECT_NAME="}
	s.run("-p", s.name, "rollback").says("back to generation 1")
	s.dir, s.env = folder, env
	if got := s.told(); !maps.Equal(got, one) {
		t.Errorf("back is\n%q\nand was\n%q", got, one)
	}
	if s.container("db").ID != db {
		t.Error("db was replaced, though it is as it was")
	}
	if got, want := s.plan().texts(), []string{"replace container " + s.name + "-web-1 environment.LEVEL image"}; !slices.Equal(got, want) {
		t.Errorf("the plan says that the file changes %q, want %q", got, want)
	}
	s.wantGenerations("2 3") // the third is the first again

	s.run("rollback")
	if got := s.told(); !maps.Equal(got, two) {
		t.Errorf("forward again is\n%q\nand was\n%q", got, two)
	}
	s.converged("up", "-d")
	s.keepsNoSecret()
}

// keepsNoSecret holds what is recorded to no secret value, and to no digest of
// one.
func (s *sandbox) keepsNoSecret() {
	s.t.Helper()
	volumes := strings.Fields(docker(s.t, "volume", "ls", "-q", "--filter", "label=dev.stack.generation", "--filter", "label=com.docker.compose.project="+s.name))
	text := docker(s.t, append([]string{"volume", "inspect"}, volumes...)...)
	if !strings.Contains(text, "DB_PASSWORD") || !strings.Contains(text, `\"LEVEL\":\"1\"`) {
		s.t.Errorf("the definition is not recorded:\n%s", text)
	}
	for _, secret := range []string{"hidden", "sha256:" + sum("hidden-bound\n"), "sha256:" + sum("hidden-copied")} {
		if strings.Contains(text, secret) {
			s.t.Errorf("%s is recorded:\n%s", secret, text)
		}
	}
	marks := docker(s.t, "inspect", "--format", `{{index .Config.Labels "dev.stack.marks"}}`, s.container("web").ID)
	if strings.Contains(marks, "hidden") {
		s.t.Errorf("the marks hold a secret: %s", marks)
	}
}

func TestRollbackToASecretThatIsGoneAsksForIt(t *testing.T) {
	s := newEvolving(t)
	one := s.told()
	s.edit("stack.yaml", "DB_PASSWORD: hidden-one", "DB_PASSWORD: hidden-two")
	s.write("-- bound.txt --\nhidden-other\n")
	s.run("up", "-d", "--wait")
	s.try("rollback").ended(1).says("generation 1: secret values are not recorded, and no container has these any more: secrets.bound, web.DB_PASSWORD\n", "hint: give each with --set").changedNothing()
	s.try("rollback", "--set", "DB_PASSWORD=hidden-one").ended(1).says("any more: secrets.bound\n").changedNothing()
	s.try("rollback", "--set", "DB_PASSWORD=x", "--set", "secrets.bound=x", "--set", "OTHER=x").ended(1).says("value OTHER: generation 1 leaves out nothing of that name").changedNothing()

	s.write("-- old.txt --\nhidden-bound\n")
	s.env = append(s.env, "web.DB_PASSWORD=hidden-one")
	s.run("rollback", "--set", "web.DB_PASSWORD", "--set", "secrets.bound=@old.txt")
	if got := s.told(); !maps.Equal(got, one) {
		t.Errorf("back is\n%q\nand was\n%q", got, one)
	}
	s.keepsNoSecret()
}

func TestThreeGenerationsAreKeptAndLostOnesAreHistory(t *testing.T) {
	s := newSandbox(t, evolving)
	s.env = []string{"COPIED=hidden-copied"}
	s.levels(1, 4)
	s.wantGenerations("2 3 4")
	s.try("rollback", "--to", "1").ended(1).says(`no generation 1 \(there are: 2 3 4\)`).changedNothing()
	s.run("rollback", "--to", "2")
	if got := s.told()["level"]; got != "2" {
		t.Errorf("LEVEL is %s", got)
	}
	s.wantGenerations("3 4 5")

	// What docker volume prune does, as far as this project goes.
	docker(t, "volume", "rm", s.name+"_stack-gen-3", s.name+"_stack-gen-4", s.name+"_stack-gen-5")
	s.try("rollback").ended(1).says("no generation is recorded", "docker volume prune").changedNothing()
	s.run("up", "-d", "--wait")
	s.wantGenerations("1") // what was left of the others is gone
	s.converged("up", "-d")

	s.run("down")
	s.wantGenerations("1")
	s.run("down", "-v")
	s.wantGenerations("")
	docker(t, "image", "inspect", probeImage, s.name+"-web") // these have names of their own
}

func TestRollbackAfterAnUpThatFailedHalfWay(t *testing.T) {
	s := newEvolving(t)
	before, one := s.container("web").ID, s.told()
	s.edit("web/recipe", "one", "two")
	s.edit("stack.yaml", "    secrets: [bound, copied]", "    secrets: [bound, copied]\n    command: [-unhealthy]\n    healthcheck: {test: [CMD, /probe, health], interval: 1s, retries: 1}")
	s.edit("stack.yaml", "  db:\n    image: ${PROBE}", "  db:\n    image: ${PROBE}\n    command: [-ready-after, 1ms]")
	s.try("up", "-d", "--wait", "--build", "--on-failure", "stop").ended(1)
	s.wantGenerations("1") // of what failed nothing is kept
	s.run("rollback").says("back to generation 1")
	if got := s.told(); !maps.Equal(got, one) || s.container("web").ID != before {
		t.Errorf("back is\n%q\nand was\n%q", got, one)
	}
	if got := s.names("ps", "-a"); !slices.Equal(got, []string{s.name + "-db-1", s.name + "-web-1"}) {
		t.Errorf("there are %q", got)
	}
	if cmd := s.container("db").Config.Cmd; len(cmd) > 0 {
		t.Errorf("db runs %q", cmd)
	}
}

// A recording that is cut off is made good by the next up, and what it left by
// the next recording.
func TestUpAfterACrashOnRecording(t *testing.T) {
	for what, hit := range map[string]func(call) bool{
		"after a tag":      func(c call) bool { return strings.HasSuffix(c.path, "/tag") },
		"after the volume": func(c call) bool { return c.path == "/volumes/create" },
		"after a removal":  func(c call) bool { return strings.Contains(c.path, "_stack-gen-1") },
	} {
		t.Run(what, func(t *testing.T) {
			s := newSandbox(t, evolving)
			s.env = []string{"COPIED=hidden-copied"}
			if what == "after a removal" {
				s.levels(1, 3)
				s.raise(3, 4)
			}
			s.crashAt(hit, what == "after the volume")
			s.run("up", "-d")
			if volumes, _ := s.generations(); volumes == "" {
				t.Error("the next up recorded nothing")
			}
			s.converged("up", "-d")
			s.edit("stack.yaml", "DB_PASSWORD: hidden-one", "DB_PASSWORD: hidden-two")
			s.run("up", "-d")
			if volumes, tags := s.generations(); volumes != tags {
				t.Errorf("kept are generations %q and the images of %q", volumes, tags)
			}
			s.wantNoLock()
		})
	}
}

// crashAt runs an up that is killed when the engine has answered a call; the
// first that is hit is let through if it is the lock's.
func (s *sandbox) crashAt(hit func(call) bool, second bool) {
	s.t.Helper()
	var seen atomic.Int32
	want := int32(1)
	if second {
		want = 2
	}
	process := make(chan *process, 1)
	s.wire.intercept(func(c call, forward func()) {
		forward()
		if c.mutates() && hit(c) && seen.Add(1) == want {
			_ = (<-process).cmd.Process.Kill()
		}
	})
	defer s.wire.intercept(nil)
	p := s.begin("up", "-d")
	process <- p
	if r := p.wait(); r.code == 0 {
		s.t.Fatalf("up was not killed: %v", r.mutations())
	}
}

// levels brings evolving up once for each level.
func (s *sandbox) levels(first, last int) {
	s.t.Helper()
	for level := first; level <= last; level++ {
		if level > 1 {
			s.raise(level-1, level)
		}
		s.run("up", "-d")
	}
}

func (s *sandbox) raise(from, to int) {
	s.t.Helper()
	s.edit("stack.yaml", fmt.Sprintf("LEVEL: \"%d\"", from), fmt.Sprintf("LEVEL: \"%d\"", to))
}

func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
