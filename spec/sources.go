package spec

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// sourceFiles is how many files of one build context are looked at, those of
// folders that .dockerignore names as a whole left out.
const sourceFiles = 20_000

// Sources are the files on this machine that an image is built from, as far as
// they were looked at.
type Sources struct {
	Written map[string]time.Time // when each was last written, by its path below the context
	Unread  string               // why they were not looked at; "" when they were
}

var errManySources = fmt.Errorf("over %d files", sourceFiles)

// addSources gives each service that is built on this machine its sources.
// A context elsewhere has none.
func addSources(s *Stack) {
	for name, service := range s.Services {
		if service.Build == nil {
			continue
		}
		found, err := os.Stat(service.Build.Context)
		if err != nil || !found.IsDir() || !filepath.IsAbs(service.Build.Context) {
			continue
		}
		sources := readSources(*service.Build)
		service.Sources = &sources
		s.Services[name] = service
	}
}

func readSources(b Build) Sources {
	r := sourceReader{root: b.Context, written: map[string]time.Time{}}
	err := r.ignore(b)
	if err == nil {
		err = filepath.WalkDir(b.Context, r.visit)
	}
	if err == nil && b.DockerfileInline == "" {
		err = r.take(dockerfile(b))
	}
	if err != nil {
		return Sources{Unread: reason(err)}
	}
	return Sources{Written: r.written}
}

// dockerfile is the path of a build's Dockerfile, which may be outside of the
// context.
func dockerfile(b Build) string {
	name := cmp.Or(b.Dockerfile, "Dockerfile")
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(b.Context, name)
}

type sourceReader struct {
	root    string
	ignored *patternmatcher.PatternMatcher
	visited int
	written map[string]time.Time
}

// Ignored returns the patterns of the Dockerfile's own .dockerignore, or else of
// the context's; none when there is neither.
func (b Build) Ignored() ([]string, error) {
	patterns, err := ignoreFile(dockerfile(b) + ".dockerignore")
	if errors.Is(err, fs.ErrNotExist) {
		patterns, err = ignoreFile(filepath.Join(b.Context, ".dockerignore"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return patterns, err
}

func (r *sourceReader) ignore(b Build) error {
	patterns, err := b.Ignored()
	if err != nil {
		return err
	}
	r.ignored, err = patternmatcher.New(patterns)
	return err
}

func ignoreFile(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ignorefile.ReadAll(file)
}

func (r *sourceReader) visit(path string, entry fs.DirEntry, err error) error {
	if err != nil || path == r.root {
		return err
	}
	if r.visited++; r.visited > sourceFiles {
		return errManySources
	}
	name, err := filepath.Rel(r.root, path)
	if err != nil {
		return err
	}
	ignored, err := r.ignored.MatchesOrParentMatches(name)
	switch {
	case err != nil:
		return err
	case ignored && entry.IsDir() && !r.ignored.Exclusions():
		return fs.SkipDir
	case ignored, entry.IsDir():
		return nil
	}
	return r.take(path)
}

func (r *sourceReader) take(path string) error {
	found, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the build says so, and better
	}
	if err != nil {
		return err
	}
	name, err := filepath.Rel(r.root, path)
	r.written[filepath.ToSlash(name)] = found.ModTime()
	return err
}
