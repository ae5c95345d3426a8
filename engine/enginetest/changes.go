package enginetest

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

func changes() map[string]func(*suite) {
	return map[string]func(*suite){
		"UpdateIsReadBack":    updateIsReadBack,
		"UpdateTakesBack":     updateTakesBack,
		"UpdateOfAFixedField": updateOfFixed,
		"Rename":              rename,
		"RenameNameTaken":     renameTaken,
		"Unpause":             unpause,
		"CopyFiles":           copyFiles,
		"Hook":                hook,
	}
}

// updateIsReadBack: an update shows as what is observed, beside what is
// recorded.
func updateIsReadBack(s *suite) {
	was := s.full()
	name := s.start("web", was)
	is := was
	is.Memory, is.CPUs, is.CPUShares, is.PidsLimit, is.Restart = 96<<20, 7e8, 256, 50, "always"
	s.twice(engine.UpdateContainer{Name: name, Definition: is, Fields: []string{"mem_limit", "cpus", "cpu_shares", "pids_limit", "restart"}})
	s.reads(name, was, is)

	last := is
	last.Memory = 128 << 20
	last.CPUs = 1 // is not sent: the update does not name it
	s.ok(engine.UpdateContainer{Name: name, Definition: last, Fields: []string{"mem_limit"}})
	last.CPUs = is.CPUs
	s.reads(name, was, last)
}

// updateTakesBack: the fields that are live by "update" go back to nothing,
// those that are live by "set" cannot.
func updateTakesBack(s *suite) {
	was := s.full()
	name := s.start("web", was)
	is := was
	is.Restart, is.PidsLimit = "", 0
	s.ok(engine.UpdateContainer{Name: name, Definition: is, Fields: []string{"restart", "pids_limit"}})
	s.reads(name, was, is)
	s.fails(engine.UpdateContainer{Name: name, Fields: []string{"mem_limit"}}, engine.ErrUnsupported)
}

func updateOfFixed(s *suite) {
	name := s.create("web", s.definition())
	s.fails(engine.UpdateContainer{Name: name, Definition: spec.Container{Hostname: "x"}, Fields: []string{"hostname"}}, engine.ErrUnsupported)
}

// rename: a repeated rename is success, by ID and by name.
func rename(s *suite) {
	name := s.serve("web")
	id, other := s.container(name).ID, name+".old"
	s.clean(engine.RemoveContainer{Name: other})
	s.twice(engine.RenameContainer{From: name, To: other})
	if s.container(other).ID != id || s.has(name) {
		s.Errorf("after the rename: %v", s.snapshot().Containers)
	}
	s.twice(engine.RenameContainer{From: id, To: name})
	if s.container(name).ID != id {
		s.Errorf("after the rename back: %v", s.snapshot().Containers)
	}
}

func renameTaken(s *suite) {
	first, second := s.create("first", s.definition()), s.create("second", s.definition())
	s.fails(engine.RenameContainer{From: first, To: second}, engine.ErrConflict)
}

func unpause(s *suite) {
	name := s.serve("web")
	s.ok(engine.UnpauseContainer{Name: name})
	if s.env.Pause == nil {
		return
	}
	if err := s.env.Pause(s.ctx, s.Engine, name); err != nil {
		s.Fatal(err)
	}
	s.status(name, engine.StatusPaused)
	s.twice(engine.UnpauseContainer{Name: name})
	s.status(name, engine.StatusRunning)
}

func copyFiles(s *suite) {
	name := s.create("web", s.definition())
	op := engine.CopyFiles{Name: name, Files: map[string]spec.FileContent{
		"/run/secrets/password": {Content: []byte("hunter2"), Mode: 0o400},
		"/data/empty":           {},
	}}
	s.twice(op)
	s.ok(engine.StartContainer{Name: name})
	if code, out, _ := s.exec(name, "cat", "/run/secrets/password"); code != 0 || out != "hunter2" {
		s.Errorf("exit code %d, output %q", code, out)
	}
	if code, out, _ := s.exec(name, "cat", "/data/empty"); code != 0 || out != "" {
		s.Errorf("the empty file: exit code %d, output %q", code, out)
	}
}

func hook(s *suite) {
	name := s.create("web", s.definition())
	run := func(args ...string) engine.RunHook {
		return engine.RunHook{Name: name, Hook: spec.Hook{Command: append([]string{"/probe"}, args...), Environment: map[string]string{"KEY": "value"}}}
	}
	s.fails(run("say", "hello"), engine.ErrConflict) // it does not run
	s.ok(engine.StartContainer{Name: name})
	var lines []string
	err := s.RunHook(s.ctx, run("env", "KEY"), func(p plan.Progress) { lines = append(lines, p.Log) })
	if err != nil || strings.Join(lines, "\n") != "value" {
		s.Errorf("got %v, output %q", err, lines)
	}
	if _, err := s.try(run("exit", "3")); err == nil || !strings.Contains(err.Error(), "3") {
		s.Errorf("a hook that exits with 3 gave %v", err)
	}
}

// exec runs the probe inside a container.
func (s *suite) exec(name string, args ...string) (code int, stdout, stderr string) {
	s.Helper()
	var out, err bytes.Buffer
	code, failed := s.Exec(s.ctx, name, engine.ExecOptions{Command: append([]string{"/probe"}, args...), Stdout: &out, Stderr: &err})
	if failed != nil {
		s.Fatalf("exec %v: %v", args, failed)
	}
	return code, out.String(), err.String()
}

func contextEnded() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, cancel
}

func decimal(n uint16) string { return strconv.Itoa(int(n)) }
