package spec

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"
)

// The folder of the comparison with docker compose, whose cases are run by the
// end-to-end tests.
const peerCases = "../e2e/testdata/peer"

// TestEachHonouredAttributeHasACase holds every row of the table that is
// honoured to a case of the comparison with docker compose which uses it, or to
// the end-to-end test, or else the golden case, that testdata/covered names.
func TestEachHonouredAttributeHasACase(t *testing.T) {
	used := usedPaths(t)
	elsewhere := elsewhere(t)
	for _, row := range support {
		named, listed := elsewhere[row.path]
		delete(elsewhere, row.path)
		switch shown := slices.ContainsFunc(used, func(path string) bool { return uses(path, row.path) }); {
		case row.level != honoured && listed:
			t.Errorf("testdata/covered: %s is not honoured", row.path)
		case row.level != honoured:
		case shown && listed:
			t.Errorf("testdata/covered: %s has a case of its own in %s", row.path, peerCases)
		case !shown && !listed:
			t.Errorf("%s: no case in %s uses it, and testdata/covered names no test", row.path, peerCases)
		case listed && !exists(t, named):
			t.Errorf("testdata/covered: %s: %s is neither a test nor a file", row.path, named)
		}
	}
	for path := range elsewhere {
		t.Errorf("testdata/covered: %s is no row of the table", path)
	}
}

// elsewhere reads testdata/covered: an attribute, and what shows that it is
// honoured.
func elsewhere(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/covered")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if path, named, ok := strings.Cut(strings.TrimSpace(line), " "); ok && path != "#" {
			out[path] = named
		}
	}
	return out
}

// exists reports whether there is an end-to-end test of that name, or a file.
func exists(t *testing.T, named string) bool {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", named)); err == nil {
		return true
	}
	for _, folder := range []string{"../e2e", "../engine/docker"} {
		files, err := filepath.Glob(folder + "/*_test.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", folder, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte("func "+named+"(t *testing.T)")) {
				return true
			}
		}
	}
	return false
}

// usedPaths are the paths of all values in the stack files of the comparison.
func usedPaths(t *testing.T) (out []string) {
	t.Helper()
	files, err := filepath.Glob(peerCases + "/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", peerCases, files, err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			var document any
			if !strings.HasSuffix(f.Name, ".yaml") {
				continue
			}
			if err := yaml.Unmarshal(f.Data, &document); err != nil {
				t.Fatalf("%s: %s: %v", file, f.Name, err)
			}
			out = append(out, valuePaths("", document)...)
		}
	}
	return out
}

func valuePaths(at string, value any) []string {
	out := []string{at}
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			out = append(out, valuePaths(joinPath(at, key), v)...)
		}
	case []any:
		for _, v := range value {
			out = append(out, valuePaths(at+"[]", v)...)
		}
	}
	return out
}

// uses reports whether a value's path is one of a row: a star stands for one key.
func uses(path, row string) bool {
	parts, stars := strings.Split(path, "."), strings.Split(row, ".")
	return len(parts) == len(stars) && matches(parts, stars)
}

func matches(parts, stars []string) bool {
	for i, star := range stars {
		if star != "*" && star != parts[i] {
			return false
		}
	}
	return true
}

// differencesText is the part of docs/compose-support.md about the comparison.
func differencesText(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(peerCases + "/differences")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("\n# Compared with docker compose\n\nEach file of e2e/testdata/peer is brought up by docker compose and by `stack`, and the engine's answers about\ncontainers, networks and volumes are compared field by field, as is what `config` prints. Labels of the tools aside,\nthese fields may differ.\n")
	for line := range strings.Lines(string(text)) {
		head, isHead := strings.CutPrefix(strings.TrimSpace(line), "# ")
		field, reason, isRule := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case isHead:
			fmt.Fprintf(&b, "\n## %s\n\n| field | why |\n|---|---|\n", strings.ToUpper(head[:1])+head[1:])
		case isRule:
			fmt.Fprintf(&b, "| `%s` | %s |\n", field, reason)
		}
	}
	return append(b.Bytes(), loneText(t)...)
}

// loneText lists the cases that docker compose cannot do.
func loneText(t *testing.T) []byte {
	t.Helper()
	files, err := filepath.Glob(peerCases + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("\n## What docker compose does not do\n\n| file | |\n|---|---|\n")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(archive.Comment)) {
			if reason, ok := strings.CutPrefix(strings.TrimSpace(line), "alone: "); ok {
				fmt.Fprintf(&b, "| %s | %s |\n", filepath.Base(file), reason)
			}
		}
	}
	return b.Bytes()
}
