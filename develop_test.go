package stack_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

const watchedFile = `
name: app
services:
  web:
    image: web:1
    develop:
      watch:
        - action: sync+exec
          path: .
          target: /app
          include: ["*.txt"]
          exec: {command: [reload, now], user: "12", privileged: true, working_dir: /usr, environment: {WHO: me}}
`

// watching is one run of a Watch, and what it has told.
type watching struct {
	*testing.T
	dir  string
	told chan stack.Watched
	end  func()
}

func watch(t *testing.T, e engine.Engine, desired *spec.Stack) *watching {
	t.Helper()
	w := &watching{T: t, dir: desired.WorkingDir, told: make(chan stack.Watched, 64)}
	made, err := stack.NewWatch(desired, stack.WatchOptions{Told: func(done stack.Watched) { w.told <- done }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- made.Run(ctx, e, desired) }()
	w.end = func() {
		cancel()
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Errorf("over with %v", err)
		}
		if err := made.Close(); err != nil {
			t.Error(err)
		}
	}
	return w
}

func (w *watching) save(name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
}

// await returns the next thing of a kind that was done.
func (w *watching) await(action spec.WatchAction) stack.Watched {
	w.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case done := <-w.told:
			if done.Act == action {
				return done
			}
		case <-deadline:
			w.Fatalf("no %s", action)
		}
	}
}

func TestACommandAfterASyncIsRunAsAsked(t *testing.T) {
	e, desired := world(t, watchedFile)
	ran := make(chan memory.Process, 8)
	e.Behave("web", memory.Behaviour{Exec: func(p memory.Process) int { ran <- p; return 0 }})
	up(t, e, desired, planner.Options{})
	w := watch(t, e, desired)
	defer w.end()
	w.save("a.txt", "1")
	w.save("b.log", "1")
	if done := w.await(spec.SyncExec); done.Err != nil || done.Service != "web" {
		t.Errorf("got %+v", done)
	}
	p := <-ran
	if p.Command[0] != "reload" || p.User != "12" || !p.Privileged || p.WorkingDir != "/usr" || p.Env[0] != "WHO=me" {
		t.Errorf("ran %+v", p.ExecOptions)
	}
	if string(p.Files["/app/a.txt"].Content) != "1" || len(p.Files) != 1 {
		t.Errorf("with files %v", p.Files)
	}
}

func TestAContainerThatIsMadeMeanwhileCatchesUp(t *testing.T) {
	e, desired := world(t, watchedFile)
	up(t, e, desired, planner.Options{})
	w := watch(t, e, desired)
	defer w.end()
	w.save("a.txt", "1")
	w.await(spec.SyncExec)
	up(t, e, desired, planner.Options{ForceRecreate: true})
	if done := w.await(spec.Sync); done.Err != nil || done.Files != 1 {
		t.Errorf("got %+v", done)
	}
	if got := string(e.Files("app-web-1")["/app/a.txt"].Content); got != "1" {
		t.Errorf("the new container has %q", got)
	}
}

func TestACommandThatFailsIsToldAndWatchingGoesOn(t *testing.T) {
	e, desired := world(t, watchedFile)
	e.Behave("web", memory.Behaviour{Exec: func(memory.Process) int { return 7 }})
	up(t, e, desired, planner.Options{})
	w := watch(t, e, desired)
	defer w.end()
	for _, text := range []string{"1", "2"} {
		w.save("a.txt", text)
		if done := w.await(spec.SyncExec); done.Err == nil {
			t.Errorf("got %+v", done)
		}
	}
	if got := string(e.Files("app-web-1")["/app/a.txt"].Content); got != "2" {
		t.Errorf("the container has %q", got)
	}
}
