//go:build e2e

package e2e_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestTheSameFileMakesTheSameContainers is the comparison with docker compose:
// the engine's answers of what either of them makes of a file are the same,
// field by field, but for what testdata/peer/differences lists. What stack has
// made is a fixpoint, and what the peer has made is adopted as it is.
func TestTheSameFileMakesTheSameContainers(t *testing.T) {
	for _, c := range peerCases(t) {
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, c.text)
			s.setProfiles(c)
			s.beforehand(c)
			if s.refuses(c) {
				return
			}
			var theirs world
			if c.alone == "" {
				s.compose(c.up()...)
				theirs = s.world()
				s.adopts(c)
				s.compose("down", "-v", "--remove-orphans", "-t", "1")
			}
			s.run(c.up()...)
			ours := s.world()
			s.settled(c)
			if c.alone == "" {
				s.same(c, theirs, ours)
			}
			s.wants(c, ours)
			s.run("down", "-v", "--rmi", "local", "-t", "1")
		})
	}
}

// beforehand makes what a case finds there; it goes with the sandbox.
func (s *sandbox) beforehand(c peerCase) {
	s.t.Helper()
	for _, name := range c.networks {
		docker(s.t, "network", "create", "--label", "dev.stack.e2e="+s.name, strings.ReplaceAll(name, "PROJECT", s.name))
	}
	for _, name := range c.volumes {
		docker(s.t, "volume", "create", "--label", "dev.stack.e2e="+s.name, strings.ReplaceAll(name, "PROJECT", s.name))
	}
}

func (s *sandbox) setProfiles(c peerCase) {
	s.env = append(s.env, "COMPOSE_PROFILES="+strings.Join(c.profiles, ","))
}

// refuses reports whether stack is to refuse a case, as where the engine is too
// old for it, in which case it must say so, and touch nothing.
func (s *sandbox) refuses(c peerCase) bool {
	s.t.Helper()
	why := c.refused
	if c.api != "" && older(docker(s.t, "version", "--format", "{{.Server.APIVersion}}"), c.api) {
		why = "needs Engine API " + c.api
	}
	if why == "" {
		return false
	}
	r := s.try("up", "-d").ended(1)
	r.changedNothing()
	if !strings.Contains(r.stderr, why) {
		s.t.Errorf("the error does not say %q:\n%s", why, r.stderr)
	}
	return true
}

// older compares API versions, such as 1.9 and 1.41.
func older(a, b string) bool {
	a, b = strings.TrimPrefix(a, "1."), strings.TrimPrefix(b, "1.")
	return len(a) < len(b) || len(a) == len(b) && a < b
}

// compose runs the peer in the sandbox's folder, where it finds its files as a
// user's would; it must succeed.
func (s *sandbox) compose(args ...string) string {
	s.t.Helper()
	words := peerCommand()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], args...)...)
	cmd.Dir, cmd.Env = s.dir, append(s.environment(), "DOCKER_HOST="+os.Getenv("DOCKER_HOST"))
	out, err := cmd.Output()
	if errors.Is(err, os.ErrNotExist) {
		s.t.Fatalf("%s is missing: run scripts/setup test", words[0])
	}
	if err != nil {
		var said []byte
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			said = exit.Stderr
		}
		s.t.Fatalf("%s %s: %v\n%s%s", strings.Join(words, " "), strings.Join(args, " "), err, out, said)
	}
	return string(out)
}

// peerCommand is how the peer is called, from PEER.
func peerCommand() []string {
	if words := strings.Fields(os.Getenv("PEER")); len(words) > 0 {
		return words
	}
	return []string{dockerCompose}
}

// adopts holds a plan upon what the peer has made to leave it alone.
func (s *sandbox) adopts(c peerCase) {
	s.t.Helper()
	r := s.try("plan", "--exit-code")
	r.changedNothing()
	if c.stopped == "" && r.code != 0 || strings.Contains(r.stdout, "replace") {
		s.t.Errorf("what the peer made is not adopted:\n%s%s", r.stdout, r.stderr)
	}
}

// settled holds what stack has made to be a fixpoint.
func (s *sandbox) settled(c peerCase) {
	s.t.Helper()
	if c.stopped != "" {
		s.try(c.up()...).ended(0).changedNothing()
		return
	}
	s.try("plan", "--exit-code").ended(0).changedNothing()
}

// same holds two worlds to be the same, but for the listed differences.
func (s *sandbox) same(c peerCase, theirs, ours world) {
	s.t.Helper()
	rules := differencesListed(s.t)
	for _, d := range diff(theirs, ours) {
		if !rules.expect(d, c.text) {
			s.t.Errorf("%s", d)
		}
	}
}

// wants holds the engine's answer to the fields that the case lists.
func (s *sandbox) wants(c peerCase, have world) {
	s.t.Helper()
	for line := range strings.Lines(c.file("want")) {
		line = strings.NewReplacer("PROJECT", s.name, "DIR", s.dir).Replace(strings.TrimSpace(line))
		if line == "" {
			continue
		}
		path, want, is := strings.Cut(line, " = ")
		if !is {
			path, want, _ = strings.Cut(line, " != ")
		}
		if got := have.at(path); slices.Contains(got, want) != is {
			s.t.Errorf("%s is %q; want %s", path, got, line)
		}
	}
}
