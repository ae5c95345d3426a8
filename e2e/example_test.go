//go:build e2e

package e2e_test

import (
	"maps"
	"os"
	"strings"
	"testing"
	"time"
)

const example = "../examples/ml-webapp"

// TestExample takes a copy of the example, under a name and a port of its own,
// through a day of its life. Its parts share one stack: it takes half a minute
// to come up, and the first time its images are built from Debian's packages.
func TestExample(t *testing.T) {
	s := newExample(t)
	page := openPage(t)
	address := "http://127.0.0.1:" + s.value("FRONT_PORT")

	s.patience = 20 * time.Minute
	part := func(name string, do func(t *testing.T)) {
		if !t.Run(name, func(t *testing.T) { s.within(t, do) }) {
			t.FailNow() // what follows stands on it
		}
	}
	part("comes up, and stays as it is", func(*testing.T) {
		s.run("up", "-d", "--wait").says(s.value("FRONT_PORT"))
		s.converged("up", "-d", "--wait")
	})
	part("recognises a drawing", func(t *testing.T) {
		page.visit(t, address)
		page.wantHistory(t)
		page.drawZero(t)
		page.wantAnswer(t)
		page.wantHistory(t)
		page.takeSample(t)
		page.wantHistory(t)
		s.wantStored(t, page.answer(t))
		page.save(t)
	})
	part("changes one value of back", func(*testing.T) { s.changesOneValue() })
	part("trains again when the script changes", func(*testing.T) { s.trainsAgain() })
	part("answers after all that", func(t *testing.T) {
		page.takeSample(t)
		page.wantHistory(t)
	})
	part("remembers over down and up", func(t *testing.T) {
		s.run("down")
		s.wantLeft([]string{s.name + "_db-data", s.name + "_models"})
		s.run("up", "-d", "--wait")
		page.visit(t, address)
		page.wantHistory(t)
	})
	part("forgets with down -v", func(t *testing.T) {
		s.run("down", "-v")
		s.wantLeft(nil)
		page.asked = 0
		s.run("up", "-d", "--wait")
		page.visit(t, address)
		page.wantHistory(t)
	})
	part("goes without its file", func(t *testing.T) {
		s.dir = t.TempDir()
		s.run("-p", s.name, "down", "-v")
		s.wantLeft(nil)
	})
}

// within has a part of a test report what goes wrong in it.
func (s *sandbox) within(t *testing.T, do func(t *testing.T)) {
	whole := s.t
	s.t = t
	defer func() { s.t = whole }()
	do(t)
}

func newExample(t *testing.T) *sandbox {
	t.Helper()
	s := newSandbox(t, "")
	if err := os.CopyFS(s.dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	s.env = []string{"FRONT_PORT=" + freePort(t)}
	return s
}

// value is what the program sees under a name.
func (s *sandbox) value(key string) (value string) {
	for _, entry := range s.environment() {
		if after, ok := strings.CutPrefix(entry, key+"="); ok {
			value = after
		}
	}
	return value
}

func (s *sandbox) changesOneValue() {
	s.t.Helper()
	before := s.ids()
	s.edit("stack.yaml", "LOG_LEVEL: ${LOG_LEVEL:-info}", "LOG_LEVEL: debug")
	s.wantOneChange("replace", "back", []string{"environment.LOG_LEVEL"})
	s.run("up", "-d", "--wait")
	s.wantReplaced(before, "-back-1")
	s.converged()
}

func (s *sandbox) trainsAgain() {
	s.t.Helper()
	before := s.ids()
	s.edit("train/train.py", "VARIATIONS = 3", "VARIATIONS = 2")
	image := func(service string) string { return s.name + "-" + service }
	s.wantGuarded(map[string]string{
		"build image " + image("front"):         "",
		"build image " + image("back"):          "",
		"build image " + image("db"):            "",
		"build image " + image("train"):         "",
		"build image " + image("model"):         "",
		"replace container " + image("front-1"): image("front"),
		"replace container " + image("back-1"):  image("back"),
		"replace container " + image("db-1"):    image("db"),
		"run container " + image("train-1"):     image("train"),
		"replace container " + image("model-1"): image("model") + " " + image("train"),
		"replace container " + image("model-2"): image("model") + " " + image("train"),
	})
	s.run("up", "-d", "--build", "--wait")
	s.wantReplaced(before, "-train-1", "-model-1", "-model-2")
	s.converged()
}

// wantReplaced holds the project to the containers it had, but for new ones
// under these names.
func (s *sandbox) wantReplaced(before map[string]string, names ...string) {
	s.t.Helper()
	want, got := map[string]string{}, s.ids()
	maps.Copy(want, before)
	for _, name := range names {
		name = s.name + name
		if got[name] == before[name] {
			s.t.Errorf("%s is the old one", name)
		}
		want[name] = got[name]
	}
	if !maps.Equal(got, want) {
		s.t.Errorf("there are %v, want %v", got, want)
	}
}

// wantStored holds the last row of the database to an answer of the page.
func (s *sandbox) wantStored(t *testing.T, digit string) {
	t.Helper()
	r := s.run("exec", "-T", "-u", "postgres", "db", "psql", "-At", "-d", "digits", "-c", "select digit from predictions order by id desc limit 1")
	if got := strings.TrimSpace(r.stdout); got != digit {
		t.Errorf("the database says %q, the page %q", got, digit)
	}
}
