package spec

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestNoFileIsToldApart(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(context.Background(), LoadOptions{Dir: dir, Project: "shop"})
	var none *NoFileError
	if !errors.As(err, &none) || none.Dir != dir || none.Names[0] != "stack.yaml" {
		t.Fatalf("got %v", err)
	}
	_, err = Load(context.Background(), LoadOptions{Dir: dir, Files: []string{"stack.yaml"}})
	var file *FileError
	if errors.As(err, &none) || !errors.As(err, &file) {
		t.Errorf("a file that was named: got %T %v", err, err)
	}
}

func TestCycleIsACause(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "stack.yaml", "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n")
	_, err := Load(context.Background(), LoadOptions{Dir: dir})
	var cycle *CycleError
	if !errors.As(err, &cycle) || !reflect.DeepEqual(cycle.Path, []string{"a", "b", "a"}) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownTargetHasAHint(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "stack.yaml", "services: {web: {image: x}}\n")
	_, err := Load(context.Background(), LoadOptions{Dir: dir, Services: []string{"wbe"}})
	var unknown *UnknownServiceError
	if !errors.As(err, &unknown) || unknown.Name != "wbe" || unknown.Hint != "did you mean web?" {
		t.Errorf("got %#v", err)
	}
}

func TestProjectNames(t *testing.T) {
	const named = "name: In-File\nservices: {web: {image: x}}\n"
	const plain = "services: {web: {image: x}}\n"
	for _, c := range []struct {
		folder, text, flag, variable, want string
	}{
		{"My Shop_1", plain, "", "", "myshop_1"},
		{"--x", plain, "", "", "x"},
		{"shop", named, "", "", "in-file"},
		{"shop", named, "", "variable", "variable"},
		{"shop", named, "flag", "variable", "flag"},
		{"shop", "name: ${N:-from}-variable\n" + plain, "", "", "from-variable"},
		{"shop", plain, "Flag", "", `project name "Flag"`},
		{"shop", plain, "", "-x", `project name "-x"`},
		{"...", plain, "", "", "project name: the folder"},
	} {
		dir := filepath.Join(t.TempDir(), c.folder)
		write(t, dir, "stack.yaml", c.text)
		opts := LoadOptions{Dir: dir, Project: c.flag, Env: map[string]string{}}
		if c.variable != "" {
			opts.Env["COMPOSE_PROJECT_NAME"] = c.variable
		}
		stack, err := Load(context.Background(), opts)
		if err != nil {
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%+v: %v", c, err)
			}
		} else if stack.Name != c.want {
			t.Errorf("%+v: got %s", c, stack.Name)
		}
	}
}

func TestEnvFilesThatFail(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "stack.yaml", "services: {web: {image: x}}\n")
	for _, c := range []struct {
		opts LoadOptions
		want string
	}{
		{LoadOptions{EnvFiles: []string{"gone.env"}}, "gone.env"},
		{LoadOptions{Env: map[string]string{"COMPOSE_ENV_FILES": "a.env,b.env"}}, "a.env"},
		{LoadOptions{Env: map[string]string{"COMPOSE_DISABLE_ENV_FILE": "perhaps"}}, "COMPOSE_DISABLE_ENV_FILE"},
	} {
		c.opts.Dir = dir
		if _, err := Load(context.Background(), c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.opts, err)
		}
	}
}

func TestLoadReadsNoEnvironmentButItsOptions(t *testing.T) {
	t.Setenv("LEAK", "leaked")
	t.Setenv("COMPOSE_PROJECT_NAME", "leaked")
	t.Setenv("COMPOSE_FILE", "leaked.yaml")
	dir := filepath.Join(t.TempDir(), "shop")
	env := map[string]string{"OWN": "own"}
	write(t, dir, "stack.yaml", "services: {web: {image: \"x${LEAK}\", environment: [LEAK, OWN]}}\n")
	stack, err := Load(context.Background(), LoadOptions{Dir: dir, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	c := stack.Services["web"].Container
	if stack.Name != "shop" || c.Image != "x" || c.Env["LEAK"] != nil || *c.Env["OWN"] != "own" {
		t.Errorf("got %s, %+v", stack.Name, c)
	}
	if len(env) != 1 {
		t.Errorf("the caller's variables changed: %v", env)
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, shopOptions(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLoadsRunBesideEachOther(t *testing.T) {
	opts := shopOptions(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := Load(context.Background(), opts); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// A billion laughs must end soon, and say why.
func TestAliasesThatExplode(t *testing.T) {
	text := "x-0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
	for i := 1; i < 12; i++ {
		ref := "*x" + string(rune('a'+i-1))
		if i == 1 {
			ref = "*x0"
		}
		text += "x-" + string(rune('a'+i)) + ": &x" + string(rune('a'+i)) + " [" + strings.Repeat(ref+", ", 9) + ref + "]\n"
	}
	dir := t.TempDir()
	write(t, dir, "stack.yaml", text+"services: {web: {image: x}}\n")
	_, err := Load(context.Background(), LoadOptions{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

func TestSecretTextIsNotInTheDefinition(t *testing.T) {
	stack, err := Load(context.Background(), shopOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	api := stack.Services["api"]
	text, err := json.Marshal(api.Container)
	if err != nil || strings.Contains(string(text), "very-secret") {
		t.Errorf("in the definition: %s, %v", text, err)
	}
	if got := string(api.Files["/run/secrets/key"].Content); got != "very-secret" {
		t.Errorf("to copy: %q", got)
	}
}
