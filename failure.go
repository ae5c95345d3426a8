package stack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/lock"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

// A Failure is one action that failed, with all that helps to find the cause.
// Its JSON form is that of the event stream: fields are only ever added.
type Failure struct {
	Action string      `json:"action"` // its ID
	Kind   string      `json:"kind"`
	Change plan.Change `json:"change"`
	Error  string      `json:"error"`

	WaitedFor string   `json:"waited_for,omitempty"` // the condition, of a wait
	ExitCode  *int     `json:"exit_code,omitempty"`  // nil while the program runs
	Meaning   string   `json:"meaning,omitempty"`    // of the exit code; "" where it says no more than that it failed
	OOMKilled bool     `json:"oom_killed,omitempty"`
	Restarts  int      `json:"restarts,omitempty"`
	Probe     string   `json:"probe,omitempty"` // what the last health probe printed
	Logs      []string `json:"logs,omitempty"`  // the last lines since this start, or of the build's step

	Undone  bool           `json:"undone,omitempty"`  // what it replaced has come back
	Skipped []string       `json:"skipped,omitempty"` // what did not happen because of it: services, or objects
	Next    string         `json:"next,omitempty"`    // what to do, with the command to go on with
	At      *spec.Position `json:"at,omitempty"`      // where the service stands in the stack file; nil when unknown
}

// Failures explains each failed action of e, in the plan's order, but for those
// that were cut off when the lock was lost: that is told once, for all. desired
// tells where services stand; nil for no file.
func Failures(e *ApplyError, desired *spec.Stack) []Failure {
	out := make([]Failure, 0, len(e.Failed))
	for _, failed := range e.Failed {
		if errors.As(failed.Err, new(*lock.LostError)) {
			continue
		}
		f := Failure{Action: failed.Action.ID, Kind: failed.Action.Op.Kind(), Change: failed.Action.Change, Error: failureText(failed)}
		f.evidence(failed.Err)
		f.Skipped = skippedBy(failed, e.Skipped)
		f.Undone = e.undone(failed)
		f.Next = f.next(failed.Err)
		if desired != nil {
			if at, ok := desired.Positions[f.Change.Service]; ok {
				f.At = &at
			}
		}
		out = append(out, f)
	}
	return out
}

// failureText names what was done to what, unless the cause does so itself.
func failureText(f *reconciler.ActionError) string {
	if text := f.Err.Error(); strings.Contains(text, f.Action.Change.Name) {
		return text
	}
	return fmt.Sprintf("%s: %v", f.Action.Change, f.Err)
}

// evidence takes over what the engine found.
func (f *Failure) evidence(err error) {
	var notReady *engine.NotReadyError
	var build *engine.BuildError
	switch {
	case errors.As(err, &notReady):
		f.WaitedFor, f.OOMKilled, f.Restarts = string(notReady.Condition), notReady.OOMKilled, notReady.Restarts
		f.Probe, f.Logs = strings.TrimSpace(notReady.Probe), notReady.Logs
		if notReady.ExitCode != 0 || strings.HasPrefix(notReady.Cause, "exited") {
			f.ExitCode, f.Meaning = &notReady.ExitCode, exitMeaning(notReady)
		}
	case errors.As(err, &build):
		f.Logs = build.Logs
	}
}

// meanings are those of exit codes, by the custom of shells and engines.
var meanings = map[int]string{
	1:   "the program failed",
	2:   "the program failed, or was called with wrong arguments",
	125: "the engine could not run the container",
	126: "the command cannot be executed: not a program, or not permitted",
	127: "the command was not found in the image",
	130: "interrupted (SIGINT)",
	132: "illegal instruction (SIGILL): built for another processor?",
	134: "aborted (SIGABRT)",
	135: "bus error (SIGBUS): /dev/shm too small? see shm_size",
	137: "killed (SIGKILL)",
	139: "segmentation fault (SIGSEGV)",
	143: "terminated (SIGTERM)",
}

func exitMeaning(e *engine.NotReadyError) string {
	if e.OOMKilled {
		return "out of memory: it needs more than mem_limit allows"
	}
	return meanings[e.ExitCode]
}

// undone reports whether the replacement that failed was put back, as far as
// the plan could.
func (e *ApplyError) undone(f *reconciler.ActionError) bool {
	done := false
	for _, a := range e.Plan.Actions {
		if !a.Undo() || a.Change.Name != f.Action.Change.Name {
			continue
		}
		_, succeeded := e.Outcomes[a.ID]
		_, renames := a.Op.(engine.RenameContainer)
		done = done || succeeded && renames
		if slices.ContainsFunc(e.Failed, func(other *reconciler.ActionError) bool { return other.Action.ID == a.ID }) {
			return false
		}
	}
	return done
}

// skippedBy names what else did not happen because of a failed action.
func skippedBy(f *reconciler.ActionError, skips []reconciler.Skip) (names []string) {
	seen := map[string]bool{belongsTo(f.Action.Change): true}
	for _, s := range skips {
		if name := belongsTo(s.Action.Change); s.Cause == f.Action.ID && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// belongsTo is the service that a change is for, or the object itself.
func belongsTo(c plan.Change) string {
	return cmp.Or(c.Service, c.Object+" "+c.Name)
}

// hints go by what engines say, which have no codes for it.
var hints = []struct{ words, hint string }{
	{"port is already allocated", "publish another port, or stop what listens on this one"},
	{"address already in use", "publish another port, or stop what listens on this one"},
	{"bind source path does not exist", "make the file or folder that is to be mounted"},
	{"not a directory", "a file and a folder cannot be mounted upon each other: see volumes"},
	{"executable file not found", "see command and entrypoint: the image has no such program"},
	{"no space left on device", "free some space, for example with: docker system prune"},
	{"unauthorized", "log in with: docker login"},
	{"denied", "log in with: docker login, or mend the name of the image"},
	{"manifest unknown", "mend the name of the image: its registry has no such tag"},
	{"not found: manifest", "mend the name of the image: its registry has no such tag"},
}

// next is what to do about the failure.
func (f *Failure) next(err error) string {
	var build *engine.BuildError
	switch {
	case f.Change.Service == "" || errors.Is(err, engine.ErrUnavailable) || errors.Is(err, engine.ErrUnsupported):
		return ""
	case errors.As(err, &build):
		return "mend what it is built from, then: stack build " + f.Change.Service
	case f.OOMKilled:
		return "raise mem_limit of " + f.Change.Service + ", then: stack up"
	case f.WaitedFor != "" && f.Undone:
		return "mend the file or the image, then: stack up"
	case f.WaitedFor != "":
		return "see: stack logs " + f.Change.Service + "; then: stack up"
	}
	for _, h := range hints {
		if strings.Contains(strings.ToLower(err.Error()), h.words) {
			return h.hint + "; then: stack up"
		}
	}
	return "try again with: stack up"
}
