package main

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// surface is one command of docker compose, or one flag of it.
type surface struct {
	command     string
	flag, short string // "" for the command itself
	value       bool   // the flag takes one
}

func readSurface(t *testing.T) (out []surface) {
	t.Helper()
	text, err := os.ReadFile("testdata/surface")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		var s surface
		var command []string
		for _, word := range words {
			switch {
			case word == "=":
				s.value = true
			case strings.HasPrefix(word, "--"):
				s.flag = word[2:]
			case strings.HasPrefix(word, "-"):
				s.short = word[1:]
			default:
				command = append(command, word)
			}
		}
		s.command = strings.Join(command, " ")
		out = append(out, s)
	}
	return out
}

// TestEachCommandAndFlagOfDockerComposeIsKnown: all of them are taken in the same
// form, or refused by name with a reason, and those that are refused are the ones
// of this list.
func TestEachCommandAndFlagOfDockerComposeIsKnown(t *testing.T) {
	refused := map[string]bool{}
	for _, line := range refusedSurface {
		refused[line] = false
	}
	root := rootCommand(&program{})
	for _, s := range readSurface(t) {
		name := strings.TrimSpace(s.command + " " + map[bool]string{true: "--" + s.flag}[s.flag != ""])
		reason, err := s.known(root)
		_, listed := refused[name]
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case (reason != "") != listed:
			t.Errorf("%s: refused: %v, listed as refused: %v", name, reason != "", listed)
		}
		if listed {
			refused[name] = true
		}
	}
	for name, met := range refused {
		if !met {
			t.Errorf("%s is listed as refused, and docker compose has no such thing", name)
		}
	}
}

// known returns the reason of a refusal, "" for none.
func (s surface) known(root *cobra.Command) (reason string, err error) {
	command := root
	if s.command != "stack" {
		if command, err = find(root, strings.Fields(s.command)); err != nil {
			return "", err
		}
	}
	if reason, ok := command.Annotations[refusedCommand]; ok {
		return reason, nil
	}
	if s.flag == "" {
		return "", nil
	}
	f := flagOf(root, command, "--"+s.flag)
	if f == nil {
		return "", errors.New("not there")
	}
	if f.Shorthand != s.short && s.short != "" {
		return "", errors.New("short form is " + f.Shorthand)
	}
	if takes(f) != s.value {
		return "", errors.New("takes a value: " + f.Value.Type())
	}
	if r, ok := f.Value.(*refused); ok {
		return r.reason, nil
	}
	return "", nil
}

func takes(f *pflag.Flag) bool { return f.Value.Type() != "bool" }

func find(root *cobra.Command, names []string) (*cobra.Command, error) {
	for _, name := range names {
		var next *cobra.Command
		for _, c := range root.Commands() {
			if c.Name() == name || c.HasAlias(name) {
				next = c
			}
		}
		if next == nil {
			return nil, errors.New("not there")
		}
		root = next
	}
	return root, nil
}

// refusedSurface is what of it is refused, each with its reason in the error.
var refusedSurface = []string{
	"bridge", "bridge convert", "bridge convert --output", "bridge convert --templates", "bridge convert --transformation",
	"bridge transformations", "bridge transformations create", "bridge transformations create --from",
	"bridge transformations list", "bridge transformations list --format", "bridge transformations list --quiet",
	"build --builder", "build --check", "build --memory",
	"alpha generate", "alpha generate --format", "alpha generate --name", "alpha generate --project-dir",
}
