//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// stages are two, each of which notes a number that is another one each time it
// is built.
const stages = `
-- stack.yaml --
services:
  web:
    command: [sleep, infinity]
    init: true
    build:
      context: .
      network: none
      extra_hosts: ["planted:10.0.0.7"]
      platforms: ["PLATFORM"]
      # options
-- Dockerfile --
FROM debian:bookworm-slim AS first
RUN cat /proc/sys/kernel/random/uuid >/first
FROM first AS second
RUN cat /proc/sys/kernel/random/uuid >/second; grep planted /etc/hosts >/hosts; ls /sys/class/net >/interfaces
`

func TestABuildKeepsAndLeavesItsCacheAsAsked(t *testing.T) {
	s := newSandbox(t, strings.ReplaceAll(stages, "PLATFORM", docker(t, "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")))
	s.run("up", "-d")
	first, second := s.noted("first"), s.noted("second")
	if got := s.noted("hosts") + " " + s.noted("interfaces"); !strings.Contains(got, "10.0.0.7") || strings.Contains(got, "eth") {
		t.Errorf("the build saw hosts and interfaces %q", got)
	}
	for _, c := range []struct {
		name, option          string
		firstAnew, secondAnew bool
	}{
		{"nothing asked", "# options", false, false},
		{"one stage", "no_cache_filter: [second]", false, true},
		{"no cache", "no_cache: true", true, true},
	} {
		s.edit("stack.yaml", "# options", c.option)
		s.run("up", "-d", "--build")
		now, then := s.noted("first"), s.noted("second")
		if (now != first) != c.firstAnew || (then != second) != c.secondAnew {
			t.Errorf("%s: first %q, second %q; before %q, %q", c.name, now, then, first, second)
		}
		first, second = now, then
		s.edit("stack.yaml", c.option, "# options")
	}
	s.run("down", "--rmi", "local")
}

// noted is what the build of web noted in a file.
func (s *sandbox) noted(file string) string {
	s.t.Helper()
	return docker(s.t, "exec", s.name+"-web-1", "cat", "/"+file)
}
