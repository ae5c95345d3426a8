package progress

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

var update = flag.Bool("update", false, "write the golden files anew")

var start = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// story is a run with a build, a wait, a guard that holds, a failure and what
// it skips. After each beat, show is called.
type story struct {
	view View
	now  time.Time
	seq  int
	plan *plan.Plan
	show func()
}

func storyPlan() *plan.Plan {
	change := func(verb plan.Verb, object, name, service string) plan.Change {
		return plan.Change{Verb: verb, Object: object, Name: name, Service: service}
	}
	db := change(plan.Create, "container", "ml-db-1", "db")
	model := change(plan.Replace, "container", "ml-model-1", "model")
	back := change(plan.Create, "container", "ml-back-1", "back")
	why := []plan.Reason{{Code: plan.Missing}}
	return &plan.Plan{Project: "ml", Actions: []plan.Action{
		{ID: "network", Change: change(plan.Create, "network", "ml_default", ""), Op: engine.CreateNetwork{}, Reasons: why},
		{ID: "create db", Change: db, Op: engine.CreateContainer{}, After: []plan.Edge{{ID: "network"}}, Reasons: why},
		{ID: "start db", Change: db, Op: engine.StartContainer{}, After: []plan.Edge{{ID: "create db"}}, Reasons: why},
		{ID: "healthy db", Change: change(plan.Wait, "container", "ml-db-1", "db"), Op: engine.WaitContainer{Condition: engine.Healthy}, After: []plan.Edge{{ID: "start db"}}, Reasons: why},
		{ID: "build model", Change: change(plan.Build, "image", "ml-model", "model"), Op: engine.BuildImage{}, Reasons: why},
		{ID: "replace model", Change: model, Op: engine.StopContainer{}, After: []plan.Edge{{ID: "build model"}}, Unless: plan.Guard{{ID: "build model", Image: "ml-model", ImageID: "sha256:1"}}, Reasons: why},
		{ID: "create back", Change: back, Op: engine.CreateContainer{}, After: []plan.Edge{{ID: "network"}, {ID: "healthy db"}, {ID: "replace model"}}, Reasons: why},
		{ID: "undo back", Change: back, Op: engine.RemoveContainer{}, After: []plan.Edge{{ID: "create back", When: plan.Failed}}, Reasons: why},
		{ID: "front", Change: change(plan.Create, "container", "ml-front-1", "front"), Op: engine.CreateContainer{}, After: []plan.Edge{{ID: "create back"}}, Reasons: why},
	}}
}

func (s *story) event(id string, status reconciler.Status, more ...any) {
	s.seq++
	a, _ := find(s.plan, id)
	e := reconciler.Event{
		Version: reconciler.EventVersion, Seq: s.seq, Time: s.now,
		Action: id, Kind: a.Op.Kind(), Change: a.Change, Status: status,
	}
	for _, m := range more {
		switch m := m.(type) {
		case plan.Progress:
			e.Progress = &m
		case error:
			e.Error, e.Err = m.Error(), m
		case string:
			e.Cause = m
		case time.Duration:
			e.Elapsed = m
		}
	}
	s.view.Event(e)
}

func (s *story) beat() {
	s.now = s.now.Add(1500 * time.Millisecond)
	s.show()
}

func (s *story) tell() {
	s.view.Plan(s.plan)
	s.show()
	s.event("network", reconciler.Started)
	s.event("build model", reconciler.Started)
	s.event("network", reconciler.Succeeded, 100*time.Millisecond)
	s.event("create db", reconciler.Started)
	s.event("create db", reconciler.Succeeded, 200*time.Millisecond)
	s.event("start db", reconciler.Started)
	s.beat()
	s.event("build model", reconciler.Progress, plan.Progress{Text: "[1/7] FROM debian", Current: 1, Total: 4})
	s.event("build model", reconciler.Progress, plan.Progress{Log: "Reading package lists\n"})
	s.event("start db", reconciler.Succeeded, 1500*time.Millisecond)
	s.event("healthy db", reconciler.Started)
	s.event("healthy db", reconciler.Progress, plan.Progress{Text: "health: starting"})
	s.event("healthy db", reconciler.Progress, plan.Progress{Text: "health: starting"})
	s.beat()
	s.event("build model", reconciler.Succeeded, 3*time.Second)
	s.event("replace model", reconciler.Unneeded)
	s.view.Note("warning", "the engine has something to say")
	s.beat()
	s.event("healthy db", reconciler.Succeeded, 3*time.Second)
	s.event("create back", reconciler.Started)
	s.beat()
	s.event("create back", reconciler.Failed, errors.New("container ml-back-1: no space\nleft on device"), 1500*time.Millisecond)
	s.event("undo back", reconciler.Started)
	s.event("undo back", reconciler.Succeeded, time.Millisecond)
	s.event("front", reconciler.Skipped, "create back")
	s.beat()
	s.view.End(Summary{
		Services:  []Service{{"db", "healthy", 1}, {"model", "running", 2}},
		Addresses: []Address{{"http://localhost:8080", "front", "80"}},
		Text:      "2 changes made", Elapsed: 7.5,
	})
	s.view.Close()
}

func TestPlainTellsOneLineAnEvent(t *testing.T) {
	golden(t, "plain.txt", tell(t, Plain))
}

func TestJSONIsOneObjectALine(t *testing.T) {
	text := tell(t, JSON)
	golden(t, "stream.json", text)
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `{"version":1,"type":"`) {
			t.Errorf("no record: %s", line)
		}
	}
}

func TestQuietTellsWarningsOnly(t *testing.T) {
	if got := tell(t, Quiet); got != "warning: the engine has something to say\n" {
		t.Errorf("quiet says %q", got)
	}
}

func TestSkippedKindsFailAloud(t *testing.T) {
	var out bytes.Buffer
	s := &story{plan: storyPlan(), show: func() {}, now: start}
	s.view = view(t, Plain, Options{Out: &out, Skip: func(kind string) bool { return kind == "BuildImage" || kind == "CreateContainer" }})
	s.tell()
	if got := out.String(); strings.Contains(got, "ml-model: built") || !strings.Contains(got, "ml-back-1: failed: no space\n") {
		t.Errorf("with builds and creates left out:\n%s", got)
	}
}

func tell(t *testing.T, mode Mode) string {
	var out bytes.Buffer
	s := &story{plan: storyPlan(), show: func() {}, now: start}
	s.view = view(t, mode, Options{Out: &out})
	s.tell()
	return out.String()
}

func view(t *testing.T, mode Mode, opts Options) View {
	t.Helper()
	v, err := New(mode, opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTreeRedrawsInPlace shows each drawing as it stands on a screen.
func TestTreeRedrawsInPlace(t *testing.T) {
	golden(t, "tree.txt", tree(80, 24, false))
}

func TestTreeColorsMoods(t *testing.T) {
	golden(t, "tree-color.txt", strings.ReplaceAll(tree(80, 24, true), "\x1b", "ESC"))
}

func TestTreeFitsANarrowLowTerminal(t *testing.T) {
	text := tree(24, 5, false)
	golden(t, "tree-small.txt", text)
	for _, drawing := range strings.Split(text, "---\n")[:5] {
		if n := strings.Count(drawing, "(clear)\n"); n > 3 {
			t.Errorf("%d lines in a terminal of 5:\n%s", n, drawing)
		}
	}
}

func tree(width, height int, color bool) string {
	var out bytes.Buffer
	s := &story{plan: storyPlan(), now: start}
	v := &treeView{
		opts: Options{Out: &out, Color: color, Size: func() (int, int) { return width, height }, Now: func() time.Time { return s.now }},
		stop: make(chan struct{}),
	}
	s.view = v
	s.show = func() {
		v.draw()
		out.WriteString("---\n")
	}
	s.tell()
	return screen.Replace(out.String())
}

// screen spells out what moves the cursor.
var screen = strings.NewReplacer(
	"\x1b[K", "(clear)", "\x1b[J", "(clear below)\n",
	"\x1b[1A\r", "(up 1)\n", "\x1b[2A\r", "(up 2)\n", "\x1b[3A\r", "(up 3)\n", "\x1b[5A\r", "(up 5)\n",
)

func TestTextIsCutToTheTerminal(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
	}{
		{"short", "short"},
		{"exactly ten", "exactly..."},
		{"a\x1b[2Jb", "a [2Jb"},
	} {
		if got := cut(c.text, 10); got != c.want {
			t.Errorf("cut(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestSecondsReadWell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		40 * time.Millisecond: "0.0s", 1234 * time.Millisecond: "1.2s", 125 * time.Second: "2m5s",
	} {
		if got := Seconds(d); got != want {
			t.Errorf("Seconds(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestUnknownModeIsAnError(t *testing.T) {
	if _, err := New("loud", Options{}); err == nil {
		t.Error("no error")
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}
