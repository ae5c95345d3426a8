// Package remote fetches stack files that stand elsewhere, into a cache on this
// machine: from git repositories, by the git program, and from registries, where
// docker compose publishes applications. It never changes what it fetches from,
// and runs nothing of what it has fetched.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A Store keeps what was fetched below Dir, by commit or digest: nothing in it
// changes any more. A name is looked up once by each Store. Its methods may be
// called from several goroutines.
type Store struct {
	Dir string
	Env []string // of git
	// Credentials are a user and a password for a registry's host, or "" and an
	// identity token, or nothing. nil: nothing for any.
	Credentials func(host string) (user, secret string, err error)
	Insecure    []string // hosts that may be talked to without TLS, beside this machine

	mu    sync.Mutex
	found map[string]string
}

// Is reports whether a path of a stack file names one that stands elsewhere.
func Is(path string) bool { return git.MatchString(path) || strings.HasPrefix(path, published) }

// defaults are the files looked for in a folder, the preferred one first.
var defaults = []string{"stack.yaml", "stack.yml", "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}

// Fetch returns the path on this machine of a file that stands elsewhere.
// URL#REF:PATH is one in a git repository: REF is a branch, a tag or a commit, the
// default branch if none is given, and PATH a file, or a folder with one of the
// usual names. oci://HOST/NAME:TAG is an application in a registry.
func (s *Store) Fetch(ctx context.Context, path string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file, ok := s.found[path]; ok {
		return file, nil
	}
	fetch := s.fromGit
	if strings.HasPrefix(path, published) {
		fetch = s.fromRegistry
	}
	file, err := fetch(ctx, path)
	if err == nil {
		if s.found == nil {
			s.found = map[string]string{}
		}
		s.found[path] = file
	}
	return file, err
}

// kept returns the folder of something that never changes, and fills it if it is
// not there yet. It is filled aside and put in place at once, so that runs side by
// side see all of it or nothing.
func (s *Store) kept(kind, sum string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(s.Dir, kind, sum)
	if isFolder(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return "", err
	}
	aside, err := os.MkdirTemp(filepath.Dir(dir), "fetching-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(aside) }() // what stays is in nobody's way
	if err := fill(aside); err != nil {
		return "", err
	}
	if err := os.Rename(aside, dir); err != nil && !errors.Is(err, fs.ErrExist) && !isFolder(dir) {
		return "", err
	}
	return dir, nil
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

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
