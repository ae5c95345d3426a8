package docker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

var ownCheck = &spec.Healthcheck{Test: []string{"CMD", "check"}}

// waiting runs one wait on a fake, in a bubble where time costs nothing, and
// gives what it took.
func waiting(t *testing.T, op engine.WaitContainer, script func(f *fake), check func(f *fake, took time.Duration, out plan.Outcome, err error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		script(f)
		op.Name = "web"
		began := time.Now()
		out, err := f.open(t).WaitContainer(t.Context(), op, func(plan.Progress) {})
		check(f, time.Since(began), out, err)
	})
}

// fails checks how a wait failed.
func fails(t *testing.T, err error, cause string) *engine.NotReadyError {
	t.Helper()
	var failure *engine.NotReadyError
	if !errors.As(err, &failure) || !strings.Contains(failure.Cause, cause) {
		t.Errorf("got %v, want %q", err, cause)
		return &engine.NotReadyError{}
	}
	return failure
}

func TestTheOwnProbeSaysHealthyFirst(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Ready, Check: ownCheck}, func(f *fake) {
		began := time.Now()
		f.probe = func(int) (int, string, time.Duration) {
			if time.Since(began) < 400*time.Millisecond {
				return 1, "not yet", time.Millisecond
			}
			return 0, "", time.Millisecond
		}
	}, func(f *fake, took time.Duration, _ plan.Outcome, err error) {
		if err != nil || took > time.Second {
			t.Errorf("%v after %s", err, took)
		}
		if !slices.Equal(f.commands[0], []string{"check"}) {
			t.Errorf("ran %q", f.commands[0])
		}
	})
}

func TestTheEngineSaysHealthyFirst(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Healthy, Check: ownCheck}, func(f *fake) {
		f.after(300*time.Second, "health_status: healthy", f.health(container.Healthy))
	}, func(f *fake, took time.Duration, _ plan.Outcome, err error) {
		if err != nil || took > 301*time.Second {
			t.Errorf("%v after %s", err, took)
		}
		if n := len(f.execs); n < 300 || n > 380 {
			t.Errorf("%d probes, which pause for a second", n)
		}
	})
}

// What is ready after a while is found ready a twentieth of that later, at most, and
// what one probe takes, and one pause.
func TestAReadyProgramIsFoundSoon(t *testing.T) {
	const takes = 60 * time.Millisecond
	for _, ready := range []time.Duration{0, 330 * time.Millisecond, 700 * time.Millisecond, 4 * time.Second, 9 * time.Second} {
		waiting(t, engine.WaitContainer{Condition: engine.Ready, Check: ownCheck}, func(f *fake) {
			began := time.Now()
			f.probe = func(int) (int, string, time.Duration) {
				if time.Since(began) < ready {
					return 1, "not yet", takes
				}
				return 0, "", takes
			}
		}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
			if most := ready + ready/20 + 3*takes; err != nil || took > most {
				t.Errorf("ready after %s, found after %s: %v", ready, took, err)
			}
		})
	}
}

func TestProbingTakesAFifthOfTheTime(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Healthy, Check: ownCheck}, func(f *fake) {
		f.probe = func(int) (int, string, time.Duration) { return 1, "", 2 * time.Second }
		f.after(99*time.Second, "health_status: healthy", f.health(container.Healthy))
	}, func(f *fake, _ time.Duration, _ plan.Outcome, err error) {
		if n := len(f.execs); err != nil || n != 10 {
			t.Errorf("%d probes of 2s in 100s: %v", n, err)
		}
	})
}

// A probe that hangs is not joined by another one, and once it is over probing
// goes on.
func TestNoProbeRunsBesideAHungOne(t *testing.T) {
	check := &spec.Healthcheck{Test: ownCheck.Test, Timeout: time.Second}
	waiting(t, engine.WaitContainer{Condition: engine.Healthy, Check: check}, func(f *fake) {
		f.probe = func(n int) (int, string, time.Duration) {
			if n == 1 {
				return 1, "", 10 * time.Minute
			}
			return 0, "", time.Millisecond
		}
	}, func(f *fake, took time.Duration, _ plan.Outcome, err error) {
		if n := len(f.execs); err != nil || n != 2 || took < 10*time.Minute || took > 10*time.Minute+5*time.Second {
			t.Errorf("%d probes, %s: %v", n, took, err)
		}
	})
}

func TestTheShellIsTheImages(t *testing.T) {
	for _, shell := range [][]string{nil, {"/bin/bash", "-ec"}} {
		waiting(t, engine.WaitContainer{Condition: engine.Ready}, func(f *fake) {
			f.shell, f.check = shell, &container.HealthConfig{Test: []string{"CMD-SHELL", "a | b"}}
			f.probe = func(int) (int, string, time.Duration) { return 0, "", 0 }
		}, func(f *fake, _ time.Duration, _ plan.Outcome, err error) {
			want := []string{"/bin/sh", "-c", "a | b"}
			if shell != nil {
				want = append(slices.Clone(shell), "a | b")
			}
			if err != nil || !slices.Equal(f.commands[0], want) {
				t.Errorf("ran %q, want %q: %v", f.commands[0], want, err)
			}
		})
	}
}

// A database that initialises answers, restarts inside its container, and
// answers again.
func TestAnEarlySuccessMustHold(t *testing.T) {
	op := engine.WaitContainer{Condition: engine.Healthy, Check: ownCheck, Hold: 2 * time.Second}
	waiting(t, op, func(f *fake) {
		began := time.Now()
		f.probe = func(int) (int, string, time.Duration) {
			if since := time.Since(began); since > time.Second && since < 5*time.Second {
				return 1, "shutting down", time.Millisecond
			}
			return 0, "", time.Millisecond
		}
	}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
		if err != nil || took < 7*time.Second || took > 9*time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
	waiting(t, op, func(f *fake) { // the same by a restart of the container
		f.probe = func(int) (int, string, time.Duration) { return 0, "", time.Millisecond }
		f.after(time.Second, "die", f.restarting(1))
		f.after(1500*time.Millisecond, "start", f.starts)
	}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
		if err != nil || took < 3500*time.Millisecond || took > 4*time.Second {
			t.Errorf("restarted: %v after %s", err, took)
		}
	})
}

func TestWhatCannotBeReadyFailsAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		op     engine.WaitContainer
		script func(f *fake)
		cause  string
	}{
		"exit": {engine.WaitContainer{Condition: engine.Ready, Check: ownCheck},
			func(f *fake) { f.after(time.Second, "die", f.exits(3)) }, "exited with code 3"},
		"verdict": {engine.WaitContainer{Condition: engine.Healthy, Check: ownCheck},
			func(f *fake) { f.after(time.Second, "health_status: unhealthy", f.health(container.Unhealthy)) }, "unhealthy"},
		"memory": {engine.WaitContainer{Condition: engine.Healthy, Check: ownCheck}, func(f *fake) {
			f.after(time.Second, "die", func() { f.restarting(137)(); f.state.OOMKilled = true })
		}, "killed"},
		"removal": {engine.WaitContainer{Condition: engine.Healthy, Check: ownCheck},
			func(f *fake) { f.after(time.Second, "destroy", func() { f.removed = true }) }, "removed"},
		"loop": {engine.WaitContainer{Condition: engine.Running, Monitor: time.Minute}, func(f *fake) {
			for i := range 3 {
				f.after(time.Duration(1+3*i)*100*time.Millisecond, "die", f.restarting(4))
				f.after(time.Duration(2+3*i)*100*time.Millisecond, "start", f.starts)
			}
		}, "restarts again and again"},
		"job": {engine.WaitContainer{Condition: engine.Completed},
			func(f *fake) { f.after(time.Second, "die", f.exits(5)) }, "exited with code 5"},
		"check": {engine.WaitContainer{Condition: engine.Healthy}, func(*fake) {}, "no healthcheck"},
	} {
		t.Run(name, func(t *testing.T) {
			waiting(t, c.op, func(f *fake) {
				f.logs = "starting\nboom\n"
				c.script(f)
			}, func(f *fake, took time.Duration, _ plan.Outcome, err error) {
				failure := fails(t, err, c.cause)
				if took > 2*time.Second {
					t.Errorf("took %s", took)
				}
				if name != "removal" && !slices.Equal(failure.Logs, []string{"starting", "boom"}) {
					t.Errorf("logs: %q", failure.Logs)
				}
				if failure.ExitCode != f.state.ExitCode || failure.OOMKilled != f.state.OOMKilled || failure.Container != "web" {
					t.Errorf("got %+v", failure)
				}
			})
		})
	}
}

func TestATimeoutSaysHowFarItWas(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Healthy, Check: ownCheck, Timeout: time.Minute}, func(f *fake) {
		f.probe = func(int) (int, string, time.Duration) { return 1, "connection refused", time.Millisecond }
	}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
		failure := fails(t, err, "still starting after 1m0s")
		if took != time.Minute || failure.Probe != "connection refused" {
			t.Errorf("after %s: %+v", took, failure)
		}
	})
}

func TestAJobMayBeRestartedByItsPolicy(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Completed}, func(f *fake) {
		for i := range 10 {
			f.after(time.Duration(1+3*i)*time.Second, "die", f.restarting(1))
			f.after(time.Duration(2+3*i)*time.Second, "start", f.starts)
		}
		f.after(time.Hour, "die", f.exits(0))
	}, func(_ *fake, took time.Duration, out plan.Outcome, err error) {
		if err != nil || took != time.Hour || out.ExitCode != 0 {
			t.Errorf("%v after %s, %+v", err, took, out)
		}
	})
}

func TestMonitorCountsFromTheLastStart(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Ready, Monitor: time.Second}, func(f *fake) {
		f.after(500*time.Millisecond, "die", f.restarting(1))
		f.after(600*time.Millisecond, "start", f.starts)
	}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
		if err != nil || took != 1600*time.Millisecond {
			t.Errorf("%v after %s", err, took)
		}
	})
	waiting(t, engine.WaitContainer{Condition: engine.Ready, Monitor: time.Second}, func(f *fake) {
		f.state.StartedAt = instant(time.Now().Add(-time.Hour))
	}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
		if err != nil || took != 0 {
			t.Errorf("one that has been up for long: %v after %s", err, took)
		}
	})
}

// An engine at its limit tells of an end after it is due.
func TestMonitorLooksAgainBeforeItIsSatisfied(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Ready, Monitor: time.Second}, func(f *fake) {
		f.after(500*time.Millisecond, "", f.exits(4))
		f.after(2*time.Second, "die", func() {})
	}, func(_ *fake, _ time.Duration, _ plan.Outcome, err error) {
		if failure := fails(t, err, "exited with code 4"); failure.ExitCode != 4 {
			t.Errorf("exit code %d, want 4", failure.ExitCode)
		}
	})
}

// What happens while the stream of events is broken is seen when it is back.
func TestABrokenStreamLosesNothing(t *testing.T) {
	waiting(t, engine.WaitContainer{Condition: engine.Completed}, func(f *fake) {
		time.AfterFunc(time.Second, func() { f.breaks(f.exits(0)) })
	}, func(f *fake, took time.Duration, _ plan.Outcome, err error) {
		if err != nil || took > 2*time.Second {
			t.Errorf("%v after %s", err, took)
		}
		if n := f.count("/events"); n != 2 {
			t.Errorf("%d streams", n)
		}
	})
}

func TestWaitsShareOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		e := f.open(t)
		f.after(time.Second, "die", f.exits(0))
		var waits sync.WaitGroup
		for range 20 {
			waits.Go(func() {
				if _, err := e.WaitContainer(t.Context(), engine.WaitContainer{Name: "web", Condition: engine.Completed}, func(plan.Progress) {}); err != nil {
					t.Error(err)
				}
			})
		}
		waits.Wait()
		synctest.Wait()
		if n := f.count("/events"); n != 1 {
			t.Errorf("%d streams", n)
		}
		if len(f.streams) != 0 {
			t.Error("a stream is left open")
		}
	})
}

func TestTheEndOfTheContextEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := f.open(t).WaitContainer(ctx, engine.WaitContainer{Name: "web", Condition: engine.Healthy, Check: ownCheck, Timeout: time.Minute}, func(plan.Progress) {})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestProgressTellsEachStateOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.state.Status = container.StateCreated
		f.after(time.Second, "start", f.starts)
		f.after(10*time.Second, "pause", func() { f.state.Status = container.StatePaused })
		f.after(20*time.Second, "unpause", func() { f.state.Status = container.StateRunning })
		f.after(30*time.Second, "health_status: healthy", f.health(container.Healthy))
		var said []string
		_, err := f.open(t).WaitContainer(t.Context(), engine.WaitContainer{Name: "web", Condition: engine.Healthy, Check: ownCheck},
			func(p plan.Progress) { said = append(said, p.Text) })
		want := []string{"created", "health: starting", "health: starting: not yet", "paused: not yet", "health: starting: not yet"}
		if err != nil || !slices.Equal(said, want) {
			t.Errorf("said %q: %v", said, err)
		}
	})
}
