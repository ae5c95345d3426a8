package spec_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/stackfile/stack/spec"
)

// elsewhere lays out files, those below there/ to be had under far://, the
// others in the working folder.
func elsewhere(t *testing.T, files string) spec.LoadOptions {
	t.Helper()
	root := t.TempDir()
	for _, f := range txtar.Parse([]byte(files)).Files {
		path := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return spec.LoadOptions{Dir: filepath.Join(root, "here"), Remote: func(_ context.Context, name string) (string, bool, error) {
		path, ok := strings.CutPrefix(name, "far://")
		if path == "nowhere" {
			return "", true, errors.New("nobody has it")
		}
		if strings.HasPrefix(name, "https://") {
			return "", true, errors.New(name + " has nothing")
		}
		return filepath.Join(root, "there", path), ok, nil
	}}
}

const farApplication = `
-- here/.env --
V=here
COMPOSE_PATH_SEPARATOR=,
-- there/compose.yaml --
services:
  web: {image: "web:${V}", env_file: [beside.env]}
-- there/.env --
V=there
-- there/beside.env --
A=1
`

func TestAFileFromElsewhereIsAProjectOfTheWorkingFolder(t *testing.T) {
	for name, set := range map[string]func(*spec.LoadOptions){
		"a flag":           func(o *spec.LoadOptions) { o.Files = []string{"far://compose.yaml"} },
		"a variable":       func(o *spec.LoadOptions) { o.Env = map[string]string{"STACK_FILE": "far://compose.yaml"} },
		"compose variable": func(o *spec.LoadOptions) { o.Env = map[string]string{"COMPOSE_FILE": "far://compose.yaml"} },
		"and a folder": func(o *spec.LoadOptions) {
			o.Files, o.ProjectDirectory = []string{"far://compose.yaml"}, o.Dir
			o.Dir = filepath.Dir(o.Dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			opts := elsewhere(t, farApplication)
			set(&opts)
			s, err := spec.Load(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			web := s.Services["web"]
			if s.Name != "here" || filepath.Base(s.WorkingDir) != "here" {
				t.Errorf("project %s in %s", s.Name, s.WorkingDir)
			}
			if web.Container.Image != "web:here" || web.Container.Env["A"] == nil || *web.Container.Env["A"] != "1" {
				t.Errorf("image %s, environment %v", web.Container.Image, web.Container.Env)
			}
		})
	}
}

func TestServicesExtendAndIncludeFilesFromElsewhere(t *testing.T) {
	s, err := spec.Load(t.Context(), elsewhere(t, farApplication+`
-- here/compose.yaml --
include: ["far://more/compose.yaml"]
services:
  own: {extends: {file: "far://compose.yaml", service: web}}
-- there/more/compose.yaml --
services:
  more: {image: "more:${V}"}
`))
	if err != nil {
		t.Fatal(err)
	}
	own, more := s.Services["own"], s.Services["more"]
	if own.Container.Image != "web:here" || own.Container.Env["A"] == nil || more.Container.Image != "more:here" {
		t.Errorf("own %s with %v, more %s", own.Container.Image, own.Container.Env, more.Container.Image)
	}
}

func TestWhatCannotBeFetchedIsReportedWhereItIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"include: [far://nowhere]\nservices: {web: {image: web}}":                "compose.yaml:1:11: include[0]: cannot fetch far://nowhere: nobody has it",
		"services:\n  web: {extends: {file: \"far://nowhere\", service: web}}\n": "compose.yaml:2:25: services.web.extends.file: cannot fetch far://nowhere: nobody has it",
	} {
		_, err := spec.Load(t.Context(), elsewhere(t, "-- here/compose.yaml --\n"+text))
		var wrong *spec.FileError
		if !errors.As(err, &wrong) || len(wrong.Findings) != 1 || wrong.Findings[0].String() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	opts := elsewhere(t, "")
	opts.Files = []string{"far://nowhere"}
	if _, err := spec.Load(t.Context(), opts); err == nil || err.Error() != "far://nowhere: cannot be fetched: nobody has it" {
		t.Errorf("got %v", err)
	}
}

// The folder that a file was fetched to has no store of secrets.
func TestAStoreIsBesideTheProject(t *testing.T) {
	opts := elsewhere(t, `
-- here/.env --
STACK_SECRETS_DIR=store
-- here/store/key --
sesame
-- there/compose.yaml --
services: {web: {image: web, secrets: [key]}}
secrets: {key: {external: true}}
`)
	opts.Files = []string{"far://compose.yaml"}
	s, err := spec.Load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Services["web"].Container.Mounts["/run/secrets/key"].Source; got != filepath.Join(opts.Dir, "store", "key") {
		t.Errorf("bound from %s", got)
	}
}

func TestCredentialsInTheNameOfAFileAreNotSaid(t *testing.T) {
	for _, name := range []string{"https://me:sesame@far.test/x.git", "https://sesame@far.test/x.git"} {
		named := elsewhere(t, "")
		named.Files = []string{name}
		for _, opts := range []spec.LoadOptions{
			named,
			elsewhere(t, "-- here/compose.yaml --\ninclude: [\""+name+"\"]\nservices: {web: {image: web}}"),
		} {
			_, err := spec.Load(t.Context(), opts)
			if err == nil || strings.Contains(err.Error(), "sesame") || !strings.Contains(err.Error(), "https://***@far.test/x.git has nothing") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}
