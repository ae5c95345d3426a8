package spec

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

// Whatever a file says, Load answers with a stack or with findings that have a
// place; twice the same; and it takes nothing that compose-go refuses.
func FuzzLoad(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	logrus.SetOutput(io.Discard)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "/dev/") || strings.Contains(text, "/proc/") {
			t.Skip("such files may not end")
		}
		load := func() (*Stack, error) {
			return Load(context.Background(), LoadOptions{
				Dir: dir, Files: []string{"-"}, Project: "fuzz", Stdin: strings.NewReader(text),
				Env: map[string]string{"A": "a", "EMPTY": ""},
			})
		}
		stack, err := load()
		again, errAgain := load()
		if !reflect.DeepEqual(stack, again) || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("two loads differ:\n%v\n%v", err, errAgain)
		}
		if err != nil {
			checkFindings(t, err)
			return
		}
		if theirs := composeLoad(dir, text); theirs != nil {
			t.Fatalf("compose-go refuses it: %v", theirs)
		}
	})
}

func checkFindings(t *testing.T, err error) {
	t.Helper()
	var file *FileError
	if !errors.As(err, &file) {
		t.Fatalf("%T: %v", err, err)
	}
	if len(file.Findings) == 0 {
		t.Fatal("no finding")
	}
	for _, finding := range file.Findings {
		if finding.Line < 1 || finding.Column < 1 || finding.Message == "" {
			t.Fatalf("no place: %#v", finding)
		}
	}
}

// composeLoad is a whole load by compose-go, with its own checks.
func composeLoad(dir, text string) (err error) {
	// It panics on some values that its schema allows, such as an empty pid, and
	// that is no verdict.
	defer func() { _ = recover() }()
	_, err = loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: "-", Content: []byte(text)}},
		Environment: map[string]string{"A": "a", "EMPTY": ""},
	}, func(o *loader.Options) {
		o.SetProjectName("fuzz", true)
		o.SkipResolveEnvironment = true // it cannot read the format raw
	})
	return err
}

// What loads means the same when it is rendered and loaded again: the same
// services, networks and volumes, field by field.
func FuzzRender(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	logrus.SetOutput(io.Discard)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "/dev/") || strings.Contains(text, "/proc/") {
			t.Skip("such files may not end")
		}
		options := func(text string) LoadOptions {
			return LoadOptions{
				Dir: dir, Files: []string{"-"}, Project: "fuzz", Stdin: strings.NewReader(text),
				Env: map[string]string{"A": "a", "EMPTY": ""},
			}
		}
		stack, err := Load(context.Background(), options(text))
		if err != nil {
			return
		}
		rendered, err := Render(context.Background(), options(text), RenderOptions{})
		if err != nil {
			t.Fatalf("it loads, and is not rendered: %v", err)
		}
		again, err := Load(context.Background(), options(string(rendered)))
		if err != nil {
			t.Fatalf("what is rendered does not load: %v\n%s", err, rendered)
		}
		for name, pair := range map[string][2]any{
			"services": {stack.Services, again.Services}, "networks": {stack.Networks, again.Networks}, "volumes": {stack.Volumes, again.Volumes},
		} {
			if a, b := asJSON(t, pair[0]), asJSON(t, pair[1]); a != b {
				t.Fatalf("%s are\n%s\nand again\n%s\nrendered:\n%s", name, a, b, rendered)
			}
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
