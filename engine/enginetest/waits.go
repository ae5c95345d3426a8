package enginetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

func waits() map[string]func(*suite) {
	return map[string]func(*suite){
		"WaitRunning":                   waitRunning,
		"WaitReadyWithoutHealthcheck":   waitReadyWithout,
		"WaitHealthyWithoutHealthcheck": waitHealthyWithout,
		"WaitHealthyBeforeTheInterval":  waitHealthy,
		"WaitUnhealthy":                 waitUnhealthy,
		"WaitForOneThatExits":           waitExits,
		"WaitCompleted":                 waitCompleted,
		"WaitCompletedWithFailure":      waitCompletedWithFailure,
		"WaitTimeout":                   waitTimeout,
		"WaitCancelled":                 waitCancelled,
		"WaitForARemovedOne":            waitRemoved,
	}
}

func (s *suite) checked(args ...string) spec.Container {
	c := s.definition(args...)
	c.Healthcheck = healthcheck()
	return c
}

// notReady waits for a condition that cannot be met, and returns what is said
// of it.
func (s *suite) notReady(op engine.WaitContainer) engine.NotReadyError {
	s.Helper()
	_, err := s.try(op)
	var out *engine.NotReadyError
	if !errors.As(err, &out) {
		s.Fatalf("wait for %s: got %v", op.Condition, err)
	}
	if out.Condition != op.Condition || out.Container != op.Name || out.Cause == "" {
		s.Errorf("got %+v", out)
	}
	return *out
}

func waitRunning(s *suite) {
	s.ok(engine.WaitContainer{Name: s.serve("web"), Condition: engine.Running})
}

func waitReadyWithout(s *suite) {
	s.ok(engine.WaitContainer{Name: s.serve("web"), Condition: engine.Ready, Monitor: 100 * time.Millisecond})
	c := s.definition()
	c.Healthcheck = &spec.Healthcheck{Test: []string{"NONE"}}
	s.ok(engine.WaitContainer{Name: s.start("none", c), Condition: engine.Ready})
}

func waitHealthyWithout(s *suite) {
	s.notReady(engine.WaitContainer{Name: s.serve("web"), Condition: engine.Healthy})
}

// waitHealthy: the engine's own monitor would look after an hour.
func waitHealthy(s *suite) {
	c := s.checked("-ready-after", "300ms")
	for _, condition := range []engine.Condition{engine.Healthy, engine.Ready} {
		name := s.start("web-"+string(condition), c)
		s.ok(engine.WaitContainer{Name: name, Condition: condition, Check: c.Healthcheck, Timeout: time.Minute})
	}
}

// waitUnhealthy: the engine's verdict ends the wait.
func waitUnhealthy(s *suite) {
	c := s.checked("-unhealthy")
	c.Healthcheck.Interval, c.Healthcheck.Retries = 200*time.Millisecond, 1
	op := engine.WaitContainer{Name: s.start("web", c), Condition: engine.Healthy, Check: c.Healthcheck, Timeout: time.Minute}
	if e := s.notReady(op); !strings.Contains(e.Cause, "unhealthy") || e.Probe == "" {
		s.Errorf("got %+v", e)
	}
}

func waitExits(s *suite) {
	for _, op := range []engine.WaitContainer{
		{Condition: engine.Healthy, Check: healthcheck()},
		{Condition: engine.Ready, Monitor: 30 * time.Second},
	} {
		c := s.definition("-exit", "3", "-exit-after", "200ms", "-unhealthy")
		c.Healthcheck = op.Check
		op.Name = s.start("web-"+string(op.Condition), c)
		if e := s.notReady(op); e.ExitCode != 3 || strings.Join(e.Logs, "\n") != "serving" {
			s.Errorf("wait for %s: got %+v", op.Condition, e)
		}
	}
}

func waitCompleted(s *suite) {
	name := s.start("job", s.definition("exit", "0"))
	for range 2 { // before its end, perhaps, and after it
		if out := s.ok(engine.WaitContainer{Name: name, Condition: engine.Completed}); out.ExitCode != 0 {
			s.Errorf("got %+v", out)
		}
	}
	s.status(name, engine.StatusExited)
}

func waitCompletedWithFailure(s *suite) {
	name := s.start("job", s.definition("exit", "3"))
	if e := s.notReady(engine.WaitContainer{Name: name, Condition: engine.Completed}); e.ExitCode != 3 {
		s.Errorf("got %+v", e)
	}
	if c := s.container(name); c.Status != engine.StatusExited || c.ExitCode != 3 {
		s.Errorf("got %+v", c)
	}
}

func waitTimeout(s *suite) {
	c := s.checked("-unhealthy")
	op := engine.WaitContainer{Name: s.start("web", c), Condition: engine.Healthy, Check: c.Healthcheck, Timeout: 300 * time.Millisecond}
	s.notReady(op)
}

// waitCancelled cancels a wait that has begun to look.
func waitCancelled(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	ended := s.waitInVain(ctx, s.start("web", s.checked("-unhealthy")))
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		s.Errorf("got %v", err)
	}
}

// waitInVain begins a wait for a container that does not become healthy, and
// returns when the wait has looked. The channel gives its error.
func (s *suite) waitInVain(ctx context.Context, name string) <-chan error {
	s.Helper()
	began, ended := make(chan struct{}, 1), make(chan error, 1)
	op := engine.WaitContainer{Name: name, Condition: engine.Healthy, Check: healthcheck()}
	go func() {
		_, err := s.WaitContainer(ctx, op, func(plan.Progress) {
			select {
			case began <- struct{}{}:
			default:
			}
		})
		ended <- err
	}()
	s.await("progress of the wait", began)
	return ended
}

// await waits for something that must happen.
func (s *suite) await(what string, happened <-chan struct{}) {
	s.Helper()
	select {
	case <-happened:
	case <-s.ctx.Done():
		s.Fatalf("%s: still not there after %s", what, patience)
	}
}

// waitRemoved: a container that is removed will never be ready, though its name
// may go to another one.
func waitRemoved(s *suite) {
	name := s.start("web", s.checked("-unhealthy"))
	ended := s.waitInVain(s.ctx, name)
	s.ok(engine.RemoveContainer{Name: name})
	var notReady *engine.NotReadyError
	if err := <-ended; !errors.As(err, &notReady) {
		s.Errorf("got %v", err)
	}
}
