package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// plainView writes a line for each thing that happened. What takes long says
// also when it begins.
type plainView struct {
	opts Options
	// mutex keeps lines whole: events and logs come from different goroutines.
	mutex sync.Mutex
	plan  *plan.Plan
	said  map[string]string // the last progress of each action
}

func (v *plainView) Plan(p *plan.Plan) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.plan = p
}

func (v *plainView) Print(w io.Writer, text string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	_, _ = io.WriteString(w, text)
}

func (v *plainView) Note(kind, text string) { v.Print(v.opts.Out, kind+": "+text+"\n") }

func (v *plainView) End(s Summary) { v.Print(v.opts.Out, s.String()) }

func (v *plainView) Close() {}

func (v *plainView) Event(e reconciler.Event) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	action, ok := find(v.plan, e.Action)
	if !ok || (v.opts.Skip(e.Kind) && e.Status != reconciler.Failed) {
		return
	}
	if text := v.line(e, action); text != "" {
		_, _ = fmt.Fprintf(v.opts.Out, "%s: %s\n", subject(e.Change), text)
	}
}

func (v *plainView) line(e reconciler.Event, a plan.Action) string {
	w := wordOf(a.Op)
	switch e.Status {
	case reconciler.Started:
		if long(a.Op) {
			v.said[e.Action] = w.doing
			return w.doing
		}
	case reconciler.Progress:
		return v.progress(e)
	case reconciler.Succeeded:
		return w.done + " " + Seconds(e.Elapsed)
	case reconciler.Failed:
		return failure(e.Change, e.Error)
	case reconciler.Skipped:
		return fmt.Sprintf("not %s, %s", w.done, because(v.plan, e.Cause))
	case reconciler.Unneeded:
		if !a.Undo() && len(a.Unless) > 0 {
			return fmt.Sprintf("not %s: not needed, image unchanged", w.done)
		}
	}
	return ""
}

// progress tells a line of a build's output, or a text that is new.
func (v *plainView) progress(e reconciler.Event) string {
	if e.Progress.Log != "" {
		return strings.TrimRight(e.Progress.Log, "\n")
	}
	if e.Progress.Text == "" || v.said[e.Action] == e.Progress.Text {
		return ""
	}
	v.said[e.Action] = e.Progress.Text
	return e.Progress.Text
}

// long reports whether an operation takes so long that its begin is news.
func long(op plan.Op) bool {
	return plan.Waits(op) || op.Kind() == "BuildImage" || op.Kind() == "PullImage"
}

func find(p *plan.Plan, id string) (plan.Action, bool) {
	if p == nil {
		return plan.Action{}, false
	}
	for _, a := range p.Actions {
		if a.ID == id {
			return a, true
		}
	}
	return plan.Action{}, false
}

// quietView shows warnings and what others print, and nothing of its own.
type quietView struct {
	out   io.Writer
	mutex sync.Mutex // keeps lines whole
}

func (v *quietView) Plan(*plan.Plan)        {}
func (v *quietView) Event(reconciler.Event) {}
func (v *quietView) End(Summary)            {}
func (v *quietView) Close()                 {}

func (v *quietView) Note(kind, text string) {
	if kind != "note" {
		v.Print(v.out, kind+": "+text+"\n")
	}
}

func (v *quietView) Print(w io.Writer, text string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	_, _ = io.WriteString(w, text)
}
