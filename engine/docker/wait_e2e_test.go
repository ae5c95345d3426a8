//go:build e2e

package docker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

var healthCheck = &spec.Healthcheck{Test: []string{"CMD", "/probe", "health"}}

func TestAWaitDoesNotWaitForTheInterval(t *testing.T) {
	e := realEngine(t)
	p := project(t, e)
	op := creating(t, p, "late", spec.Container{Command: words("-ready-after 2s"), Healthcheck: healthCheck})
	begin(t, e, op)
	var said []string
	begun := time.Now()
	_, err := e.WaitContainer(t.Context(), engine.WaitContainer{Name: op.Name, Condition: engine.Ready, Check: healthCheck},
		func(p plan.Progress) { said = append(said, p.Text) })
	must(t, err)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s, interval is 30s", took)
	}
	t.Log(time.Since(begun), said)
	if len(said) == 0 || !strings.Contains(strings.Join(said, "|"), "503") {
		t.Errorf("progress: %q", said)
	}
}

func TestFailuresSayWhy(t *testing.T) {
	e := realEngine(t)
	p := project(t, e)
	for _, test := range []struct {
		service   string
		container spec.Container
		op        engine.WaitContainer
		cause     string
		code      int
	}{
		{"exits", spec.Container{Command: words("-exit 3 -exit-after 20ms")}, engine.WaitContainer{Condition: engine.Running, Monitor: time.Minute}, "exited with code 3", 3},
		{"job", spec.Container{Command: words("-exit 4 -exit-after 20ms")}, engine.WaitContainer{Condition: engine.Completed}, "exited with code 4", 4},
		{"loop", spec.Container{Command: words("-exit 5 -exit-after 20ms"), Restart: "always"}, engine.WaitContainer{Condition: engine.Running, Monitor: time.Minute}, "restarts again and again", 5},
		{"slow", spec.Container{Command: words("-unhealthy"), Healthcheck: healthCheck}, engine.WaitContainer{Condition: engine.Healthy, Timeout: time.Second}, "still starting after 1s", 0},
		{"sick", spec.Container{Command: words("-unhealthy"), Healthcheck: &spec.Healthcheck{Test: healthCheck.Test, Interval: time.Second, Retries: 1}},
			engine.WaitContainer{Condition: engine.Healthy}, "unhealthy", 0},
		{"none", spec.Container{}, engine.WaitContainer{Condition: engine.Healthy}, "no healthcheck", 0},
	} {
		t.Run(test.service, func(t *testing.T) {
			t.Parallel()
			op := creating(t, p, test.service, test.container)
			begin(t, e, op)
			test.op.Name = op.Name
			_, err := e.WaitContainer(t.Context(), test.op, quiet)
			var failure *engine.NotReadyError
			if !errors.As(err, &failure) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(failure.Cause, test.cause) || failure.ExitCode != test.code {
				t.Errorf("got %+v", failure)
			}
			if test.code != 0 && !strings.Contains(strings.Join(failure.Logs, "\n"), "serving") {
				t.Errorf("logs: %q", failure.Logs)
			}
		})
	}
}

func TestManyWaitsShareOneStreamAndLeaveNone(t *testing.T) {
	e := realEngine(t)
	p := project(t, e)
	op := creating(t, p, "job", spec.Container{Command: words("-exit 0 -exit-after 1500ms")})
	begin(t, e, op)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := e.WaitContainer(t.Context(), engine.WaitContainer{Name: op.Name, Condition: engine.Completed}, quiet); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if e.events.open != nil || len(e.events.listeners) != 0 {
		t.Error("a stream is left open")
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	e := realEngine(t)
	p := project(t, e)
	op := creating(t, p, "hangs", spec.Container{Healthcheck: &spec.Healthcheck{Test: []string{"CMD", "/probe", "-address", ":9999"}}})
	begin(t, e, op)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := e.WaitContainer(ctx, engine.WaitContainer{Name: op.Name, Condition: engine.Ready}, func(plan.Progress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
