//go:build e2e

package e2e_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// A rule is one line of testdata/peer/differences: a pattern of fields of which
// two worlds may tell different things, and why.
type rule struct {
	pattern string // as of path.Match, of the kind of object and the field
	chosen  bool   // by the engine, unless the file names the value
}

type rules []rule

// differencesListed reads testdata/peer/differences.
func differencesListed(t testing.TB) (out rules) {
	t.Helper()
	text, err := os.ReadFile("testdata/peer/differences")
	if err != nil {
		t.Fatal(err)
	}
	chosen := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		pattern, reason, ok := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, "# "):
			chosen = strings.Contains(line, "chosen")
		case line != "" && (!ok || reason == ""):
			t.Fatalf("testdata/peer/differences: %q has no reason", line)
		case line != "":
			out = append(out, rule{pattern, chosen})
		}
	}
	return out
}

// expect reports whether a deviation is one of the listed.
func (r rules) expect(d deviation, files string) bool {
	kind, rest, _ := strings.Cut(d.path, " ")
	_, field, _ := strings.Cut(rest, " ")
	at := kind + "/" + strings.ReplaceAll(strings.ReplaceAll(field, "/", "|"), ".", "/")
	return slices.ContainsFunc(r, func(r rule) bool {
		pattern := strings.ReplaceAll(strings.ReplaceAll(r.pattern, " ", "/"), ".", "/")
		for at := at; at != "."; at = path.Dir(at) { // of all below a field, too
			if ok, _ := path.Match(pattern, at); ok {
				return !r.chosen || !given(d, files)
			}
		}
		return false
	})
}

// given reports whether the project's files name one of the values.
func given(d deviation, files string) bool {
	for _, value := range []string{d.theirs, d.ours} {
		if value = strings.Trim(value, `"`); value != "" && strings.Contains(files, value) {
			return true
		}
	}
	return false
}
