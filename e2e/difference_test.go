//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// The rows of the table of differences (docs/architecture.md) that no other test
// has. One stack, one edit after the other, each brought up and converged.
const differing = `
-- stack.yaml --
services:
  memory: {image: "${PROBE}", mem_limit: 64m, cpus: 0.5}
  cores: {image: "${PROBE}", cpuset: "0"}
  policy: {image: "${PROBE}", pids_limit: 50, restart: always}
  port: {image: "${PROBE}", ports: ["127.0.0.1::8080"], networks: {default: {aliases: [first]}}}
  fixed: {image: "${PROBE}", networks: {one: {ipv4_address: 10.231.78.9}}}
  idle:
    image: ${PROBE}
    depends_on: [memory]
    volumes: [data:/data]
    # more
volumes: {data: {labels: {a: b}}}
networks: {default: {}, one: {labels: {a: b}, ipam: {config: [{subnet: 10.231.78.0/24}]}}}
`

// differenceSteps each change the file, and say what is planned: verb, service
// and fields. Nothing: no change at all.
var differenceSteps = []struct{ from, to, want, notes string }{
	{`mem_limit: 64m, cpus: 0.5`, `cpus: 0.5`, "replace memory mem_limit", ""},
	{`, cpus: 0.5`, ``, "replace memory cpus", ""},
	{`, cpuset: "0"`, ``, "replace cores cpuset", ""},
	{`, pids_limit: 50, restart: always`, ``, "update policy pids_limit restart", ""},
	{`[first]`, `[second]`, "replace port networks.PROJECT_default.aliases", ""},
	{`10.231.78.9`, `10.231.78.10`, "update fixed networks.PROJECT_one.ipv4_address", ""},
	{`depends_on: [memory]`, `depends_on: [memory, cores]`, "", ""},
	{`# more`, `pull_policy: missing`, "", ""},
	{`pull_policy: missing`, `attach: false`, "", ""},
	{`attach: false`, `deploy: {update_config: {order: start-first}}`, "", ""},
	{`deploy: {update_config: {order: start-first}}`, `post_start: [{command: [/probe, id]}]`, "", ""},
	{`data: {labels: {a: b}}`, `data: {labels: {a: c}}`, "", "volume PROJECT_data: labels differ"},
	{`one: {labels: {a: b}`, `one: {labels: {a: c}`, "", "network PROJECT_one: labels differ"},
}

func TestEachDifferenceIsMendedInItsWay(t *testing.T) {
	s := newSandbox(t, differing)
	s.run("up", "-d")
	for _, step := range differenceSteps {
		before := s.ids()
		s.edit("stack.yaml", step.from, step.to)
		p := s.plan()
		s.wantStep(step.from+" to "+step.to, p, step.want)
		for _, note := range s.filled([]string{step.notes}) {
			if note != "" && !slices.ContainsFunc(p.Notes, func(n struct{ Service, Text string }) bool { return strings.Contains(n.Text, note) }) {
				t.Errorf("%s: the notes are %v, want %q", step.from, p.Notes, note)
			}
		}
		r := s.run("up", "-d")
		if step.want == "" {
			r.changedNothing()
			continue
		}
		words := strings.Fields(step.want)
		s.wantKept(before, words[0] == "replace", words[1])
	}
	s.converged("up", "-d")
}

func (s *sandbox) wantStep(step string, p planned, want string) {
	s.t.Helper()
	var got, wanted []string
	for _, c := range p.Changes {
		got = append(got, c.text())
	}
	if words := strings.Fields(want); len(words) > 1 {
		line := words[0] + " container " + s.name + "-" + words[1] + "-1 " + strings.Join(s.filled(words[2:]), " ")
		wanted = []string{line}
	}
	if !slices.Equal(got, wanted) {
		s.t.Errorf("%s: planned %q, want %q", step, got, wanted)
	}
}

// What the engine cannot do it says once, when it is asked; it is no drift
// afterwards.
func TestWhatTheEngineWarnsOfIsNoDrift(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}", blkio_config: {weight: 300}}
`)
	if r := s.run("up", "-d"); s.container("web").HostConfig.BlkioWeight == 0 {
		r.says("(?i)weight.*discarded")
	}
	s.converged("up", "-d")
	s.edit("stack.yaml", "weight: 300", "weight: 400")
	s.run("plan").changedNothing()
	s.run("up", "-d")
	s.converged("up", "-d")
}

// A static address that somebody has changed comes back.
func TestAnAddressThatWasChangedComesBack(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web: {image: "${PROBE}", networks: {one: {ipv4_address: 10.231.79.9}}}
networks: {one: {ipam: {config: [{subnet: 10.231.79.0/24}]}}}
`)
	s.run("up", "-d")
	web, one, before := s.name+"-web-1", s.name+"_one", s.ids()
	docker(t, "network", "disconnect", one, web)
	docker(t, "network", "connect", "--ip", "10.231.79.77", one, web)
	s.try("plan", "--exit-code").ended(2).says("drifted: networks."+one+".ipv4_address", "10.231.79.77").changedNothing()
	s.run("up", "-d")
	s.wantKept(before, false)
	if got := s.container("web").NetworkSettings.Networks[one].IPAddress; got != "10.231.79.9" {
		t.Errorf("the address is %s", got)
	}
	s.converged("up", "-d")
}
