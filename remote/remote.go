// Package remote fetches stack files that stand elsewhere: in git repositories,
// by the git program, into a cache on this machine. It never changes what it
// fetches from, and runs nothing of what it has fetched.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Store keeps what was fetched below Dir, by commit: nothing in it changes any
// more. A name is looked up once by each Store. Its methods may be called from
// several goroutines.
type Store struct {
	Dir string
	Env []string // of git

	mu    sync.Mutex
	found map[string]string
}

// Is reports whether a path of a stack file names one that stands elsewhere.
func Is(path string) bool { return git.MatchString(path) || strings.HasPrefix(path, "oci://") }

// git is what docker compose takes for a repository, and one on this machine:
// https://HOST/x.git, github.com/x, git@HOST:x, each with #REF:PATH or less.
var git = regexp.MustCompile(`^(https?://[^#]+\.git(#|$)|git://|ssh://|file://[^#]+\.git(#|$)|github\.com/|git@[^/]+:)`)

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// defaults are the files looked for in a folder, the preferred one first.
var defaults = []string{"stack.yaml", "stack.yml", "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}

// Fetch returns the path on this machine of a file that stands elsewhere:
// URL#REF:PATH, where REF is a branch, a tag or a commit, the default branch if
// none is given, and PATH a file, or a folder with one of the usual names.
func (s *Store) Fetch(ctx context.Context, path string) (string, error) {
	if !git.MatchString(path) {
		return "", errors.New("only git repositories are fetched; publish the files in one, or keep them here")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if file, ok := s.found[path]; ok {
		return file, nil
	}
	file, err := s.fetch(ctx, path)
	if err == nil {
		if s.found == nil {
			s.found = map[string]string{}
		}
		s.found[path] = file
	}
	return file, err
}

func (s *Store) fetch(ctx context.Context, path string) (string, error) {
	url, fragment, _ := strings.Cut(path, "#")
	ref, sub, _ := strings.Cut(fragment, ":")
	if strings.HasPrefix(url, "github.com/") {
		url = "https://" + url
	}
	if strings.HasPrefix(ref, "-") || sub != "" && !filepath.IsLocal(sub) {
		return "", fmt.Errorf("%q: want REF:PATH, with a path inside the repository", fragment)
	}
	sum, err := s.resolve(ctx, url, ref)
	if err != nil {
		return "", err
	}
	dir, err := s.checkout(ctx, url, sum)
	if err != nil {
		return "", err
	}
	return pick(filepath.Join(dir, sub))
}

// resolve finds the commit that a name means now.
func (s *Store) resolve(ctx context.Context, url, ref string) (string, error) {
	if commit.MatchString(ref) {
		return ref, nil
	}
	if ref == "" {
		ref = "HEAD"
	}
	out, err := s.git(ctx, ".", "ls-remote", "--exit-code", url, ref, ref+"^{}")
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	sum, _, _ := strings.Cut(lines[len(lines)-1], "\t") // of a tag's object, what it is of comes last
	if !commit.MatchString(sum) {
		return "", fmt.Errorf("git ls-remote %s %s: says %q", url, ref, out)
	}
	return sum, nil
}

// checkout returns the folder of a commit. It is made aside and put in place at
// once, so that runs side by side see all of it or nothing.
func (s *Store) checkout(ctx context.Context, url, sum string) (string, error) {
	dir := filepath.Join(s.Dir, sum)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return "", err
	}
	aside, err := os.MkdirTemp(s.Dir, "fetching-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(aside) }() // what stays is in nobody's way
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"fetch", "--quiet", "--depth", "1", url, sum},
		{"-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD"},
	} {
		if _, err := s.git(ctx, aside, args...); err != nil {
			return "", err
		}
	}
	if err := os.Rename(aside, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(dir); there != nil {
			return "", err
		}
	}
	return dir, nil
}

func (s *Store) git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = dir, slices.Concat(s.Env, []string{"GIT_TERMINAL_PROMPT=0"})
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}

// pick is the file at a path: itself, or that of a usual name in a folder.
func pick(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, err
	}
	for _, name := range defaults {
		if file := filepath.Join(path, name); isFile(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("the folder has none of %s", strings.Join(defaults, ", "))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
