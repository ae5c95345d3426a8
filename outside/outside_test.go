package outside_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stackfile/stack/outside"
	"github.com/stackfile/stack/spec"
)

// plugins is a folder with plugins of the docker command, each a shell script
// which notes its arguments in the file calls.
func plugins(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		script := "#!/bin/sh\necho \"$*\" >>" + filepath.Join(dir, "calls") + "\n" + text
		if err := os.WriteFile(filepath.Join(dir, "docker-"+name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func calls(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func shop() *spec.Stack {
	return &spec.Stack{
		Name: "shop",
		Services: map[string]spec.Service{
			"web":  {Name: "web", Providers: []string{"my-db"}, DependsOn: map[string]spec.Dependency{"back": {}}},
			"back": {Name: "back", Models: map[string]spec.ModelUse{"llm": {Endpoint: "LLM_URL", Model: "NAME"}}},
			"lone": {Name: "lone", Providers: []string{"other"}},
		},
		Providers: map[string]spec.Provider{
			"my-db": {Name: "my-db", Type: "cloud", Options: map[string][]string{"size": {"1", "2"}, "kind": {"pg"}}},
			"other": {Name: "other", Type: "missing"},
		},
		Models: map[string]spec.Model{"llm": {Model: "ai/small", ContextSize: 100, Flags: []string{"--a"}}},
	}
}

const (
	cloud = `echo '{"type":"info","message":"working"}'; echo '{"type":"setenv","message":"URL=db://x?a=b"}'; echo plain`
	model = `case "$2" in status) echo '{"running":true,"endpoint":"http://runner/v1"}';; inspect) exit 1;; esac`
)

func TestServicesGetTheVariablesOfWhatTheyNeed(t *testing.T) {
	dir := plugins(t, map[string]string{"cloud": cloud, "model": model})
	var said []string
	o := outside.Options{Plugins: []string{t.TempDir(), dir}, Say: func(who, text string) { said = append(said, who+": "+text) }}
	got, err := outside.Up(t.Context(), shop(), []string{"web"}, o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{
		"web":  {"MY_DB_URL": "db://x?a=b"},
		"back": {"LLM_URL": "http://runner/v1", "NAME": "ai/small"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("variables %v, want %v", got, want)
	}
	if got, want := calls(t, dir), `compose --project-name=shop up --kind=pg --size=1 --size=2 my-db
model status --json
model inspect ai/small
model pull ai/small
model configure --context-size 100 ai/small -- --a
`; got != want {
		t.Errorf("calls\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(said, ", "); got != "my-db: working, my-db: plain, ai/small: pulling" {
		t.Errorf("said %s", got)
	}
}

func TestWithoutAProgramNothingIsRun(t *testing.T) {
	dir := plugins(t, map[string]string{"cloud": cloud, "model": model})
	for _, services := range [][]string{nil, {"web", "lone"}} {
		_, err := outside.Up(t.Context(), shop(), services, outside.Options{Plugins: []string{dir}})
		missing := new(outside.MissingError)
		if !errors.As(err, &missing) || missing.Program != "missing" || calls(t, dir) != "" {
			t.Errorf("%v: %v, calls %q", services, err, calls(t, dir))
		}
	}
	_, err := outside.Up(t.Context(), shop(), []string{"back"}, outside.Options{Plugins: []string{t.TempDir()}})
	if err == nil || err.Error() != "model llm: there is no program docker-model" {
		t.Errorf("no model runner: %v", err)
	}
}

func TestAProviderThatFailsSaysWhy(t *testing.T) {
	for want, script := range map[string]string{
		"provider my-db: no money": `echo '{"type":"error","message":"no money"}'`,
		"exit status 3: no money":  `echo '{"type":"error","message":"no money"}'; exit 3`,
		"exit status 4: broken":    `echo broken >&2; exit 4`,
		`setenv "URL": want KEY=`:  `echo '{"type":"setenv","message":"URL"}'`,
	} {
		dir := plugins(t, map[string]string{"cloud": script, "model": model})
		_, err := outside.Up(context.Background(), shop(), []string{"my-db"}, outside.Options{Plugins: []string{dir}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestDownEndsTheProviders(t *testing.T) {
	dir := plugins(t, map[string]string{"cloud": "", "missing": ""})
	if err := outside.Down(t.Context(), shop(), nil, outside.Options{Plugins: []string{dir}}); err != nil {
		t.Fatal(err)
	}
	if err := outside.Down(t.Context(), shop(), []string{"web", "other"}, outside.Options{Plugins: []string{dir}}); err != nil {
		t.Fatal(err)
	}
	if got, want := calls(t, dir), "compose --project-name=shop down other\ncompose --project-name=shop down --kind=pg --size=1 --size=2 my-db\ncompose --project-name=shop down other\n"; got != want {
		t.Errorf("calls\n%s\nwant\n%s", got, want)
	}
}
