//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// answering has of everything that the commands which only look tell apart:
// published, exposed and neighbouring ports, replicas, a job that failed, one
// that is paused, a healthcheck, mounts of each kind, labels, profiles.
const answering = `
-- compose.yaml --
services:
  web:
    image: ${PROBE}
    ports: ["127.0.0.1::8080", "127.0.0.1::53/udp"]
    expose: ["9000-9002", "7000/udp"]
    environment: {A: "${A:-one}", B: "${B-}", C: two words}
    volumes: ["data:/data", "./folder:/folder:ro", "/anonymous"]
    healthcheck: {test: [CMD, /probe, health], interval: 1s}
    labels: {org.example.text: "a=b c", plain: "1"}
    depends_on: [db]
  db:
    image: ${PROBE}
    command: ["-address", ":9999", "-exit-after", "1h00m"]
    deploy: {replicas: 2}
    networks: [back, default]
  still: {image: "${PROBE}", container_name: PROJECT-a-name-of-its-own}
  job: {image: "${PROBE}", command: [exit, "3"]}
  says: {image: "${PROBE}", command: [say, "one\ntwo\nthree"]}
  tool: {image: "${PROBE}", profiles: [tools]}
volumes: {data: {}, spare: {}}
networks: {back: {}}
-- folder/file --
x
`

// answers are command lines, by how what they print is compared.
var answers = map[string][]string{
	"text": {
		"ps", "ps -a", "ps -q", "ps --services", "ps -a --services", "ps --no-trunc", "ps -a job web", "ps job",
		"ps --status exited", "ps --status running", "ps --status paused --status exited", "ps --filter status=exited", "ps --filter name=web",
		"ps --orphans=false -a", "ps -a --format {{.Name}}|{{.ID}}|{{.Image}}|{{.Command}}|{{.Service}}|{{.State}}|{{.Health}}|{{.ExitCode}}|{{.Ports}}|{{.LocalVolumes}}|{{.Size}}|{{.Project}}|{{.CreatedAt}}",
		"ps --format {{.Publishers}}", `ps --format {{.Label "plain"}}`, "ps --format {{json .Ports}}", "ps --format {{upper .Name}}", `ps --format table {{.Name}}\t{{.State}}\t{{.ID}}\t{{.Image}}`, "ps --format {{.Nothing}}", "ps --format {{",
		"-p PROJECT ps", "-p PROJECT-none ps", "-p PROJECT-none ps --format json",
		"ls --filter name=PROJECT", "ls -a --filter name=PROJECT", "ls -q --filter name=PROJECT", "ls --filter name=PROJECT --format json",
		"ls --filter name=PROJECT-none", "ls --filter name=PROJECT-none --format json", "ls --filter label=x", "ls --format {{.Name}}", "ls --filter name=PROJECT --format Pretty",
		"images", "images -q", "images web", "images --format {{.ID}}", "images --format pretty", "-p PROJECT-none images", "-p PROJECT-none images -q",
		"top", "top web", "top db", "top job", "-p PROJECT-none top",
		"port web 8080", "port --protocol udp web 53", "port web 9001", "port --protocol udp web 7000", "port web 53", "port web 1", "port db 1", "port --index 1 web 8080", "port --index 2 web 8080",
		"port job 1", "port nothere 1", "port web", "port web x",
		"volumes", "volumes -q", "volumes web", "volumes db", "volumes --format {{.Name}}|{{.Driver}}|{{.Scope}}|{{.Mountpoint}}|{{.Size}}", `volumes --format table {{.Name}}\t{{.Driver}}`, "volumes -q --format raw", "-p PROJECT-none volumes", "-p PROJECT-none volumes --format json",
		"stats --no-stream --no-trunc --format {{.Name}}|{{.ID}}|{{.Container}}|{{.NetIO}}|{{.BlockIO}} db", "stats web db", "-p PROJECT-none stats --no-stream",
		"logs says", "logs -n 1 says", "logs --tail 2 --no-log-prefix says", "logs --tail 0", "logs -t says", "logs --since 1h says", "logs --until 1h says", "logs --index 1 db", "logs --index 9 db", "logs --index 1",
		"--ansi always logs says", "--ansi always logs --no-color says", "-p PROJECT logs says", "-p PROJECT-none logs",
	},
	"lines":   {"logs --no-log-prefix"},
	"padded":  {"logs", "logs db web", "--ansi never logs --no-color"},
	"json":    {"ps --format json", "ps -a --format json", "ps --format json --no-trunc web", "images --format json", "volumes --format json", "volumes --format {{json .}}"},
	"numbers": {"stats --no-stream", "stats --no-stream -a --format json"},
}

// filed are those that no container is asked for.
var filed = map[string][]string{
	"text": {
		"version --short", "version --short -f json", "version extra",
		"config --volumes", "config --profiles", "config --models", "config --environment", "config -q", "config nothere", "config --format xml", "config --images says", "config --hash nothere",
	},
	"lines": {"config --variables", "config --services", "--profile tools config --services", "config --images", "config --images web", "config --networks"},
	"yaml":  {"config", "config web", "--profile tools config", "config --no-interpolate", "config --no-path-resolution", "config --no-env-resolution", "config --no-consistency", "config --format json"},
	"json":  {"config --variables --format json"},
}

// differingAnswers are those that are not the same on purpose. The reason is
// in docs/cli.md.
var differingAnswers = []struct{ args, reason string }{
	{"ps --status gone", "a status that there is not is an error"},
	{"logs -n few says", "so is a number of lines that is none"},
	{"ps nothere", "so is a service that there is not"},
	{"volumes nothere", "so is a service that there is not"},
	{"logs nothere", "so is a service that there is not"},
	{"images nothere", "so is a service that there is not"},
	{"top nothere", "so is a service that there is not"},
	{"stats --no-stream nothere", "so is a service that there is not"},
	{"version", "`version` says where it looks for an engine too"},
	{"version -f json", "`version` says where it looks for an engine too"},
	{"version -f xml", "so is a form that there is not"},
	{"events --since 1m --until 0s", "the end of `--until` is no failure"},
	{"config --hash web", "the digest is that of our own definition"},
	{"config --services says", "services named are those listed, with what they need"},
	{"-p PROJECT-none images --format json", "an empty list is `[]`"},
	{`ps --format table {{.Names}}\t{{.Mounts}}`, "every column has a heading"},
}

// TestAnswersAreThoseOfDockerCompose compares standard output and exit status
// of both programs on the same containers: all of them on what the peer has
// made, and each fourth on what stack has made.
func TestAnswersAreThoseOfDockerCompose(t *testing.T) {
	s := newSandbox(t, answering)
	s.compose("up", "-d", "--wait", "web")
	s.compose("up", "-d")
	s.standStill()
	before := len(s.wire.since(0))
	s.allAlike(answers, 1)
	s.answersDiffer()
	s.sameEvents()
	if m := filter(s.wire.since(before), call.mutates); len(m) > 0 {
		t.Errorf("looking changes something: %v", m)
	}
}

func TestAnswersOnStacksContainersAreThoseOfDockerCompose(t *testing.T) {
	s := newSandbox(t, answering)
	s.run("up", "-d", "--wait", "web")
	s.run("up", "-d")
	s.standStill()
	if theirs, ours := s.bothAnswer("volumes -q"); theirs.text == ours.text || strings.Contains(ours.text, "stack-gen") {
		t.Errorf("generations are volumes: %q", ours.text)
	}
	docker(t, "volume", "rm", s.name+"_stack-gen-1", s.name+"_stack-gen-2")
	s.allAlike(answers, 4)
}

func TestAnswersOfTheFileAreThoseOfDockerCompose(t *testing.T) {
	newSandbox(t, answering).allAlike(filed, 1)
}

// standStill has one container paused, one made by run, and two jobs ended.
func (s *sandbox) standStill() {
	s.t.Helper()
	s.compose("run", "-d", "--name", s.name+"-one-off", "tool")
	docker(s.t, "pause", s.name+"-a-name-of-its-own")
	docker(s.t, "wait", s.name+"-job-1", s.name+"-says-1")
}

// allAlike asks both programs for every n-th line of each form.
func (s *sandbox) allAlike(forms map[string][]string, n int) {
	s.t.Helper()
	for form, lines := range forms {
		for i, line := range lines {
			if i%n == 0 {
				s.answersAlike(form, line)
			}
		}
	}
}

// answersAlike tries again when the answers differ, as those with the time in
// them do across the turn of a second. On a busy machine that may be each time:
// then times, and the widths of columns with them, are left out.
func (s *sandbox) answersAlike(form, line string) {
	s.t.Helper()
	var want, got string
	var theirs, ours answer
	for range 5 {
		theirs, ours = s.bothAnswer(line)
		want, got = read(s.t, form, theirs.text), read(s.t, form, ours.text)
		if theirs.code == ours.code && want == got {
			return
		}
	}
	if want, got = timeless(want), timeless(got); theirs.code != ours.code || want != got {
		s.t.Errorf("%s: docker compose ends with %d, stack with %d\n--- docker compose ---\n%s--- stack ---\n%s%s",
			line, theirs.code, ours.code, want, got, ours.said)
	}
}

// answersDiffer holds the listed differences to being there, and to be told.
func (s *sandbox) answersDiffer() {
	s.t.Helper()
	text, err := os.ReadFile("../docs/cli.md")
	if err != nil {
		s.t.Fatal(err)
	}
	doc := strings.Join(strings.Fields(string(text)), " ")
	for _, d := range differingAnswers {
		if !strings.Contains(doc, d.reason) {
			s.t.Errorf("docs/cli.md does not say: %s", d.reason)
		}
		if theirs, ours := s.bothAnswer(d.args); theirs.code == ours.code && theirs.text == ours.text {
			s.t.Errorf("%s: the answers do not differ any more", d.args)
		}
	}
}

// An answer is what a program says to one command line.
type answer struct {
	text, said string // on both streams
	code       int
}

func (s *sandbox) bothAnswer(line string) (theirs, ours answer) {
	s.t.Helper()
	args := words(strings.ReplaceAll(line, "PROJECT", s.name))
	done := make(chan struct{})
	go func() {
		theirs = s.ask(peerCommand(), args)
		close(done)
	}()
	ours = s.ask([]string{stackBinary}, args)
	<-done
	return theirs, ours
}

// words are those of a command line; a template is one to its end, unless a
// flag or a service follows.
func words(line string) (out []string) {
	head, form, is := strings.Cut(line, "--format ")
	out = strings.Fields(head)
	if !is {
		return out
	}
	if strings.HasPrefix(form, "{{") || strings.HasPrefix(form, "table {{") {
		text, rest, _ := strings.Cut(form, "}} ")
		if rest != "" {
			text += "}}"
		}
		return append(append(out, "--format", text), strings.Fields(rest)...)
	}
	return append(append(out, "--format"), strings.Fields(form)...)
}

// ask runs a program as the sandbox's user. Both hear the same engine, at the
// same place.
func (s *sandbox) ask(program, args []string) answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, program[0], append(program[1:], args...)...)
	cmd.Dir, cmd.Env = s.dir, s.environment()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		s.t.Errorf("%q %q: %v", program, args, err)
		return answer{code: -1}
	}
	return answer{out.String(), said.String(), cmd.ProcessState.ExitCode()}
}
