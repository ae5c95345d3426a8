package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/plan"
)

// TestParallelIsHowManyAtOnce: with --parallel 1 there is never more than one
// operation at once, without it three services are made at the same time.
func TestParallelIsHowManyAtOnce(t *testing.T) {
	if most := atOnce(t, 3); most != 3 {
		t.Errorf("without --parallel %d at once, want 3", most)
	}
	if most := atOnce(t, 1, "--parallel", "1"); most != 1 {
		t.Errorf("with --parallel 1 there were %d at once", most)
	}
}

// atOnce brings three services up and returns how many containers at most were
// being created. Each creation waits until there are so many.
func atOnce(t *testing.T, want int, flags ...string) (most int) {
	t.Helper()
	e := newWorld().engine
	var mutex sync.Mutex
	now, enough := 0, make(chan struct{})
	e.Fail(func(op plan.Op) error {
		if op.Kind() != "CreateContainer" {
			return nil
		}
		mutex.Lock()
		now++
		if most = max(most, now); now == want && most == want {
			closeOnce(enough)
		}
		mutex.Unlock()
		select {
		case <-enough:
		case <-time.After(10 * time.Second):
		}
		mutex.Lock()
		defer mutex.Unlock()
		now--
		return nil
	})
	dir := t.TempDir()
	text := `{name: app, services: {a: {image: "web:1"}, b: {image: "web:1"}, c: {image: "web:1"}}}`
	if err := os.WriteFile(filepath.Join(dir, "stack.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	status := Run(t.Context(), Environment{
		Args: append(flags, "up", "-d"), Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said, Dir: dir, Now: clock(),
		OpenEngine: func(context.Context, docker.Options) (engine.Engine, error) { return e, nil },
	})
	if status != 0 {
		t.Fatal(fmt.Sprint(status, &said))
	}
	return most
}

func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}
