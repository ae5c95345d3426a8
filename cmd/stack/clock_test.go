package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/lock"
)

// jumps is a clock that is somewhere else at each look: hours and years ahead
// and behind.
func jumps() func() time.Time {
	const hour, year = time.Hour, 365 * 24 * time.Hour
	by := []time.Duration{0, 3 * hour, -5 * hour, 10 * year, -10 * year, time.Minute, -30 * year}
	var mu sync.Mutex // the live tree looks from a goroutine of its own
	n := 0
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		n++
		return clock()().Add(by[n%len(by)])
	}
}

// negative is a duration below zero, in words or in JSON.
var negative = regexp.MustCompile(`(^|[\s(":])-\d`)

// No command hangs, fails or counts backwards when the clock jumps while it runs.
func TestJumpsOfTheClock(t *testing.T) {
	for _, how := range []string{"plain", "json", "tty"} {
		t.Run(how, func(t *testing.T) {
			w, dir := newWorld(), t.TempDir()
			w.writeStack(t, dir, "1")
			for _, args := range [][]string{
				{"up", "-d", "--wait"}, {"ps", "-a"}, {"ps", "--format", "json"}, {"up", "-d"}, {"restart"},
				{"lock", "status"}, {"stop"}, {"ps", "-a"}, {"start"}, {"plan"}, {"down"},
			} {
				w.runByJumps(t, dir, append(args, "--progress", how), statusDone)
				if args[0] == "start" {
					w.writeStack(t, dir, "2") // for the plan
				}
			}
		})
	}
}

// A holder that took the lock in the future, or long ago, is waited for as long
// as was asked for.
func TestJumpsOfTheClockWhileALockIsHeld(t *testing.T) {
	w, dir := newWorld(), t.TempDir()
	w.writeStack(t, dir, "1")
	_, err := lock.Take(context.Background(), w.engine, "app", lock.Options{Command: "stack up", Now: jumps()})
	if err != nil {
		t.Fatal(err)
	}
	w.runByJumps(t, dir, []string{"lock", "status"}, statusDone)
	w.runByJumps(t, dir, []string{"lock", "status", "--format", "json"}, statusDone)
	begun := time.Now()
	said := w.runByJumps(t, dir, []string{"up", "-d", "--lock-timeout", "300ms"}, statusFailed)
	if took := time.Since(begun); took < 300*time.Millisecond || !strings.Contains(said, "waited 300ms") {
		t.Errorf("it waited for %s:\n%s", took, said)
	}
}

func (w *world) writeStack(t *testing.T, dir, level string) {
	t.Helper()
	text := "name: app\nservices:\n  web:\n    image: web:1\n    pull_policy: daily\n    environment: {LEVEL: '" + level + "'}\n" +
		"    depends_on: [db]\n  db:\n    image: db:16\n    healthcheck: {test: [CMD, 'true']}\n"
	if err := os.WriteFile(filepath.Join(dir, "stack.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runIn runs the program in a folder, and returns its exit status and what it said.
func (w *world) runIn(ctx context.Context, dir string, now func() time.Time, args []string) (status int, said string) {
	var out, progress bytes.Buffer
	status = Run(ctx, Environment{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &progress, Env: map[string]string{}, Dir: dir, Now: now,
		OpenEngine: func(context.Context, docker.Options) (engine.Engine, error) { return w.engine, nil },
	})
	return status, out.String() + progress.String()
}

// runByJumps runs the program by a clock that jumps, and returns what it said.
func (w *world) runByJumps(t *testing.T, dir string, args []string, status int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got, said := w.runIn(ctx, dir, jumps(), args)
	if got != status || ctx.Err() != nil {
		t.Fatalf("stack %q: exit status %d, want %d:\n%s", args, got, status, said)
	}
	if found := negative.FindString(said); found != "" {
		t.Errorf("stack %q counts backwards, %q:\n%s", args, found, said)
	}
	return said
}
