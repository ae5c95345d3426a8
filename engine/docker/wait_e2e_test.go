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

var check1 = &spec.Healthcheck{Test: []string{"CMD", "/probe", "check"}}

func TestAWaitDoesNotWaitForTheInterval(t *testing.T) {
	e := real(t)
	p := project(t, e)
	op := creating(t, p, "late", spec.Container{Command: words("run -after 2s"), Healthcheck: check1})
	begin(t, e, op)
	var said []string
	begun := time.Now()
	_, err := e.WaitContainer(t.Context(), engine.WaitContainer{Name: op.Name, Condition: engine.Ready, Check: check1},
		func(p plan.Progress) { said = append(said, p.Text) })
	must(t, err)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s, interval is 30s", took)
	}
	t.Log(time.Since(begun), said)
	if len(said) == 0 || !strings.Contains(strings.Join(said, "|"), "not ready yet") {
		t.Errorf("progress: %q", said)
	}
}

func TestFailuresSayWhy(t *testing.T) {
	e := real(t)
	p := project(t, e)
	for _, test := range []struct {
		service   string
		container spec.Container
		op        engine.WaitContainer
		cause     string
		code      int
		logs      bool
	}{
		{"exits", spec.Container{Command: words("exit -code 3")}, engine.WaitContainer{Condition: engine.Running, Monitor: time.Minute}, "exited with code 3", 3, true},
		{"job", spec.Container{Command: words("exit -code 4")}, engine.WaitContainer{Condition: engine.Completed}, "exited with code 4", 4, true},
		{"loop", spec.Container{Command: words("exit -code 5"), Restart: "always"}, engine.WaitContainer{Condition: engine.Running, Monitor: time.Minute}, "restarts again and again", 5, true},
		{"slow", spec.Container{Command: words("run -after 1h"), Healthcheck: check1}, engine.WaitContainer{Condition: engine.Healthy, Timeout: time.Second}, "still starting after 1s", 0, false},
		{"sick", spec.Container{Command: words("run -after 1h"), Healthcheck: &spec.Healthcheck{Test: check1.Test, Interval: time.Second, Retries: 1}},
			engine.WaitContainer{Condition: engine.Healthy}, "unhealthy", 0, false},
		{"none", spec.Container{}, engine.WaitContainer{Condition: engine.Healthy}, "no healthcheck", 0, false},
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
			if got := strings.Contains(strings.Join(failure.Logs, "\n"), "the end is near"); got != test.logs {
				t.Errorf("logs: %q", failure.Logs)
			}
		})
	}
}

func TestManyWaitsShareOneStreamAndLeaveNone(t *testing.T) {
	e := real(t)
	p := project(t, e)
	op := creating(t, p, "job", spec.Container{Command: words("exit -after 1500ms")})
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
	e := real(t)
	p := project(t, e)
	op := creating(t, p, "hangs", spec.Container{Healthcheck: &spec.Healthcheck{Test: []string{"CMD", "/probe", "hang"}}})
	begin(t, e, op)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := e.WaitContainer(ctx, engine.WaitContainer{Name: op.Name, Condition: engine.Ready}, func(plan.Progress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
