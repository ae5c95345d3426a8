package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

const (
	// settled is how long a container must have been running for its start to
	// be over.
	settled = time.Minute
	// loopAfter is how many restarts during one wait are a restart loop.
	loopAfter = 3
)

// WaitContainer returns when the condition is met, or with a
// *engine.NotReadyError when it cannot be met any more: the container exited,
// was killed for memory, restarts again and again, is gone, or is unhealthy in
// the engine's eyes.
//
// It hears of changes from the engine's events, and runs the healthcheck's test
// by exec meanwhile, since the engine looks first after a whole interval. What
// says healthy first counts; that the own probes fail never counts. A probe
// whose wait ends goes on in the container to its own end: the engine has no
// call to stop it. The calls are GET /events, GET /containers/{id}/json and
// those of exec.
func (e *Engine) WaitContainer(ctx context.Context, op engine.WaitContainer, progress func(plan.Progress)) (plan.Outcome, error) {
	if err := e.connect(ctx); err != nil {
		return plan.Outcome{}, err
	}
	w := &wait{engine: e, op: op, tell: progress, name: op.Name}
	limit, cancel := context.WithCancel(ctx)
	if op.Timeout > 0 {
		limit, cancel = context.WithTimeout(ctx, op.Timeout)
	}
	defer cancel() // ends a probe on its way, too
	err := w.run(limit)
	if err != nil && limit.Err() != nil && ctx.Err() == nil && w.found != nil {
		err = w.late(err)
	}
	if notReady := (*engine.NotReadyError)(nil); errors.As(err, &notReady) {
		notReady.Logs = w.lastLogs(ctx)
		return plan.Outcome{ExitCode: notReady.ExitCode}, notReady
	}
	return plan.Outcome{ExitCode: w.exitCode()}, e.fail(err, "container %s: wait", w.name)
}

// A wait is one call of WaitContainer. It belongs to one goroutine.
type wait struct {
	engine *Engine
	op     engine.WaitContainer
	tell   func(plan.Progress)
	name   string

	found    *container.InspectResponse // as last seen; nil before the first look
	need     engine.Condition           // op.Condition, ready decided
	restarts int                        // of the engine's count, when the wait began
	since    time.Time                  // when it was first seen running since its last start
	age      time.Duration              // how long it had been running at the first look, 0 after a start since then
	prober   *prober                    // nil without a healthcheck to run
	good     time.Time                  // when it first was healthy since its last start
	said     string
}

func (w *wait) run(ctx context.Context) error {
	l, err := w.engine.listen(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	if err := w.look(ctx); err != nil {
		return err
	}
	l.narrow(w.found.ID)
	w.begin()
	w.age = w.ageNow(ctx)
	for {
		met, err := w.judge()
		if met || err != nil {
			return err
		}
		w.report()
		if err := w.step(ctx, l); err != nil {
			return err
		}
	}
}

// begin decides, from the first look, what to wait for and what to probe with.
func (w *wait) begin() {
	w.name = strings.TrimPrefix(w.found.Name, "/")
	w.restarts = w.found.RestartCount
	c := checkOf(w.op.Check, w.found.Config)
	w.need = w.op.Condition
	if w.need == engine.Ready {
		if w.need = engine.Running; c != nil {
			w.need = engine.Healthy
		}
	}
	if w.need == engine.Healthy && c != nil {
		w.prober = &prober{engine: w.engine, container: w.found.ID, check: *c, verdicts: make(chan verdict, 1)}
	}
	w.restart()
}

// step waits for the next thing that can change the judgement.
func (w *wait) step(ctx context.Context, l *listener) error {
	timer := time.NewTimer(time.Until(w.due()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.wake:
		return w.look(ctx)
	case v := <-w.verdicts():
		w.prober.done(v)
		return w.look(ctx) // it may have restarted or ended beside the probe
	case <-timer.C:
		if w.probing() {
			w.prober.start(ctx)
			return nil
		}
		return w.look(ctx) // a busy engine tells of an end late
	}
}

// idle is how far away "never" is: a timer needs some time.
const idle = 24 * time.Hour

// due is when something is to be done without being woken.
func (w *wait) due() time.Time {
	at := time.Now().Add(idle)
	if w.found.State.Status != container.StateRunning {
		return at
	}
	if w.prober != nil && !w.prober.busy {
		at = w.nextProbe()
	}
	if w.need == engine.Running {
		at = w.since.Add(w.trial())
	}
	if until := w.good.Add(w.op.Hold); w.holding() && until.Before(at) {
		at = until
	}
	return at
}

// holding reports whether an early success has yet to hold.
func (w *wait) holding() bool { return !w.good.IsZero() && time.Now().Before(w.good.Add(w.op.Hold)) }

// nextProbe is the prober's own pace, and none at all while a success holds.
func (w *wait) nextProbe() time.Time {
	if w.holding() {
		return w.good.Add(w.op.Hold)
	}
	return w.prober.next
}

// probing reports whether it is time for a probe.
func (w *wait) probing() bool {
	return w.prober != nil && !w.prober.busy && w.found.State.Status == container.StateRunning &&
		!time.Now().Before(w.nextProbe())
}

func (w *wait) verdicts() <-chan verdict {
	if w.prober == nil {
		return nil
	}
	return w.prober.verdicts
}

// look inspects the container. A start since the last look begins everything
// anew.
func (w *wait) look(ctx context.Context) error {
	which := w.op.Name
	if w.found != nil {
		which = w.found.ID // the name may have gone on to another one
	}
	found, err := w.engine.client.ContainerInspect(ctx, which)
	switch {
	case errdefs.IsNotFound(err) && w.found != nil:
		return w.notReady("it was removed")
	case err != nil:
		return err
	}
	again := w.found != nil && w.found.State.StartedAt != found.State.StartedAt
	w.found = &found
	if again {
		w.restart()
	}
	return nil
}

// restart forgets what is true of one start only.
func (w *wait) restart() {
	w.since, w.good, w.age = time.Now(), time.Time{}, 0
	if w.prober != nil {
		w.prober.reset()
	}
}

// judge reports whether the condition is met, or why it cannot be.
func (w *wait) judge() (met bool, err error) {
	s := w.found.State
	if w.need == engine.Completed {
		return w.completed()
	}
	switch {
	case s.Status == container.StateExited:
		return false, w.notReady(fmt.Sprintf("exited with code %d", s.ExitCode))
	case s.Status == container.StateDead || s.Status == container.StateRemoving:
		return false, w.notReady("it is being removed")
	case s.Status == container.StateRestarting && s.OOMKilled:
		return false, w.notReady("killed")
	case w.found.RestartCount-w.restarts >= loopAfter:
		return false, w.notReady(fmt.Sprintf("restarts again and again, last exit code %d", s.ExitCode))
	case s.Status == container.StateCreated && s.Error != "":
		return false, w.notReady("start: " + s.Error)
	case s.Status != container.StateRunning:
		return false, nil
	case w.need == engine.Running:
		return w.lasting(w.trial()), nil
	}
	return w.healthy()
}

// completed: a container that will be restarted by its policy is not over, but
// for one that ended well.
func (w *wait) completed() (met bool, err error) {
	switch s := w.found.State; s.Status {
	case container.StateExited:
		if s.ExitCode != 0 {
			return false, w.notReady(fmt.Sprintf("exited with code %d", s.ExitCode))
		}
		return true, nil
	case container.StateRestarting:
		return s.ExitCode == 0, nil
	case container.StateDead, container.StateRemoving:
		return false, w.notReady("it is being removed")
	}
	return false, nil
}

// trial is how long a container without a healthcheck must run.
func (w *wait) trial() time.Duration { return max(w.op.Monitor, w.op.Hold) }

// lasting reports whether it has been running for d. It is counted from when it
// was first seen, which neither a jump of the clock nor a difference between two
// machines' disturbs, unless its start was long past by then.
func (w *wait) lasting(d time.Duration) bool {
	return time.Since(w.since) >= d || w.age >= max(d, settled)
}

// ageNow is for how long the container has been running, by the engine's clock;
// 0 where that is not long, or cannot be told.
func (w *wait) ageNow(ctx context.Context) time.Duration {
	started, err := time.Parse(time.RFC3339Nano, w.found.State.StartedAt)
	if err != nil || w.found.State.Status != container.StateRunning || time.Since(started) < settled || w.trial() == 0 {
		return 0 // most often: it was started just now
	}
	info, err := w.engine.client.Info(ctx)
	if err != nil {
		return 0
	}
	now, err := time.Parse(time.RFC3339Nano, info.SystemTime)
	if err != nil {
		return 0
	}
	return now.Sub(started)
}

func (w *wait) healthy() (met bool, err error) {
	verdict := ""
	if h := w.found.State.Health; h != nil {
		verdict = h.Status
	}
	switch {
	case verdict == container.Unhealthy:
		return false, w.notReady("unhealthy")
	case w.prober == nil && (verdict == "" || verdict == container.NoHealthcheck):
		return false, w.notReady("it has no healthcheck")
	case verdict != container.Healthy && !w.probed():
		w.good = time.Time{}
		return false, nil
	case w.op.Hold == 0 || w.lasting(settled):
		return true, nil
	}
	return w.held(), nil
}

// probed reports whether the last probe succeeded.
func (w *wait) probed() bool { return w.prober != nil && w.prober.last.ok }

// held reports whether an early success has held: after the time of holding
// there is a second success. A failure then undoes the first one.
func (w *wait) held() bool {
	if w.good.IsZero() {
		w.good = time.Now()
	}
	switch until := w.good.Add(w.op.Hold); {
	case w.holding():
		return false
	case w.prober == nil || w.prober.hung != "":
		return true // it is the engine that says healthy
	case w.prober.last.begun.Before(until):
		return false
	case !w.prober.last.ok:
		w.good = time.Time{}
	}
	return w.prober.last.ok
}
