package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stackfile/stack/spec"
)

func example() Generation {
	level := "debug"
	return Generation{
		Number: 3, Volume: "app_stack-gen-3", Project: "app",
		Stack: &spec.Stack{Name: "app", Services: map[string]spec.Service{"web": {
			Name: "web", Replicas: 2, ImageID: "sha256:1", Container: spec.Container{Image: "web:1", Command: &[]string{}, Env: map[string]*string{"LEVEL": &level, "UNSET": nil}},
		}}},
		Withheld: map[string][]string{"/Services/web/Container/environment/PASSWORD": {"0123"}},
		Records:  map[string]Record{"web": {Stop: 1, Ready: 2}},
	}
}

func TestGenerationsReadBack(t *testing.T) {
	g := example()
	labels, err := g.Labels()
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := DecodeGeneration(g.Volume, Volume{Labels: labels}); !ok || !reflect.DeepEqual(got, g) {
		t.Errorf("got %+v\nwant %+v", got, g)
	}
	if _, ok := DecodeGeneration("app_data", Volume{Labels: map[string]string{LabelProject: "app"}}); ok {
		t.Error("a volume of the user's is taken for a generation")
	}
}

// What cannot be read is history that is lost, and no more.
func TestUnreadableGenerationsHaveNoStack(t *testing.T) {
	for name, spoil := range map[string]func(map[string]string){
		"newer":          func(l map[string]string) { l[LabelGenerationStack] = `{"v":2,"stack":{"Name":"app"}}` },
		"no JSON":        func(l map[string]string) { l[LabelGenerationStack] = `{` },
		"no stack":       func(l map[string]string) { delete(l, LabelGenerationStack) },
		"of another one": func(l map[string]string) { l[LabelProject] = "other" },
		"null":           func(l map[string]string) { l[LabelGenerationStack] = `{"v":1,"stack":null}` },
	} {
		labels, err := example().Labels()
		if err != nil {
			t.Fatal(err)
		}
		spoil(labels)
		g, ok := DecodeGeneration("v", Volume{Labels: labels})
		if !ok || g.Stack != nil || g.Number != 3 {
			t.Errorf("%s: %+v, %v", name, g, ok)
		}
	}
}

func FuzzDecodeGeneration(f *testing.F) {
	labels, err := example().Labels()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(labels[LabelGeneration], labels[LabelGenerationStack], labels[LabelGenerationRecords])
	f.Add("-1", `{"v":1,"stack":{"Name":"app","Services":{"a":null}}}`, `[]`)
	f.Fuzz(func(t *testing.T, number, stack, records string) {
		read := func(labels map[string]string) Generation {
			g, ok := DecodeGeneration("v", Volume{Labels: labels})
			if !ok || g.Number < 0 {
				t.Fatalf("%+v, %v", g, ok)
			}
			return g
		}
		g := read(map[string]string{LabelProject: "app", LabelGeneration: number, LabelGenerationStack: stack, LabelGenerationRecords: records})
		again, err := g.Labels()
		if err != nil {
			t.Fatal(err)
		}
		if g.Number > 0 && g.Stack != nil {
			if x, y := asJSON(t, g), asJSON(t, read(again)); x != y {
				t.Errorf("read again it is\n%s\nand was\n%s", y, x)
			}
		}
	})
}

func asJSON(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// valid is what the engine takes for a reference.
var valid = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

func TestTagsOfGenerationsAreValidAndTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, project := range []string{"app", "a--b", "a__b", "a___b", "a-_b", "a_", "a-", "0"} {
		for _, service := range []string{"web", "Web", "_x", "a..b", "1-web", "-", strings.Repeat("long", 50)} {
			ref := GenerationTag(project, 12, service)
			if !valid.MatchString(ref) || seen[ref] {
				t.Errorf("%s, %s: %s", project, service, ref)
			}
			seen[ref] = true
			if n, ok := TaggedGeneration(project, ref); !ok || n != 12 {
				t.Errorf("%s is of generation %d, %v", ref, n, ok)
			}
			if _, ok := TaggedGeneration("other", ref); ok {
				t.Errorf("%s is taken for another project's", ref)
			}
		}
	}
}

func TestWithheldIsWhatMustNotBePrinted(t *testing.T) {
	secret, url, level := "hunter", "db://me:hunter@db", "debug"
	s := &spec.Stack{Name: "app", Services: map[string]spec.Service{"web": {
		Name: "web",
		Container: spec.Container{
			Env: map[string]*string{"DB_PASSWORD": &secret, "URL": &url, "LEVEL": &level}, Command: &[]string{"serve", "--password=hunter"},
			Labels: map[string]string{"api.token": "hunter", "name": "web"},
			Files:  map[string]spec.File{"/run/secrets/a/b": {Source: "secrets.x", Digest: "sha256:hunter"}, "/conf": {Source: "configs.c", Digest: "sha256:plain"}},
		},
		Files:     map[string]spec.FileContent{"/run/secrets/a/b": {Content: []byte("hunter"), Mode: 0o400}},
		PostStart: []spec.Hook{{Environment: map[string]string{"TOKEN": "hunter"}}},
	}}, Volumes: map[string]spec.Volume{"v": {Name: "v", DriverOpts: map[string]string{"o": "user=me;password=hunter"}}}}
	bare, pointers, err := Withhold(s)
	if err != nil {
		t.Fatal(err)
	}
	text := asJSON(t, bare)
	if strings.Contains(text, "hunter") || !strings.Contains(text, `"LEVEL":"debug"`) || !strings.Contains(text, "sha256:plain") || !strings.Contains(text, `"Mode":256`) {
		t.Errorf("kept is %s", text)
	}
	want := []string{
		"/Services/web/Container/command/1", "/Services/web/Container/environment/DB_PASSWORD", "/Services/web/Container/environment/URL",
		"/Services/web/Container/files/~1run~1secrets~1a~1b/digest", "/Services/web/Container/labels/api.token",
		"/Services/web/PostStart/0/environment/TOKEN", "/Volumes/v/driver_opts/o",
	}
	if !slices.Equal(pointers, want) {
		t.Errorf("left out is %q, want %q", pointers, want)
	}
	texts := map[string]string{}
	for _, p := range pointers {
		texts[p], _ = Lookup(s, p)
	}
	full, err := Filled(bare, texts)
	if err != nil {
		t.Fatal(err)
	}
	if x, y := asJSON(t, full.Services["web"].Container), asJSON(t, s.Services["web"].Container); x != y {
		t.Errorf("filled in again it is\n%s\nand was\n%s", x, y)
	}
	if *s.Services["web"].Container.Env["URL"] != url || fmt.Sprint(full.Volumes) != fmt.Sprint(s.Volumes) {
		t.Errorf("the stack was changed: %v", s)
	}
}
