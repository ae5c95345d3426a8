package enginetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

func streams() map[string]func(*suite) {
	return map[string]func(*suite){
		"Version":        version,
		"ID":             identity,
		"Exec":           execCommand,
		"ExecNotRunning": execNotRunning,
		"Logs":           logs,
		"LogsOfErrors":   logsOfErrors,
		"LogsFollow":     logsFollow,
		"Watch":          watch,
	}
}

func version(s *suite) {
	v, err := s.Version(s.ctx)
	if err != nil || v.Engine == "" || v.API == "" || v.Host == "" || v.OS == "" || v.Arch == "" {
		s.Errorf("got %+v, %v", v, err)
	}
}

func identity(s *suite) {
	first, err := s.ID(s.ctx)
	if again, second := s.ID(s.ctx); err != nil || second != nil || first == "" || again != first {
		s.Errorf("got %q, %v, and then %q, %v", first, err, again, second)
	}
}

func execCommand(s *suite) {
	value := "of the container"
	c := s.definition()
	c.Env = map[string]*string{"KEY": &value}
	name := s.start("web", c)
	if code, out, text := s.exec(name, "say", "hello"); code != 0 || out != "hello\n" || text != "" {
		s.Errorf("say: %d, %q, %q", code, out, text)
	}
	if code, out, text := s.exec(name, "cat", "/none"); code != 1 || out != "" || text == "" {
		s.Errorf("cat: %d, %q, %q", code, out, text)
	}
	if code, _, _ := s.exec(name, "exit", "42"); code != 42 {
		s.Errorf("exit: %d", code)
	}
	if _, out, _ := s.exec(name, "env", "KEY"); out != value+"\n" {
		s.Errorf("env: %q", out)
	}
	var out bytes.Buffer
	opts := engine.ExecOptions{Command: []string{"/probe", "env", "KEY"}, Env: []string{"KEY=of the call"}, Stdout: &out}
	if code, err := s.Exec(s.ctx, name, opts); code != 0 || err != nil || out.String() != "of the call\n" {
		s.Errorf("env of the call: %d, %v, %q", code, err, out.String())
	}
}

func execNotRunning(s *suite) {
	opts := engine.ExecOptions{Command: []string{"/probe", "say", "x"}}
	if _, err := s.Exec(s.ctx, s.create("web", s.definition()), opts); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("in a created container: %v", err)
	}
	if _, err := s.Exec(s.ctx, s.project+"-none", opts); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("in none: %v", err)
	}
}

// logs reads what a container has written, to its end.
func (s *suite) logs(name string, opts engine.LogOptions) (stdout, stderr string) {
	s.Helper()
	var out, err bytes.Buffer
	if failed := s.Logs(s.ctx, name, opts, &out, &err); failed != nil {
		s.Fatalf("logs: %v", failed)
	}
	return out.String(), err.String()
}

// logs of a job that has ended: there is nothing to wait for.
func logs(s *suite) {
	name := s.start("job", s.definition("say", "one\ntwo"))
	s.ok(engine.WaitContainer{Name: name, Condition: engine.Completed})
	if out, text := s.logs(name, engine.LogOptions{}); out != "one\ntwo\n" || text != "" {
		s.Errorf("all: %q, %q", out, text)
	}
	if out, _ := s.logs(name, engine.LogOptions{Tail: "1"}); out != "two\n" {
		s.Errorf("tail: %q", out)
	}
	if out, _ := s.logs(name, engine.LogOptions{Tail: "all", Follow: true}); out != "one\ntwo\n" {
		s.Errorf("followed: %q", out)
	}
	if out, _ := s.logs(name, engine.LogOptions{Since: "1h"}); out != "one\ntwo\n" {
		s.Errorf("of an hour: %q", out)
	}
	if out, _ := s.logs(name, engine.LogOptions{Until: "1h"}); out != "" {
		s.Errorf("until an hour ago: %q", out)
	}
	out, _ := s.logs(name, engine.LogOptions{Timestamps: true, Tail: "1"})
	stamp, text, _ := strings.Cut(out, " ")
	if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil || text != "two\n" {
		s.Errorf("with timestamps: %q: %v", out, err)
	}
	if err := s.Logs(s.ctx, s.project+"-none", engine.LogOptions{}, io.Discard, io.Discard); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("of none: %v", err)
	}
}

func logsOfErrors(s *suite) {
	name := s.start("job", s.definition("cat", "/none"))
	s.notReady(engine.WaitContainer{Name: name, Condition: engine.Completed})
	if out, text := s.logs(name, engine.LogOptions{}); out != "" || text == "" {
		s.Errorf("got %q, %q", out, text)
	}
}

// logsFollow: following ends when the container stops.
func logsFollow(s *suite) {
	name := s.serve("web")
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := s.Logs(s.ctx, name, engine.LogOptions{Follow: true}, writer, io.Discard)
		_ = writer.Close() // of a pipe: never fails
		ended <- err
	}()
	first := make([]byte, len("serving\n"))
	if _, err := io.ReadFull(reader, first); err != nil || string(first) != "serving\n" {
		s.Fatalf("got %q, %v", first, err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }() // until the pipe is closed
	s.ok(engine.StopContainer{Name: name})
	if err := <-ended; err != nil {
		s.Errorf("the end of following: %v", err)
	}
}

// watch sees the life of the project's containers, and of no others.
func watch(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	events := make(chan engine.ContainerEvent, 100)
	if err := s.Watch(ctx, s.project, func(e engine.ContainerEvent) { events <- e }); err != nil {
		s.Fatal(err)
	}
	s.create("other", spec.Container{Image: s.env.Image}, func(op *engine.CreateContainer) { op.Labels[engine.LabelProject] += "-other" })
	name := s.start("job", s.definition("exit", "3"))
	s.notReady(engine.WaitContainer{Name: name, Condition: engine.Completed})
	s.ok(engine.RemoveContainer{Name: name})
	var seen []string
	for len(seen) == 0 || seen[len(seen)-1] != "destroy" {
		select {
		case e := <-events:
			if e.Name != name || e.Service != "job" || e.ID == "" || e.Time.IsZero() || e.Action == "die" && e.ExitCode != 3 {
				s.Errorf("got %+v", e)
			}
			seen = append(seen, e.Action)
		case <-s.ctx.Done():
			s.Fatalf("no end of the events %v", seen)
		}
	}
	if got := strings.Join(seen, " "); got != "create start die destroy" {
		s.Errorf("events: %s", got)
	}
}
