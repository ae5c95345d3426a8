package main

import (
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stackfile/stack/plan"
)

// TestParallelIsHowManyAtOnce: without --parallel three containers are created at the
// same time, with --parallel 1 one after the other.
func TestParallelIsHowManyAtOnce(t *testing.T) {
	if got := atOnce(t); got != 3 {
		t.Errorf("without --parallel %d at once, want 3", got)
	}
	if got := atOnce(t, "--parallel", "1"); got != 1 {
		t.Errorf("with --parallel 1 there were %d at once", got)
	}
}

// atOnce brings three services up and returns how many creations the engine has been
// asked for when the program can do no more until the first is done.
func atOnce(t *testing.T, flags ...string) (most int) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "stack.yaml"), `{name: app, services: {a: {image: "web:1"}, b: {image: "web:1"}, c: {image: "web:1"}}}`)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		asked, done := make(chan struct{}, 3), make(chan struct{})
		w.engine.Fail(func(op plan.Op) error {
			if op.Kind() == "CreateContainer" {
				asked <- struct{}{}
				<-done
			}
			return nil
		})
		go func() {
			synctest.Wait()
			most = len(asked)
			close(done)
		}()
		if status, said := w.runIn(t.Context(), dir, clock(), append(flags, "up", "-d")); status != statusDone {
			t.Fatal(said)
		}
	})
	return most
}
