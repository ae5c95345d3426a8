// Package watch tells which files below some paths have changed. It reads names
// and times and never what is in a file, it changes nothing, and it knows no
// engine.
package watch

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
)

// A Rule says which files are meant: those below a path, as far as patterns in
// the form of .dockerignore have them. The zero patterns have all of them, but
// for what editors and git keep for themselves.
type Rule struct {
	Path    string   // absolute; a file, or a folder with all below it
	Include []string // relative to Path; empty: all
	Ignore  []string // relative to Path
	Context string   // the folder that Excluded is relative to; "" for none
	// Excluded are the patterns of a build's .dockerignore.
	Excluded []string
}

// own are the names that no rule means: an editor's copies of a file that is
// being changed, and the store of git.
var own = []string{
	"**/.git", "**/.DS_Store", "**/*~", "**/.#*", "**/#*#", "**/.*.sw?", "**/.*.sw??", "**/4913", "**/*___jb_tmp___", "**/*___jb_old___", "**/.goutputstream-*",
}

// A matcher is a Rule that can be asked.
type matcher struct {
	rule                             Rule
	include, ignore, excluded, never *patternmatcher.PatternMatcher
}

func newMatcher(r Rule) (*matcher, error) {
	m := &matcher{rule: r}
	for _, part := range []struct {
		to       **patternmatcher.PatternMatcher
		patterns []string
	}{{&m.include, r.Include}, {&m.ignore, r.Ignore}, {&m.excluded, r.Excluded}, {&m.never, own}} {
		made, err := patternmatcher.New(part.patterns)
		if err != nil {
			return nil, fmt.Errorf("patterns %s: %w", strings.Join(part.patterns, " "), err)
		}
		*part.to = made
	}
	return m, nil
}

// has reports whether the rule means a file, or what was one.
func (m *matcher) has(path string) bool {
	name, below := relative(m.rule.Path, path)
	if !below || m.leaves(path, name) {
		return false
	}
	return len(m.rule.Include) == 0 || name == "." || matches(m.include, name)
}

// enters reports whether files of the rule may be below a folder.
func (m *matcher) enters(dir string) bool {
	name, below := relative(m.rule.Path, dir)
	if !below {
		return false
	}
	if m.ignore.Exclusions() || m.excluded.Exclusions() {
		return !matches(m.never, name)
	}
	return !m.leaves(dir, name)
}

// leaves reports whether some pattern leaves the path out.
func (m *matcher) leaves(path, name string) bool {
	if name != "." && (matches(m.never, name) || matches(m.ignore, name)) {
		return true
	}
	inside, below := relative(m.rule.Context, path)
	return below && inside != "." && matches(m.excluded, inside)
}

// matches takes what a pattern's folder has for matched too. A name that cannot
// be compared is not.
func matches(m *patternmatcher.PatternMatcher, name string) bool {
	found, err := m.MatchesOrParentMatches(name)
	return err == nil && found
}

// relative is the path from a folder on, and whether it is that or below it.
func relative(dir, path string) (name string, below bool) {
	if dir == "" {
		return "", false
	}
	name, err := filepath.Rel(dir, path)
	return name, err == nil && name != ".." && !strings.HasPrefix(name, ".."+string(filepath.Separator))
}
