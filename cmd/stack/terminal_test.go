//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/engine/memory"
)

// screen is the other side of a terminal: what was written to it.
type screen struct {
	tty   *os.File
	mutex sync.Mutex
	text  bytes.Buffer
	more  chan struct{}
}

func newScreen(t *testing.T, size *pty.Winsize) *screen {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, size); err != nil {
		t.Fatal(err)
	}
	s := &screen{tty: tty, more: make(chan struct{}, 1)}
	t.Cleanup(func() { _, _ = tty.Close(), master.Close() })
	go s.read(master)
	return s
}

func (s *screen) read(master *os.File) {
	buffer := make([]byte, 4096)
	for {
		n, err := master.Read(buffer)
		s.mutex.Lock()
		s.text.Write(buffer[:n])
		s.mutex.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *screen) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.more:
		case <-deadline:
			t.Fatalf("no %q on the screen:\n%q", text, s.String())
		}
	}
}

// inTerminal is an environment whose streams are all one terminal.
func inTerminal(t *testing.T, s *screen, e engine.Engine, args ...string) Environment {
	t.Helper()
	return Environment{
		Args: args, Stdin: s.tty, Stdout: s.tty, Stderr: s.tty, Env: map[string]string{"TERM": "xterm"},
		Dir: folder(t), Now: time.Now,
		OpenEngine: func(context.Context, docker.Options) (engine.Engine, error) { return e, nil },
	}
}

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file := "name: app\nservices:\n  web:\n    image: web:1\n    depends_on: [db]\n  db:\n    image: db:16\n"
	if err := os.WriteFile(filepath.Join(dir, "stack.yaml"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTerminalShowsTheTreeAndColors(t *testing.T) {
	s := newScreen(t, &pty.Winsize{Rows: 24, Cols: 80})
	if status := Run(t.Context(), inTerminal(t, s, newWorld().engine, "up", "-d")); status != 0 {
		t.Fatalf("status %d: %s", status, s)
	}
	s.await(t, "changes made")
	for _, want := range []string{"\x1b[32mcreated", " web ", "\x1b[K", "running: db, web"} {
		if !strings.Contains(s.String(), want) {
			t.Errorf("no %q in %q", want, s)
		}
	}
}

func TestNoColorIsHeeded(t *testing.T) {
	s := newScreen(t, &pty.Winsize{Rows: 24, Cols: 80})
	env := inTerminal(t, s, newWorld().engine, "up", "-d")
	env.Env["NO_COLOR"] = "1"
	if status := Run(t.Context(), env); status != 0 {
		t.Fatalf("status %d: %s", status, s)
	}
	s.await(t, "changes made")
	if strings.Contains(s.String(), "\x1b[32m") {
		t.Errorf("colors: %q", s)
	}
}

func TestInterruptsEndAnAttachedUp(t *testing.T) {
	s := newScreen(t, &pty.Winsize{Rows: 24, Cols: 80})
	e := newWorld().engine
	e.Behave("web", memory.Behaviour{Output: "hello\n"})
	interrupts := make(chan os.Signal, 1)
	env := inTerminal(t, s, e, "up")
	env.Interrupts = interrupts
	status := make(chan int, 1)
	go func() { status <- Run(t.Context(), env) }()
	s.await(t, "hello")
	s.await(t, "changes made")
	interrupts <- os.Interrupt
	select {
	case got := <-status:
		if got != statusInterrupted {
			t.Errorf("status %d", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("goes on: %q", s)
	}
	s.await(t, "web-1 exited with code 143")
}

func TestExecHasATerminalOfItsOwn(t *testing.T) {
	s := newScreen(t, &pty.Winsize{Rows: 33, Cols: 111})
	e := newWorld().engine
	e.Behave("web", memory.Behaviour{Exec: func(p memory.Process) int {
		size := <-p.Resize
		_, _ = io.WriteString(p.Stdout, strings.Join(p.Command, " "))
		if !p.Tty || size.Height != 33 || size.Width != 111 || p.Stdin == nil {
			return 1
		}
		return 42
	}})
	if status := Run(t.Context(), inTerminal(t, s, e, "--progress", "quiet", "up", "-d")); status != 0 {
		t.Fatalf("up: status %d: %s", status, s)
	}
	before, err := term.GetState(int(s.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if status := Run(t.Context(), inTerminal(t, s, e, "exec", "web", "sh", "-l")); status != 42 {
		t.Errorf("status %d", status)
	}
	s.await(t, "sh -l")
	after, err := term.GetState(int(s.tty.Fd()))
	if err != nil || *after != *before {
		t.Errorf("the terminal is not as before: %v", err)
	}
}

func TestPrefixesAreColoredByContainer(t *testing.T) {
	s := newScreen(t, &pty.Winsize{Rows: 24, Cols: 80})
	e := newWorld().engine
	for _, service := range []string{"web", "db"} {
		e.Behave(service, memory.Behaviour{Output: service + "\n"})
	}
	for _, args := range [][]string{{"--progress", "quiet", "up", "-d"}, {"logs"}, {"logs", "--no-color"}} {
		if status := Run(t.Context(), inTerminal(t, s, e, args...)); status != 0 {
			t.Fatalf("%v: status %d: %s", args, status, s)
		}
	}
	s.await(t, "\nweb-1  | web")
	colors := slices.Compact(slices.Sorted(slices.Values([]string{
		before(s.String(), "db-1   | "), before(s.String(), "web-1  | "),
	})))
	if len(colors) != 2 {
		t.Errorf("colors %q in %q", colors, s)
	}
}

// before is the color that stands before the first text.
func before(text, what string) string {
	head, _, _ := strings.Cut(text, what)
	return head[strings.LastIndex(head, "\x1b["):]
}
