package spec

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the tests see as what they want")

// A scenario is one archive of testdata: a comment that says what it is about
// and lines of options, the files of a folder, and a file "want".
type scenario struct {
	path    string
	archive *txtar.Archive
	dir     string
	stdin   string
	opts    LoadOptions
}

func scenarios(t *testing.T, pattern string) []scenario {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives %s: %v", pattern, err)
	}
	var out []scenario
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, scenario{path: path, archive: archive})
	}
	return out
}

func (s scenario) name() string { return strings.TrimSuffix(filepath.Base(s.path), ".txtar") }

// prepare writes the files and reads the options.
func (s *scenario) prepare(t *testing.T) {
	t.Helper()
	s.dir = filepath.Join(t.TempDir(), "shop")
	for _, f := range s.archive.Files {
		if f.Name == "want" {
			continue
		}
		path := filepath.Join(s.dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.opts = LoadOptions{Dir: s.dir, Env: map[string]string{}}
	for _, line := range strings.Split(string(s.archive.Comment), "\n") {
		s.option(t, strings.Fields(line))
	}
}

func (s *scenario) option(t *testing.T, words []string) {
	t.Helper()
	if len(words) == 1 && words[0] == "-strict-env" {
		s.opts.StrictEnv = true
	}
	if len(words) < 2 || !strings.HasPrefix(words[0], "-") {
		return
	}
	value := words[1]
	switch words[0] {
	case "-f":
		s.opts.Files = append(s.opts.Files, value)
	case "-p":
		s.opts.Project = value
	case "-env":
		key, v, _ := strings.Cut(strings.Join(words[1:], " "), "=")
		s.opts.Env[key] = strings.ReplaceAll(v, "$DIR", s.dir)
	case "-profile":
		s.opts.Profiles = append(s.opts.Profiles, value)
	case "-env-file":
		s.opts.EnvFiles = append(s.opts.EnvFiles, value)
	case "-project-directory":
		s.opts.ProjectDirectory = value
	case "-service":
		s.opts.Services = append(s.opts.Services, value)
	case "-dir":
		s.opts.Dir = filepath.Join(s.dir, value)
	case "-stdin":
		text, err := os.ReadFile(filepath.Join(s.dir, value))
		if err != nil {
			t.Fatal(err)
		}
		s.stdin = string(text)
	default:
		t.Fatalf("%s: unknown option %s", s.path, words[0])
	}
}

// compare holds got against the archive's want, or writes it there.
func (s scenario) compare(t *testing.T, got string) {
	t.Helper()
	got = strings.NewReplacer(s.dir, "$DIR", filepath.Dir(s.dir), "$UP").Replace(got)
	got = strings.TrimRight(got, "\n") + "\n"
	for i, f := range s.archive.Files {
		if f.Name != "want" {
			continue
		}
		if *update && string(f.Data) != got {
			s.archive.Files[i].Data = []byte(got)
			if err := os.WriteFile(s.path, txtar.Format(s.archive), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if string(f.Data) != got {
			t.Errorf("%s:\ngot:\n%s\nwant:\n%s", s.path, got, f.Data)
		}
		return
	}
	t.Fatalf("%s: no file want", s.path)
}

func TestBadFilesGiveEveryFinding(t *testing.T) {
	for _, s := range scenarios(t, "bad/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			s.prepare(t)
			_, err := s.load()
			if err == nil {
				t.Fatal("no error")
			}
			s.compare(t, err.Error())
			var file *FileError
			if !errors.As(err, &file) {
				return
			}
			for _, f := range file.Findings {
				if f.File != "" && (f.Line < 1 || f.Column < 1) && !strings.Contains(f.Message, "cannot be read") {
					t.Errorf("no place: %v", f)
				}
			}
		})
	}
}

func TestStacksResolve(t *testing.T) {
	for _, s := range scenarios(t, "resolve/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			s.prepare(t)
			stack := s.mustLoad(t)
			text, err := json.MarshalIndent(stack, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			s.compare(t, string(text))
			for range 5 {
				if again := s.mustLoad(t); !reflect.DeepEqual(stack, again) {
					t.Fatal("the same files give another stack")
				}
			}
			if _, err := stack.Order(); err != nil {
				t.Error(err)
			}
		})
	}
}

func (s scenario) load() (*Stack, error) {
	if s.stdin != "" {
		s.opts.Stdin = strings.NewReader(s.stdin)
	}
	return Load(context.Background(), s.opts)
}

func (s scenario) mustLoad(t *testing.T) *Stack {
	t.Helper()
	stack, err := s.load()
	if err != nil {
		t.Fatalf("%T:\n%v", err, err)
	}
	return stack
}

func TestWarnings(t *testing.T) {
	for _, s := range scenarios(t, "warn/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			s.prepare(t)
			var lines []string
			for _, f := range s.mustLoad(t).Warnings {
				lines = append(lines, f.String())
			}
			s.compare(t, strings.Join(lines, "\n"))
		})
	}
}
