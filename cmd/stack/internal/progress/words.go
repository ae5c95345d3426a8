package progress

import (
	"fmt"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// word is what an operation is called while it goes on, and afterwards.
type word struct{ doing, done string }

var words = map[string]word{
	"CreateContainer":   {"creating", "created"},
	"StartContainer":    {"starting", "started"},
	"StopContainer":     {"stopping", "stopped"},
	"RestartContainer":  {"restarting", "restarted"},
	"UnpauseContainer":  {"unpausing", "unpaused"},
	"PauseContainer":    {"pausing", "paused"},
	"KillContainer":     {"killing", "killed"},
	"CommitContainer":   {"committing", "committed"},
	"UpdateContainer":   {"updating", "updated"},
	"RenameContainer":   {"renaming", "renamed"},
	"RemoveContainer":   {"removing", "removed"},
	"CopyFiles":         {"copying files", "files copied"},
	"RunHook":           {"running hook", "hook done"},
	"CreateNetwork":     {"creating", "created"},
	"RemoveNetwork":     {"removing", "removed"},
	"ConnectNetwork":    {"connecting", "connected"},
	"DisconnectNetwork": {"disconnecting", "disconnected"},
	"CreateVolume":      {"creating", "created"},
	"RemoveVolume":      {"removing", "removed"},
	"PullImage":         {"pulling", "pulled"},
	"PushImage":         {"pushing", "pushed"},
	"BuildImage":        {"building", "built"},
	"RemoveImage":       {"removing", "removed"},
}

var waits = map[engine.Condition]word{
	engine.Running:   {"waiting until it runs", "running"},
	engine.Healthy:   {"waiting for health", "healthy"},
	engine.Ready:     {"waiting until ready", "ready"},
	engine.Completed: {"running to completion", "completed"},
}

// changes are the words for a whole change.
var changes = map[plan.Verb]string{
	plan.Pull: "pulled", plan.Build: "built", plan.Create: "created", plan.Start: "started",
	plan.Unpause: "unpaused", plan.Update: "updated", plan.Rename: "renamed", plan.Restart: "restarted",
	plan.Push: "pushed", plan.Commit: "committed", plan.Pause: "paused", plan.Kill: "killed",
	plan.Stop: "stopped", plan.Run: "completed", plan.Replace: "replaced", plan.Remove: "removed",
}

func wordOf(op plan.Op) word {
	if w, ok := op.(engine.WaitContainer); ok {
		return waits[w.Condition]
	}
	if w, ok := words[op.Kind()]; ok {
		return w
	}
	return word{op.Kind(), op.Kind() + " done"}
}

// subject is what an event is about.
func subject(c plan.Change) string { return c.Object + " " + c.Name }

// amount is how far a progress has come, or "" when that is not known.
func amount(p *plan.Progress) string {
	if p == nil || p.Total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", 100*p.Current/p.Total)
}

// describe is the text of a progress with its amount.
func describe(p *plan.Progress) string {
	if p == nil {
		return ""
	}
	return strings.TrimSpace(p.Text + " " + amount(p))
}

// over reports whether a status is the last one of its action.
func over(s reconciler.Status) bool {
	return s != "" && s != reconciler.Started && s != reconciler.Progress
}

// failure is an error on one line, without the subject that stands before it
// already.
func failure(c plan.Change, text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return "failed: " + strings.TrimPrefix(line, subject(c)+": ")
}

// because says why an action was skipped: whose failure came first.
func because(p *plan.Plan, cause string) string {
	if a, ok := find(p, cause); ok {
		return "because " + rowName(a.Change) + " failed"
	}
	return cause
}
