//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// allFields is a stack in which each field of the table below has a value.
const allFields = `
-- stack.yaml --
services:
  web:
    image: ${PROBE}
    command: [-ready-after, 1ms]
    environment: {LEVEL: info, KEPT: same}
    env_file: web.env
    labels: {who: us}
    ports: ["127.0.0.1::8080"]
    healthcheck: {test: [CMD, /probe, health], interval: 10s, retries: 4}
    volumes: [named:/data]
    user: "1000"
    working_dir: /tmp
    hostname: one
    cap_add: [NET_RAW]
    extra_hosts: ["peer:10.0.0.1"]
    ulimits: {nofile: 1000}
    tmpfs: [/scratch]
    stop_signal: SIGTERM
    secrets: [key]
    configs: [settings]
  plain:
    image: ${PROBE}
    restart: "no"
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 50
    volumes: [second:/data]
    networks: {default: {aliases: [first]}}
  follower:
    image: ${PROBE}
    depends_on: {web: {condition: service_healthy}, plain: {condition: service_started}}
volumes: {named: {}, second: {}}
secrets: {key: {file: key}}
configs: {settings: {content: "level = 1"}}
-- web.env --
GREETING=hello
-- key --
sesame
`

// Each case changes one value in the file, and says what the plan must name:
// the verb, the service, and exactly these fields.
var fieldCases = []struct {
	name, file, from, to string
	verb, service        string
	fields               []string
}{
	{"environment", "stack.yaml", "LEVEL: info", "LEVEL: debug", "replace", "web", []string{"environment.LEVEL"}},
	{"env_file", "web.env", "hello", "good day", "replace", "web", []string{"environment.GREETING"}},
	{"command", "stack.yaml", "1ms", "2ms", "replace", "web", []string{"command"}},
	{"label", "stack.yaml", "who: us", "who: them", "replace", "web", []string{"labels.who"}},
	{"port", "stack.yaml", "127.0.0.1::8080", "127.0.0.2::8080", "replace", "web", []string{"ports.8080/tcp"}},
	{"healthcheck", "stack.yaml", "retries: 4", "retries: 5", "replace", "web", []string{"healthcheck.retries"}},
	{"volume", "stack.yaml", "named:/data", "second:/data", "replace", "web", []string{"volumes./data.source"}},
	{"user", "stack.yaml", `user: "1000"`, `user: "1001"`, "replace", "web", []string{"user"}},
	{"working_dir", "stack.yaml", "working_dir: /tmp", "working_dir: /data", "replace", "web", []string{"working_dir"}},
	{"hostname", "stack.yaml", "hostname: one", "hostname: two", "replace", "web", []string{"hostname"}},
	{"cap_add", "stack.yaml", "[NET_RAW]", "[NET_ADMIN]", "replace", "web", []string{"cap_add"}},
	{"extra_hosts", "stack.yaml", "peer:10.0.0.1", "peer:10.0.0.2", "replace", "web", []string{"extra_hosts"}},
	{"ulimits", "stack.yaml", "nofile: 1000", "nofile: 1001", "replace", "web", []string{"ulimits.nofile.hard", "ulimits.nofile.soft"}},
	{"tmpfs", "stack.yaml", "[/scratch]", "['/scratch:size=1m']", "replace", "web", []string{"tmpfs./scratch"}},
	{"stop_signal", "stack.yaml", "stop_signal: SIGTERM", "stop_signal: SIGINT", "replace", "web", []string{"stop_signal"}},
	{"secret", "key", "sesame", "rosebud", "replace", "web", []string{"files./run/secrets/key"}},
	{"config", "stack.yaml", "level = 1", "level = 2", "replace", "web", []string{"files./settings"}},
	{"mem_limit", "stack.yaml", "mem_limit: 64m", "mem_limit: 96m", "update", "plain", []string{"mem_limit"}},
	{"cpus", "stack.yaml", "cpus: 0.5", "cpus: 0.7", "update", "plain", []string{"cpus"}},
	{"pids_limit", "stack.yaml", "pids_limit: 50", "pids_limit: 60", "update", "plain", []string{"pids_limit"}},
	{"restart", "stack.yaml", `restart: "no"`, "restart: always", "update", "plain", []string{"restart"}},
	{"alias", "stack.yaml", "[first]", "[second]", "update", "plain", []string{"networks.PROJECT_default.aliases"}},
}

func TestOneFieldChangesOneContainer(t *testing.T) {
	for _, c := range fieldCases {
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, allFields)
			s.run("up", "-d")
			before := s.ids()
			s.edit(c.file, c.from, c.to)
			s.wantOneChange(c.verb, c.service, c.fields)
			s.run("up", "-d")
			s.wantKept(before, c.verb == "replace", c.service)
			s.converged()
		})
	}
}

func TestAnotherImageTagReplaces(t *testing.T) {
	s := newSandbox(t, allFields)
	docker(t, "tag", probeImage, s.name+"-second")
	s.run("up", "-d")
	before := s.ids()
	s.edit("stack.yaml", "image: ${PROBE}\n    restart", "image: "+s.name+"-second\n    restart")
	s.wantOneChange("replace", "plain", []string{"image"})
	s.run("up", "-d")
	s.wantKept(before, true, "plain")
	s.converged()
}

// wantOneChange holds the plan to one change, with these fields as its reasons.
func (s *sandbox) wantOneChange(verb, service string, fields []string) {
	s.t.Helper()
	p := s.plan()
	if len(p.Changes) != 1 || p.Changes[0].Verb != verb || p.Changes[0].Name != s.name+"-"+service+"-1" {
		s.t.Fatalf("the plan is %q, want only %s %s", p.texts(), verb, service)
	}
	var got []string
	for _, r := range p.Changes[0].Reasons {
		got = append(got, r.Field)
	}
	if slices.Sort(got); !slices.Equal(got, s.filled(fields)) {
		s.t.Errorf("the plan names %q, want %q", got, fields)
	}
	s.run("plan").says(verb + " container " + s.name + "-" + service + "-1").changedNothing()
}

// wantKept holds the containers to the same IDs, but for those of the services
// that were replaced.
func (s *sandbox) wantKept(before map[string]string, replaced bool, services ...string) {
	s.t.Helper()
	after := s.containers()
	if len(after) != len(before) {
		s.t.Errorf("there are %d containers, there were %d", len(after), len(before))
	}
	for name, id := range before {
		c := after[name]
		changes := replaced && slices.Contains(services, c.Config.Labels["com.docker.compose.service"])
		if changed := c.ID != id; changed != changes {
			s.t.Errorf("%s: new container: %t, want %t", name, changed, changes)
		}
		if c.State.Status != "running" {
			s.t.Errorf("%s is %q", name, c.State.Status)
		}
	}
}

// filled puts the project's name where texts say PROJECT.
func (s *sandbox) filled(texts []string) (out []string) {
	for _, text := range texts {
		out = append(out, strings.ReplaceAll(text, "PROJECT", s.name))
	}
	return out
}
