package buildkit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/util/staticfs"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// sources say where the frontend finds its files. It asks for the ones it
// needs, and it reads .dockerignore itself.
type sources struct {
	attrs  map[string]string
	mounts map[string]fsutil.FS
	key    string
}

func sourcesOf(b spec.Build, can abilities) (sources, error) {
	s := sources{attrs: map[string]string{}, mounts: map[string]fsutil.FS{}}
	if err := s.addContext(b); err != nil {
		return s, err
	}
	if err := s.addDockerfile(b); err != nil {
		return s, err
	}
	err := s.addNamed(b.AdditionalContexts, can)
	return s, err
}

func (s *sources) addContext(b spec.Build) error {
	if remote(b.Context) {
		s.attrs["context"] = b.Context
		return nil
	}
	s.key = sharedKey(b.Context)
	return s.mount("context", b.Context)
}

// sharedKey lets BuildKit find the copy of the context that an earlier build
// from this folder has left, so that only what has changed is sent.
func sharedKey(dir string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost" // another machine with this path only costs a transfer
	}
	sum := sha256.Sum256([]byte(host + "\x00" + dir))
	return hex.EncodeToString(sum[:])
}

// addDockerfile mounts the folder of the Dockerfile, which need not be in the
// context. Beside it the frontend looks for <Dockerfile>.dockerignore first.
func (s *sources) addDockerfile(b spec.Build) error {
	name := cmp.Or(b.Dockerfile, "Dockerfile")
	switch {
	case b.DockerfileInline != "":
		s.addInline(b)
		return nil
	case remote(b.Context) && filepath.IsAbs(name):
		s.attrs["dockerfilekey"] = "dockerfile" // else it is looked for in the context
	case remote(b.Context):
		s.attrs["filename"] = name
		return nil
	case !filepath.IsAbs(name):
		name = filepath.Join(b.Context, name)
	}
	if _, err := os.Stat(name); err != nil {
		return fmt.Errorf("dockerfile: %w", err)
	}
	s.attrs["filename"] = filepath.Base(name)
	return s.mount("dockerfile", filepath.Dir(name))
}

func (s *sources) addInline(b spec.Build) {
	files := staticfs.NewFS()
	files.Add("Dockerfile", &types.Stat{Mode: 0o644}, []byte(b.DockerfileInline))
	s.mounts["dockerfile"] = files
	s.attrs["filename"] = "Dockerfile"
	if remote(b.Context) {
		s.attrs["dockerfilekey"] = "dockerfile"
	}
}

// addNamed adds the contexts that a Dockerfile names in FROM and COPY --from.
func (s *sources) addNamed(contexts map[string]string, can abilities) error {
	if len(contexts) > 0 && !can.recent() {
		return fmt.Errorf("additional_contexts: %w", tooOld(can))
	}
	for _, name := range slices.Sorted(maps.Keys(contexts)) {
		if err := s.addContextNamed(name, contexts[name]); err != nil {
			return fmt.Errorf("additional context %q: %w", name, err)
		}
	}
	return nil
}

func (s *sources) addContextNamed(name, where string) error {
	switch {
	case strings.HasPrefix(where, "docker-image:"), remote(where):
		s.attrs["context:"+name] = where
		return nil
	case strings.Contains(where, "://"), strings.HasPrefix(where, "service:"), strings.HasPrefix(where, "target:"):
		return fmt.Errorf("%s: %w", where, engine.ErrUnsupported) // of another builder
	}
	// The prefix keeps it apart from the mounts of the frontend's own names.
	local := "named-" + name
	s.attrs["context:"+name] = "local:" + local
	return s.mount(local, where)
}

func (s *sources) mount(name, dir string) error {
	found, err := os.Stat(dir)
	if err == nil && !found.IsDir() {
		err = &fs.PathError{Op: "open folder", Path: dir, Err: errors.New("not a folder")}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.mounts[name], err = fsutil.NewFS(dir)
	return err
}

// remote reports whether the frontend fetches a context itself: from a Git
// repository or a web server.
func remote(context string) bool {
	prefixes := []string{"https://", "http://", "git://", "ssh://", "github.com/", "git@"}
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(context, p) })
}
