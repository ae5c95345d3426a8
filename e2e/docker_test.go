//go:build e2e

package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// A container is what docker inspect says, as far as tests look at it.
type container struct {
	ID      string `json:"Id"`
	Name    string
	Image   string
	Created time.Time
	State   struct {
		Status     string
		ExitCode   int
		StartedAt  time.Time
		FinishedAt time.Time
		Health     *struct{ Status string }
	}
	Config struct {
		Image      string
		User       string
		Hostname   string
		WorkingDir string
		Env        []string
		Cmd        []string
		Labels     map[string]string
	}
	HostConfig struct {
		Memory        int64
		BlkioWeight   uint16
		CapAdd        []string
		RestartPolicy struct{ Name string }
	}
	Mounts          []mount
	NetworkSettings struct {
		Networks map[string]struct {
			Aliases   []string
			NetworkID string
			IPAddress string
		}
		Ports map[string][]struct{ HostIP, HostPort string }
	}
}

type mount struct {
	Type, Name, Source, Destination string
	RW                              bool
}

// docker runs the docker command past the wire; it must succeed.
func docker(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// tryDocker is docker for reports and for tidying up, where an error is no news.
func tryDocker(args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	out, _ := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	return strings.TrimSpace(string(out))
}

// containers are all of the project's, by name.
func (s *sandbox) containers() map[string]container {
	s.t.Helper()
	out := map[string]container{}
	ids := strings.Fields(docker(s.t, "ps", "-aq", "--no-trunc", "--filter", "label=com.docker.compose.project="+s.name))
	for _, c := range inspect[container](s.t, ids...) {
		c.Name = strings.TrimPrefix(c.Name, "/")
		out[c.Name] = c
	}
	return out
}

// inspect reads what is there of the names; what has gone meanwhile is left out.
func inspect[T any](t testing.TB, names ...string) (out []T) {
	t.Helper()
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	text, err := exec.CommandContext(ctx, "docker", append([]string{"inspect"}, names...)...).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) && strings.Contains(string(exit.Stderr), "No such object") {
		err = nil
	}
	if err := errors.Join(err, json.Unmarshal(text, &out)); err != nil {
		t.Fatalf("docker inspect %q: %v", names, err)
	}
	return out
}

// container is the first replica of a service.
func (s *sandbox) container(service string) container {
	s.t.Helper()
	return s.named(s.name + "-" + service + "-1")
}

func (s *sandbox) named(name string) container {
	s.t.Helper()
	all := s.containers()
	c, ok := all[name]
	if !ok {
		s.t.Fatalf("no container %s; there are %q", name, slices.Sorted(maps.Keys(all)))
	}
	return c
}

// ids are the project's containers' IDs by name.
func (s *sandbox) ids() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for name, c := range s.containers() {
		out[name] = c.ID
	}
	return out
}

// names are what one of docker's lists calls the project's objects, sorted. The
// volumes that keep generations are left out.
func (s *sandbox) names(list ...string) []string {
	s.t.Helper()
	format := "{{.Name}}"
	if list[0] == "ps" {
		format = "{{.Names}}"
	}
	out := strings.Fields(docker(s.t, append(list, "--filter", "label=com.docker.compose.project="+s.name, "--format", format)...))
	slices.Sort(out)
	return slices.DeleteFunc(out, func(name string) bool { return strings.HasPrefix(name, s.name+"_stack-gen-") })
}

// stranger runs a container outside the project, gone when the test ends.
func (s *sandbox) stranger(args ...string) string {
	s.t.Helper()
	return docker(s.t, append([]string{"run", "-d", "--label", "dev.stack.e2e=" + s.name}, args...)...)
}

// until returns when a condition on the engine holds: looked at now, and again
// at each event of the project.
func (s *sandbox) until(what string, holds func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", "events", "--since", "1", "--filter", "label=com.docker.compose.project="+s.name)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	for events := bufio.NewScanner(pipe); !holds(); {
		if !events.Scan() {
			s.t.Fatalf("waiting until %s: not within %s", what, deadline)
		}
	}
}

// A planned is what plan --json says.
type planned struct {
	Project string
	Changes []change
	Notes   []struct{ Service, Text string }
}

type change struct {
	Verb, Object, Name, Service string
	If                          []struct{ Image string }
	Reasons                     []struct{ Code, Field, From, To, Text string }
}

func (s *sandbox) plan(flags ...string) planned {
	s.t.Helper()
	r := s.run(append([]string{"plan", "--json"}, flags...)...)
	r.changedNothing()
	return decode[planned](r)[0]
}

// text is the change on one line, with its reasons' fields.
func (c change) text() string {
	line := c.Verb + " " + c.Object + " " + c.Name
	for _, reason := range c.Reasons {
		if reason.Field != "" {
			line += " " + reason.Field
		}
	}
	return line
}

func (p planned) texts() (out []string) {
	for _, c := range p.Changes {
		out = append(out, c.text())
	}
	return out
}

// converged holds the project to a plan without a change, in words, as exit
// status, and at the wire.
func (s *sandbox) converged(up ...string) {
	s.t.Helper()
	if p := s.plan(); len(p.Changes) > 0 {
		s.t.Errorf("the plan after up is not empty: %q", p.texts())
	}
	s.try("plan", "--exit-code").ended(0).changedNothing()
	if len(up) > 0 {
		s.run(up...).changedNothing()
	}
}
