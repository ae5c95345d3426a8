package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/cmd/stack/internal/progress"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/lock"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
	"github.com/stackfile/stack/watch"
)

// The exit statuses that are not a program's own.
const (
	statusDone        = 0
	statusFailed      = 1
	statusChanges     = 2
	statusInterrupted = 130
)

// statusError ends the command with an exit status and says nothing.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exit prints what is to be said about an error and chooses the exit status.
func (p *program) exit(c *cobra.Command, err error) int {
	var status statusError
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, new(*lock.LostError)):
		p.lost(err)
		return statusFailed
	case errors.Is(err, context.Canceled):
		p.interrupted(err)
		return statusInterrupted
	}
	var apply *stack.ApplyError
	if errors.As(err, &apply) && len(apply.Failed) > 0 {
		p.failures(apply)
		return statusFailed
	}
	p.fail(describe(c, err))
	p.annotateFindings(err)
	return statusFailed
}

// interrupted tells what failed before or during the interruption.
func (p *program) interrupted(err error) {
	var apply *stack.ApplyError
	if errors.As(err, &apply) && len(apply.Failed) > 0 {
		p.failures(apply)
	}
	p.say("note", "interrupted")
}

func (p *program) fail(text, hint string) {
	hint = strings.ReplaceAll(hint, ": stack ", ": "+p.name()+" ")
	if p.mode() == progress.JSON {
		if hint != "" {
			text += "\nhint: " + hint
		}
		progress.Note(p.Stderr, "error", text)
		return
	}
	head := "error: "
	if p.color(p.Stderr) {
		head = "\x1b[31merror:\x1b[0m "
	}
	text = head + text + "\n"
	if hint != "" {
		text += "hint: " + hint + "\n"
	}
	if p.view != nil {
		p.view.Print(p.Stderr, text)
		return
	}
	_, _ = io.WriteString(p.Stderr, text)
}

// describe is the text of an error and a hint of what to do, "" for none.
func describe(c *cobra.Command, err error) (text, hint string) {
	var (
		file    *spec.FileError
		refusal *RefusedError
		usageOf *UsageError
		flags   *flagError
		unknown *stack.UnknownServiceError
		absent  *spec.UnknownServiceError
		noFile  *spec.NoFileError
		still   *stack.NotRunningError
		held    *lock.HeldError
		secret  *planner.MissingError
		past    *planner.GenerationError
	)
	switch {
	case errors.As(err, &file):
		return findings(file), ""
	case errors.As(err, &refusal):
		return refusal.Error(), ""
	case errors.As(err, &usageOf):
		return usageOf.Text, usageOf.Hint
	case errors.As(err, &flags):
		return flags.Error(), usage(flags.command)
	case errors.As(err, &absent):
		return err.Error(), or(absent.Hint, "see: stack config --services")
	case errors.As(err, &noFile):
		return err.Error(), "name one with -f FILE; most commands do without, given -p NAME"
	case errors.As(err, &unknown):
		return err.Error(), "see: stack config --services, and stack ps -a"
	case errors.As(err, &held):
		return err.Error(), heldHint(held)
	case errors.As(err, &secret):
		return err.Error(), missingHint(secret)
	case errors.As(err, &past):
		return err.Error(), pastHint(past)
	case errors.Is(err, stack.ErrNoWatch):
		return err.Error(), "say in a service's develop.watch what is to be done about which files"
	case errors.Is(err, watch.ErrLimit):
		return err.Error(), "raise it: sysctl fs.inotify.max_user_watches=524288; or leave folders out with ignore"
	case errors.As(err, &still):
		return err.Error(), "start it with: stack up -d " + still.Service
	}
	return err.Error(), hintFor(err)
}

// flagError is what pflag found wrong with a command's flags.
type flagError struct {
	command *cobra.Command
	err     error
}

func (e *flagError) Error() string { return e.err.Error() }
func (e *flagError) Unwrap() error { return e.err }

// hintFor chooses by the cause.
func hintFor(err error) string {
	var (
		held     *planner.ConflictError
		misplace *planner.PlacementError
		unready  *planner.UnpreparedError
		port     *stack.PortError
	)
	switch {
	case errors.As(err, &port) && len(port.There) > 0:
		return "its ports: " + strings.Join(port.There, ", ")
	case errors.As(err, &held):
		return held.Hint
	case errors.As(err, &misplace):
		return misplace.Hint
	case errors.As(err, &unready):
		return "run it with: stack up -d " + unready.Service
	case errors.Is(err, engine.ErrUnavailable):
		return engineHint(err)
	case errors.Is(err, engine.ErrUnsupported):
		return "a newer engine may be able to; see: docker version"
	}
	return planHint(err)
}

// engineHint says how to come to an engine that answers.
func engineHint(err error) string {
	var silent *docker.UnavailableError
	if errors.As(err, &silent) && strings.HasPrefix(silent.Host, "ssh://") {
		return "see whether this works: docker -H " + silent.Host + " version; keys and host names are those of ssh"
	}
	return "start the engine, for example with: sudo systemctl start docker; or set DOCKER_HOST to where one answers"
}

func findings(e *spec.FileError) string {
	if len(e.Findings) == 1 {
		return e.Error()
	}
	return fmt.Sprintf("%d findings\n%s", len(e.Findings), e.Error())
}

// failures tells of each failed action what is known about its cause, and what
// was skipped because of it.
func (p *program) failures(e *stack.ApplyError) {
	for _, f := range stack.Failures(e, p.desired) {
		if len(f.Logs) == 0 {
			f.Logs = p.output[f.Action]
		}
		hint := f.Next
		if hint == "" {
			hint = hintFor(e)
		}
		if p.mode() == progress.JSON {
			progress.Failure(p.Stderr, f)
		}
		p.fail(strings.Join(failure(f), "\n"), hint)
		p.annotate(f)
	}
}

// failure is the block of lines that explains one failed action.
func failure(f stack.Failure) []string {
	lines := []string{f.Error}
	if f.ExitCode != nil && (*f.ExitCode != 0 || f.Meaning != "") {
		lines = append(lines, "  "+strings.TrimSuffix(fmt.Sprintf("exit code %d: %s", *f.ExitCode, f.Meaning), ": "))
	}
	if f.Restarts > 0 {
		lines = append(lines, "  restarted "+plural(f.Restarts, "time"))
	}
	if f.Probe != "" {
		lines = append(append(lines, "  its last health probe said:"), indent(strings.Split(f.Probe, "\n"))...)
	}
	if len(f.Logs) > 0 {
		lines = append(append(lines, "  its last lines:"), indent(f.Logs)...)
	}
	if f.Undone {
		lines = append(lines, "  the one that it was to replace is back")
	}
	if len(f.Skipped) > 0 {
		lines = append(lines, "  skipped because of it: "+strings.Join(f.Skipped, ", "))
	}
	return lines
}

func indent(lines []string) (out []string) {
	for _, line := range lines {
		out = append(out, "    | "+strings.TrimRight(line, "\r\n"))
	}
	return out
}

// outputKept is how many lines of a failed build are shown again.
const outputKept = 20

// remember keeps when actions ran, and the last lines that one wrote, such as a
// build.
func (p *program) remember(e reconciler.Event) {
	if e.Status != reconciler.Progress {
		p.events = append(p.events, e)
	}
	if e.Progress == nil || e.Progress.Log == "" {
		return
	}
	if p.output == nil {
		p.output = map[string][]string{}
	}
	lines := p.output[e.Action]
	if len(lines) == outputKept {
		lines = lines[1:]
	}
	p.output[e.Action] = append(lines, e.Progress.Log)
}
