package spec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// sources loads a stack with one service that is built from files, and returns
// what was found of them.
func sources(t *testing.T, build string, files ...string) *Sources {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("stack.yaml", "services:\n  web:\n    build: "+build+"\n")
	for _, name := range files {
		write(name, "FROM scratch\n")
	}
	write("app/.dockerignore", "# none of these\nvendor\n*.md\n!README.md\n**/*.log\n")
	s, err := Load(context.Background(), LoadOptions{Dir: dir, Contexts: true})
	if err != nil {
		t.Fatal(err)
	}
	return s.Services["web"].Sources
}

func TestSourcesAreTheFilesThatABuildIsGiven(t *testing.T) {
	got := sources(t, "app", "app/Dockerfile", "app/main.go", "app/README.md", "app/left.md", "app/vendor/x.go", "app/in/deep.log", "app/in/deep.go")
	want := []string{".dockerignore", "Dockerfile", "README.md", "in/deep.go", "main.go"}
	if names := slices.Sorted(maps.Keys(got.Written)); !slices.Equal(names, want) || got.Unread != "" {
		t.Errorf("got %q (%s), want %q", names, got.Unread, want)
	}
	for name, at := range got.Written {
		if age := time.Since(at); age < -time.Hour || age > time.Hour {
			t.Errorf("%s: written %v", name, at)
		}
	}
}

func TestSourcesHaveADockerfileOutsideOfTheContext(t *testing.T) {
	got := sources(t, "{context: app, dockerfile: ../other/Dockerfile}", "other/Dockerfile", "other/Dockerfile.dockerignore", "app/a.md")
	want := []string{"../other/Dockerfile", ".dockerignore", "a.md"}
	if names := slices.Sorted(maps.Keys(got.Written)); !slices.Equal(names, want) {
		t.Errorf("got %q, want %q: the Dockerfile's own .dockerignore counts, and it does not name .md", names, want)
	}
}

func TestSourcesElsewhereAreNotLookedAt(t *testing.T) {
	if got := sources(t, "https://github.com/example/app.git"); got != nil {
		t.Errorf("got %+v", got)
	}
}

func TestTooManySourcesAreNotLookedAt(t *testing.T) {
	r := sourceReader{root: "/", visited: sourceFiles}
	if err := r.visit("/one", nil, nil); !errors.Is(err, errManySources) {
		t.Errorf("got %v", err)
	}
	if got := reason(errManySources); got != fmt.Sprintf("over %d files", sourceFiles) {
		t.Errorf("the reason is %q", got)
	}
}

func TestSourcesAreOnlyReadWhenAskedFor(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"stack.yaml": "services: {web: {build: .}}\n", "Dockerfile": "FROM scratch\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(context.Background(), LoadOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Services["web"].Sources; got != nil {
		t.Errorf("got %+v", got)
	}
}
