//go:build e2e

package e2e_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// deadline is how long anything may take before its test fails.
const deadline = 90 * time.Second

// A sandbox is one project in a folder of its own, with an engine that is
// listened to. All that carries its name goes when the test ends.
type sandbox struct {
	t       testing.TB
	name    string // of the project
	dir     string
	wire    *wire
	env     []string // more of it, for the program
	through []string // what runs the program; nil: it itself does
	last    string   // what the program said last, for the report of a failure

	patience time.Duration // for one run of the program; 0: deadline
}

// newSandbox lays out the files of a txtar archive. In them, ${PROBE} is the
// test image, for stack files, and PROJECT the name of the project.
func newSandbox(t *testing.T, files string) *sandbox {
	t.Helper()
	t.Parallel()
	return another(t, files)
}

// another is a second sandbox in the same test.
func another(t testing.TB, files string) *sandbox {
	t.Helper()
	s := sandboxAt(t, t.TempDir())
	s.write(files)
	return s
}

// sandboxAt makes a folder one, until the test ends.
func sandboxAt(t testing.TB, dir string) *sandbox {
	t.Helper()
	s := &sandbox{t: t, name: "e2e-" + strings.ToLower(rand.Text()[:8]), dir: dir, wire: newWire(t)}
	t.Cleanup(func() {
		if t.Failed() {
			s.dump()
		}
		s.sweep()
	})
	return s
}

// write lays out files, in place of those of the same name.
func (s *sandbox) write(files string) {
	s.t.Helper()
	for _, f := range txtar.Parse([]byte(files)).Files {
		path := filepath.Join(s.dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		text := strings.ReplaceAll(string(f.Data), "PROJECT", s.name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
}

// edit changes one text in a file. It must be there, once.
func (s *sandbox) edit(file, from, to string) {
	s.t.Helper()
	path := filepath.Join(s.dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if n := strings.Count(string(text), from); n != 1 {
		s.t.Fatalf("%s: %q occurs %d times", file, from, n)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// sweep removes all that carries the project's name, and looks again: what the
// engine was still at work on when its container went is refused at first.
func (s *sandbox) sweep() {
	var left []string
	for range 5 {
		if left = s.sweepOnce(); len(left) == 0 {
			return
		}
	}
	s.t.Logf("cannot be removed: %q", left) // engine 20.10 rarely loses count of a network's endpoints
}

// sweepOnce returns what there was to remove.
func (s *sandbox) sweepOnce() (found []string) {
	remove := func(list, remove []string) {
		if names := strings.Fields(tryDocker(list...)); len(names) > 0 {
			tryDocker(append(remove, names...)...)
			found = append(found, names...)
		}
	}
	for _, label := range []string{"com.docker.compose.project", "dev.stack.e2e", "dev.stack.lock"} {
		mine := "label=" + label + "=" + s.name
		volumes := s.anonymous(mine)
		remove([]string{"ps", "-aq", "--filter", mine}, []string{"rm", "-fv"})
		if len(volumes) > 0 {
			tryDocker(append([]string{"volume", "rm", "-f"}, volumes...)...)
		}
		remove([]string{"network", "ls", "-q", "--filter", mine}, []string{"network", "rm"})
		remove([]string{"volume", "ls", "-q", "--filter", mine}, []string{"volume", "rm", "-f"})
	}
	return append(found, s.sweepImages()...)
}

// sweepImages goes by name: an ID stands for all names of an image, the test
// image's too. Where nothing matches, Podman lists all that it has.
func (s *sandbox) sweepImages() (found []string) {
	for _, reference := range []string{s.name + "-*", "stack-gen/" + s.name} {
		for _, name := range strings.Fields(tryDocker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference="+reference)) {
			if strings.Contains(name, s.name) {
				tryDocker("rmi", name)
				found = append(found, name)
			}
		}
	}
	return found
}

// anonymous are the anonymous volumes of the containers with a label. They have
// no label of their own, and to the engine one that was carried over to a new
// container is a named one, which rm -v leaves.
func (s *sandbox) anonymous(label string) []string {
	ids := strings.Fields(tryDocker("ps", "-aq", "--filter", label))
	if len(ids) == 0 {
		return nil
	}
	format := `{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}`
	names := strings.Fields(tryDocker(append([]string{"inspect", "--format", format}, ids...)...))
	return slices.DeleteFunc(names, func(name string) bool { return len(name) != 64 })
}

// dump writes what a person needs to see why a test failed into its log.
func (s *sandbox) dump() {
	s.t.Logf("--- last output ---\n%s", s.last)
	mine := "label=com.docker.compose.project=" + s.name
	s.t.Logf("--- containers ---\n%s", tryDocker("ps", "-a", "--no-trunc", "--filter", mine))
	for _, id := range strings.Fields(tryDocker("ps", "-aq", "--filter", mine)) {
		s.t.Logf("--- inspect %s ---\n%s", id, tryDocker("inspect", id))
		s.t.Logf("--- logs %s ---\n%s", id, tryDocker("logs", "--tail", "50", "--timestamps", id))
	}
	s.t.Logf("--- calls that change something ---\n%v", filter(s.wire.since(0), call.mutates))
}
