package laws

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var overlays = flag.Bool("overlays", false, "plant the bugs of the table in the planner's source, one build for each")

// A patch is a bug in the planner's source: one text in place of another.
type patch struct {
	name, law      string
	file, from, to string // from is there once
}

var patches = []patch{
	{"remove the old container before the proof", "safe", "replace.go",
		`engine.RemoveContainer{Name: p.old.ID}, onDone(p.r.proof))`, `engine.RemoveContainer{Name: p.old.ID}, onDone(p.renamed))`},
	{"no undo", "safe", "replace.go", "\t\tp.undo()\n", ""},
	{"lose anonymous volumes", "safe", "creation.go", `Anonymous: u.inherited(r), `, ``},
	{"range over maps", "pure", "sort.go", `slices.Sorted(maps.Keys(m))`, `slices.Collect(maps.Keys(m))`},
	{"forget the edge to the network", "fixpoint", "replace.go",
		`edges = append(edges, onDone(u.pending["network "+network]))`, `edges = append(edges, onDone(u.pending[network]))`},
	{"forget to wait for health", "complete", "service.go", `return u.await(r, engine.Healthy, why)`, `return after(r.start)`},
	{"ignore drift of networks", "fixpoint", "diff.go", `if tag := live[d.top()]; tag != "" {`, `if tag := live[d.top()]; tag != "" && tag != "network" {`},
	{"replace for a pull policy", "explained", "decide.go", "\tif len(v.reasons) > 0 {\n\t\tv.guard = nil",
		"\tif r.service.PullPolicy == \"never\" {\n\t\tv.reasons = append(v.reasons, requested(\"it\"))\n\t}\n\tif len(v.reasons) > 0 {\n\t\tv.guard = nil"},
	{"replace for a limit", "explained", "decide.go", `case d.class == inPlace:`, `case d.class == inPlace && d.top != "cpus":`},
	{"no reasons", "explained", "draft.go", `Reasons: s.reasons,`, ``},
	{"leave the old container", "fixpoint", "replace.go",
		`	p.u.add(p.step, "remove "+p.r.name+suffixOld, engine.RemoveContainer{Name: p.old.ID}, onDone(p.r.proof))`, ``},
	{"take the first replicas for surplus", "fixpoint", "service.go", `case n < 1 || n > u.replicas(s):`, `case n < 1 || n <= len(u.byService[s.Name])-u.replicas(s):`},
	{"start jobs that are done", "fixpoint", "mend.go", `case idle(c.Status) && !(r.service.Job && meets(*c, engine.Completed)):`, `case idle(c.Status):`},
	{"do not hold the old container", "interruptible", "replace.go", `if p.restart() != "" {`, `if false {`},
	{"take what is half-made for whole", "interruptible", "restore.go", `case suffix == suffixNew:`, `case false:`},
	{"leave orphans off a network made anew", "interruptible", "infra.go", "\t\t\tu.reattach(n.Name)\n", ""},
}

// TestPatchedPlannersAreCaught builds the planner with each bug, and has the
// random cases fail by the law that is to catch it.
func TestPatchedPlannersAreCaught(t *testing.T) {
	if !*overlays {
		t.Skip("each takes a build: -overlays")
	}
	for _, p := range patches {
		t.Run(p.name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-overlay", p.overlay(t),
				"-run", "^TestRandomStacks$", "-cases", fmt.Sprint(*cases), "-points", fmt.Sprint(*points), ".").CombinedOutput()
			if err == nil || strings.Contains(string(out), "build failed") || !caught(string(out), p.law) {
				t.Errorf("no case is against %q (%v):\n%.2000s", p.law, err, out)
			}
		})
	}
}

// caught reports whether a test said that the law is broken.
func caught(out, law string) bool {
	for _, line := range strings.Split(out, "\n") {
		if _, text, ok := strings.Cut(line, "_test.go:"); ok {
			if _, text, ok = strings.Cut(text, ": "); ok && isOf(text, law) {
				return true
			}
		}
	}
	return false
}

// overlay writes what go test -overlay wants. A patch whose text is not there,
// or there twice, is out of date.
func (p patch) overlay(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "planner", p.file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), p.from); n != 1 {
		t.Fatalf("%s: %q is there %d times", p.file, p.from, n)
	}
	dir := t.TempDir()
	patched := filepath.Join(dir, p.file)
	write(t, patched, []byte(strings.Replace(string(source), p.from, p.to, 1)))
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{path: patched}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), text)
	return filepath.Join(dir, "overlay.json")
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
