package spec

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const jobs = `
x-stack: {on_failure: stop}
services:
  migrate:
    image: job
    volumes: [./sql:/sql:ro, ./out:/out, ./big:/big:ro, data:/data]
    configs: [settings]
  web:
    image: web
    volumes: [./sql:/sql:ro]
    depends_on: {migrate: {condition: service_completed_successfully}}
    x-stack: {on_failure: continue}
configs:
  settings: {file: ./settings}
volumes:
  data:
`

// folder makes files, and loads the stack among them.
func folder(t *testing.T, files map[string]string) (dir string, load func() *Stack) {
	t.Helper()
	dir = t.TempDir()
	files["stack.yaml"] = jobs
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir, func() *Stack {
		t.Helper()
		s, err := Load(context.Background(), LoadOptions{Dir: dir, Project: "p"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestTheInputsOfAJobAreWhatIsBoundIntoIt(t *testing.T) {
	dir, load := folder(t, map[string]string{
		"sql/1.sql": "create", "sql/more/2.sql": "insert", "settings": "x", "big": strings.Repeat("x", inputBytes+1),
	})
	first := load()
	migrate, web := first.Services["migrate"], first.Services["web"]
	if got := migrate.Container.Inputs; len(got) != 2 || got["/sql"] == "" || got["/out"] == "" {
		t.Errorf("inputs are %v, want those of /sql and /out", got)
	}
	if web.Container.Inputs != nil {
		t.Errorf("a service that is no job has the inputs %v", web.Container.Inputs)
	}
	if want := "over 1 MiB or 1000 files"; len(migrate.Unread) != 1 || migrate.Unread["/big"] != want {
		t.Errorf("not looked at: %v, want /big: %s", migrate.Unread, want)
	}
	if again := load(); !reflect.DeepEqual(again.Services["migrate"], migrate) {
		t.Errorf("a second look differs:\n%v\n%v", again.Services["migrate"], migrate)
	}
	write(t, dir, "sql/more/2.sql", "INSERT")
	if got := load().Services["migrate"].Container.Inputs; got["/sql"] == migrate.Container.Inputs["/sql"] || got["/out"] != migrate.Container.Inputs["/out"] {
		t.Errorf("after a change below /sql the inputs are %v, before %v", got, migrate.Container.Inputs)
	}
}

func TestWhatAJobCanWriteToKnowsWhenItWasWritten(t *testing.T) {
	dir, load := folder(t, map[string]string{"sql/1.sql": "", "settings": "", "big": "", "out/result": "1"})
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, path := range []string{"out/result", "out"} {
		if err := os.Chtimes(filepath.Join(dir, path), at, at); err != nil {
			t.Fatal(err)
		}
	}
	touched := load().Services["migrate"].Touched
	if len(touched) != 1 || !touched["/out"].Equal(at) {
		t.Errorf("last written: %v, want /out at %s, and nothing that is read-only", touched, at)
	}
}

func TestTooManyFilesAreNotLookedAt(t *testing.T) {
	files := map[string]string{"settings": "", "big": ""}
	for i := range inputFiles + 1 {
		files["sql/"+strings.Repeat("x", i%100+1)+"/"+strings.Repeat("y", i/100+1)] = ""
	}
	_, load := folder(t, files)
	if unread := load().Services["migrate"].Unread; unread["/sql"] == "" {
		t.Errorf("not looked at: %v, want /sql", unread)
	}
}

func TestOnFailureAndPositionOfEachService(t *testing.T) {
	_, load := folder(t, map[string]string{"sql/1.sql": "", "settings": "", "big": ""})
	s := load()
	if got := s.Services["migrate"].OnFailure; got != Stop {
		t.Errorf("migrate: on failure %q, want what stands at the top: %q", got, Stop)
	}
	if got := s.Services["web"].OnFailure; got != Continue {
		t.Errorf("web: on failure %q, want its own: %q", got, Continue)
	}
	want := map[string]Position{"migrate": {"stack.yaml", 4, 3}, "web": {"stack.yaml", 8, 3}}
	if !reflect.DeepEqual(s.Positions, want) {
		t.Errorf("positions are %v, want %v", s.Positions, want)
	}
}
