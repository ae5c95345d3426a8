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
			"other": {Name: "other", Type: "missing", At: spec.Position{File: "stack.yaml", Line: 3, Column: 5}},
		},
		Models: map[string]spec.Model{"llm": {Model: "ai/small", ContextSize: 100, Flags: []string{"--a"}, At: spec.Position{File: "stack.yaml", Line: 7, Column: 9}}},
	}
}

const (
	cloud = `echo '{"type":"info","message":"working"}'; echo '{"type":"setenv","message":"URL=db://x?a=b"}'; echo '{"type":"rawsetenv","message":"TOKEN=t"}'; echo '{"type":"debug","message":"x"}'; echo plain`
	model = `[ -z "$DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND" ] || exit 9; case "$1" in status) echo '{"running":true,"endpoint":"http://runner/v1"}';; inspect) exit 1;; esac`
)

func TestServicesGetTheVariablesOfWhatTheyNeed(t *testing.T) {
	dir := plugins(t, map[string]string{"cloud": cloud, "model": model})
	var said []string
	env := append(os.Environ(), "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=docker")
	o := outside.Options{Env: env, Plugins: []string{t.TempDir(), dir}, Say: func(who, text string) { said = append(said, who+": "+text) }}
	got, err := outside.Up(t.Context(), shop(), []string{"web"}, o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{
		"web":  {"MY_DB_URL": "db://x?a=b", "TOKEN": "t"},
		"back": {"LLM_URL": "http://runner/v1", "NAME": "ai/small"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("variables %v, want %v", got, want)
	}
	if got, want := calls(t, dir), `compose metadata
compose --project-name=shop up --kind=pg --size=1 --size=2 my-db
status --json
inspect ai/small
pull ai/small
configure --context-size 100 ai/small -- --a
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
		missing := new(spec.FileError)
		if !errors.As(err, &missing) || len(missing.Findings) != 1 || calls(t, dir) != "compose metadata\n" {
			t.Fatalf("%v: %v, calls %q", services, err, calls(t, dir))
		}
		want := spec.Finding{File: "stack.yaml", Line: 3, Column: 5, Field: "services.other.provider.type", Message: "there is no program missing", Hint: "put missing into PATH, or docker-missing among the docker command's plugins"}
		if got := missing.Findings[0]; got != want {
			t.Errorf("%v: %+v, want %+v", services, got, want)
		}
		if err := os.Remove(filepath.Join(dir, "calls")); err != nil {
			t.Fatal(err)
		}
	}
	_, err := outside.Up(t.Context(), shop(), []string{"back"}, outside.Options{Plugins: []string{t.TempDir()}})
	if err == nil || !strings.HasPrefix(err.Error(), "stack.yaml:7:9: models.llm: there is no program docker-model\n  hint: install") {
		t.Errorf("no model runner: %v", err)
	}
}

func TestAProviderThatFailsSaysWhy(t *testing.T) {
	for want, script := range map[string]string{
		"provider my-db: no money": `echo '{"type":"error","message":"no money"}'`,
		"exit status 3: no money":  `echo '{"type":"error","message":"no money"}'; exit 3`,
		"exit status 4: broken":    `echo broken >&2; exit 4`,
		`setenv "URL": want KEY=`:  `echo '{"type":"setenv","message":"URL"}'`,
		`the type "publish"`:       `echo '{"type":"publish","message":"80"}'`,
		"token too long":           `head -c 3000000 /dev/zero | tr '\0' x; echo; echo end`,
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
	if got, want := calls(t, dir), `compose metadata
compose metadata
compose --project-name=shop down other
compose --project-name=shop down --kind=pg --size=1 --size=2 my-db
compose metadata
compose --project-name=shop down other
`; got != want {
		t.Errorf("calls\n%s\nwant\n%s", got, want)
	}
}

const described = `if [ "$2" = metadata ]; then
echo '{"description": "d", "up": {"parameters": [{"name": "kind", "required": true}, {"name": "size"}]}, "down": {}, "stop": {"parameters": [{"name": "size"}]}}'
fi
`

func TestAProgramGetsTheOptionsThatItKnows(t *testing.T) {
	dir := plugins(t, map[string]string{"cloud": described, "missing": ""})
	o := outside.Options{Plugins: []string{dir}}
	for _, do := range []func() error{
		func() error { _, err := outside.Up(t.Context(), shop(), []string{"my-db"}, o); return err },
		func() error { return outside.Stop(t.Context(), shop(), nil, o) },
		func() error { return outside.Down(t.Context(), shop(), []string{"my-db"}, o) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	got := strings.ReplaceAll(calls(t, dir), "compose metadata\n", "")
	if want := `compose --project-name=shop up --kind=pg --size=1 --size=2 my-db
compose --project-name=shop stop --size=1 --size=2 my-db
compose --project-name=shop down my-db
`; got != want {
		t.Errorf("calls\n%s\nwant\n%s", got, want)
	}
}

func TestAnOptionThatTheProgramWantsIsAFinding(t *testing.T) {
	dir := plugins(t, map[string]string{"cloud": described})
	s := shop()
	s.Providers["my-db"] = spec.Provider{Name: "my-db", Type: "cloud"}
	_, err := outside.Up(t.Context(), s, []string{"my-db"}, outside.Options{Plugins: []string{dir}})
	if err == nil || !strings.Contains(err.Error(), `services.my-db.provider: cloud wants the option "kind"`) {
		t.Errorf("got %v", err)
	}
	if got := calls(t, dir); got != "compose metadata\n" {
		t.Errorf("calls %q", got)
	}
}
