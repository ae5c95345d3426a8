package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

const (
	// logLines is how much of a log explains a failure.
	logLines = 20
	// startLag is how much earlier than its recorded start a program can have
	// written: the engine notes the time once it knows of the start.
	startLag = time.Second
	// evidenceTime bounds the gathering of what explains a failure.
	evidenceTime = 5 * time.Second
)

// report tells how far the container is, when that is new.
func (w *wait) report() {
	text := w.state()
	if w.prober != nil && w.prober.last.output != "" && !w.prober.last.ok {
		text += ": " + lastLine(w.prober.last.output)
	}
	if text != w.said {
		w.said = text
		w.tell(plan.Progress{Text: text})
	}
}

// state is the container's state in words.
func (w *wait) state() string {
	s := w.found.State
	switch {
	case s.Status == container.StateRestarting:
		return fmt.Sprintf("restarting, exit code %d", s.ExitCode)
	case s.Status == container.StateRunning && w.need == engine.Healthy:
		return "health: " + w.health()
	}
	return s.Status
}

func (w *wait) health() string {
	switch {
	case !w.good.IsZero():
		return "holding"
	case w.found.State.Health == nil || w.found.State.Health.Status == "":
		return container.Starting
	}
	return w.found.State.Health.Status
}

func (w *wait) exitCode() int {
	if w.found == nil {
		return 0
	}
	return w.found.State.ExitCode
}

// late is the end of op.Timeout. What ended otherwise at that moment keeps its
// cause.
func (w *wait) late(err error) error {
	if notReady := (*engine.NotReadyError)(nil); errors.As(err, &notReady) {
		return err
	}
	state := strings.TrimPrefix(w.state(), "health: ")
	return w.notReady(fmt.Sprintf("still %s after %s", state, w.op.Timeout))
}

// notReady is the failure of the wait; the log is added when the wait is over.
func (w *wait) notReady(cause string) error {
	s := w.found.State
	return &engine.NotReadyError{
		Container: w.name, Condition: w.op.Condition, Cause: cause,
		ExitCode: s.ExitCode, OOMKilled: s.OOMKilled, Restarts: w.found.RestartCount, Probe: w.lastProbe(),
	}
}

// lastProbe is the output of the engine's last probe, or of ours while it has
// made none.
func (w *wait) lastProbe() string {
	if h := w.found.State.Health; h != nil && len(h.Log) > 0 {
		if last := h.Log[len(h.Log)-1]; last.Output != "" {
			return last.Output
		}
	}
	if w.prober != nil {
		return w.prober.last.output
	}
	return ""
}

// lastLogs are the last lines since this start, none where the log cannot be
// read, as with some drivers.
func (w *wait) lastLogs(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, evidenceTime)
	defer cancel()
	out := tail{limit: logLines}
	opts := engine.LogOptions{Tail: fmt.Sprint(logLines)}
	if started := moment(w.found.State.StartedAt); !started.IsZero() {
		opts.Since = started.Add(-startLag).Format(time.RFC3339Nano)
	}
	_ = w.engine.logs(ctx, *w.found, opts, &out, &out) // the cause matters more than its log
	return out.last()
}

func lastLine(text string) string {
	t := tail{limit: 1}
	_, _ = t.Write([]byte(text)) // never fails
	lines := t.last()
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}
