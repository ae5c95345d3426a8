package planner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

var built = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// sourceNotes plans a service whose image is there, and returns the notes.
func sourceNotes(t *testing.T, image engine.Image, opts planner.Options, sources spec.Sources) (out []string) {
	t.Helper()
	desired := &spec.Stack{Name: "p", Services: map[string]spec.Service{"web": {
		Name: "web", Replicas: 1, Container: spec.Container{Image: "p-web"}, Build: &spec.Build{Context: "/src"}, Sources: &sources,
	}}}
	p, err := planner.Up(desired, engine.State{Images: map[string]engine.Image{"p-web": image}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range p.Notes {
		out = append(out, n.Text)
	}
	return out
}

func TestSourcesNewerThanTheImageAreNoted(t *testing.T) {
	written := func(names ...string) spec.Sources {
		out := spec.Sources{Written: map[string]time.Time{"old": built.Add(-time.Hour), "same": built}}
		for _, name := range names {
			out.Written[name] = built.Add(time.Minute)
		}
		return out
	}
	tagged := engine.Image{ID: "sha256:1", Created: built.Add(-24 * time.Hour), Tagged: built}
	for _, c := range []struct {
		name    string
		image   engine.Image
		opts    planner.Options
		sources spec.Sources
		want    string
	}{
		{"none", tagged, planner.Options{}, written(), ""},
		{"one", tagged, planner.Options{}, written("b"), "the build context changed since image p-web was built: b (--build builds it)"},
		{"five", tagged, planner.Options{}, written("e", "d", "c", "b", "a"), "the build context changed since image p-web was built: a, b, c and 2 more (--build builds it)"},
		{"never tagged", engine.Image{ID: "sha256:1", Created: built}, planner.Options{}, written("b"), "the build context changed since image p-web was built: b (--build builds it)"},
		{"built by this plan", tagged, planner.Options{Build: true}, written("b"), ""},
		{"not looked at", tagged, planner.Options{}, spec.Sources{Unread: "over 20000 files"}, "whether the build context changed since image p-web was built was not looked at: over 20000 files"},
	} {
		if got := strings.Join(sourceNotes(t, c.image, c.opts, c.sources), "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPortOfAProgramIsNotedWhereThePlanBindsIt(t *testing.T) {
	service := func(ports ...string) *spec.Stack {
		return &spec.Stack{Name: "p", Services: map[string]spec.Service{"web": {
			Name: "web", Replicas: 1, Container: spec.Container{Image: "web", Ports: map[string][]string{"80/tcp": ports}},
		}}}
	}
	state := engine.State{
		Images:    map[string]engine.Image{"web": {ID: "sha256:1"}},
		Listening: []engine.Port{{IP: "127.0.0.1", Public: 8080, Protocol: "tcp"}, {IP: "::", Public: 8081, Protocol: "tcp"}, {IP: "0.0.0.0", Public: 8082, Protocol: "udp"}},
	}
	for _, c := range []struct {
		port    string
		noStart bool
		want    bool
	}{
		{"8080", false, true}, {"127.0.0.1:8080", false, true}, {"127.0.0.2:8080", false, false}, {"10.0.0.1:8081", false, true},
		{"8082", false, false}, {"8083", false, false}, {"8000-8090", false, false}, {"8080", true, false},
	} {
		p, err := planner.Up(service(c.port), state, planner.Options{NoStart: c.noStart})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(p.Notes, func(n plan.Note) bool { return strings.Contains(n.Text, "is taken by a program") })
		if got != c.want {
			t.Errorf("port %s, no start %t: noted %t, want %t", c.port, c.noStart, got, c.want)
		}
	}
}
