package remote

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// git is what docker compose takes for a repository, and one on this machine:
// https://HOST/x.git, github.com/x, git@HOST:x, each with #REF:PATH or less.
var git = regexp.MustCompile(`^(https?://[^#]+\.git(#|$)|git://|ssh://|file://[^#]+\.git(#|$)|github\.com/|git@[^/]+:)`)

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

func (s *Store) fromGit(ctx context.Context, path string) (string, error) {
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
	dir, err := s.kept("git", sum, func(dir string) error { return s.checkout(ctx, url, sum, dir) })
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
	sum := meant(out, ref)
	if !commit.MatchString(sum) {
		return "", fmt.Errorf("git ls-remote %s: nothing is called %q, only what ends so: %q", url, ref, out)
	}
	return sum, nil
}

// meant is the commit of a name in the output of git ls-remote, which lists
// each ref that ends in the name: feature/main too for main. The order is git's
// own; of a tag's object, what it is of stands with ^{}.
func meant(listed, name string) string {
	sums := map[string]string{}
	for line := range strings.Lines(listed) {
		sum, ref, _ := strings.Cut(strings.TrimSpace(line), "\t")
		sums[ref] = sum
	}
	for _, ref := range []string{name, "refs/" + name, "refs/tags/" + name, "refs/heads/" + name} {
		for _, at := range []string{ref + "^{}", ref} {
			if sum, ok := sums[at]; ok {
				return sum
			}
		}
	}
	return ""
}

func (s *Store) checkout(ctx context.Context, url, sum, dir string) error {
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"fetch", "--quiet", "--depth", "1", url, sum},
		{"-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD"},
	} {
		if _, err := s.git(ctx, dir, args...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = dir, s.silent()
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}

// silent is an environment in which nobody is asked for a password, unless it says
// so: nobody may see the question.
func (s *Store) silent() []string {
	env := slices.Clone(s.Env)
	if !s.has("GIT_TERMINAL_PROMPT") {
		env = append(env, "GIT_TERMINAL_PROMPT=0")
	}
	if !s.has("GIT_SSH") && !s.has("GIT_SSH_COMMAND") {
		env = append(env, "GIT_SSH_COMMAND=ssh -o BatchMode=yes")
	}
	return env
}

func (s *Store) has(variable string) bool {
	return slices.ContainsFunc(s.Env, func(entry string) bool { return strings.HasPrefix(entry, variable+"=") })
}
