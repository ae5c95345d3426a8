package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// model is what the live tree knows: the plan, and what became of each action.
type model struct {
	plan   *plan.Plan
	states map[string]*state
	rows   []row
}

// row is one line of the tree: a service, or an object of no service.
type row struct {
	name    string
	actions []plan.Action // undos too
}

// state is how far an action is.
type state struct {
	status   reconciler.Status
	progress *plan.Progress
	began    time.Time
	ended    time.Time
	error    string
	cause    string
}

func newModel(p *plan.Plan) *model {
	m := &model{plan: p, states: map[string]*state{}}
	index := map[string]int{}
	for _, a := range p.Actions {
		m.states[a.ID] = &state{}
		name := rowName(a.Change)
		i, ok := index[name]
		if !ok {
			i = len(m.rows)
			index[name] = i
			m.rows = append(m.rows, row{name: name})
		}
		m.rows[i].actions = append(m.rows[i].actions, a)
	}
	return m
}

func rowName(c plan.Change) string {
	if c.Service != "" {
		return c.Service
	}
	return subject(c)
}

func (m *model) event(e reconciler.Event) {
	s := m.states[e.Action]
	if s == nil {
		return
	}
	s.status = e.Status
	switch {
	case e.Status == reconciler.Started:
		s.began = e.Time
	case e.Status == reconciler.Progress && e.Progress.Text != "":
		s.progress = e.Progress
	case over(e.Status):
		s.ended, s.error, s.cause = e.Time, e.Error, e.Cause
	}
}

// Mood is how a row stands.
type mood int

const (
	pending mood = iota
	active
	good
	bad
)

// line is what a row says now.
type line struct {
	name, text string
	mood       mood
	elapsed    time.Duration
}

func (m *model) lines(now time.Time) []line {
	out := make([]line, len(m.rows))
	for i, r := range m.rows {
		out[i] = m.line(r)
		out[i].name, out[i].elapsed = r.name, m.elapsed(r, now)
	}
	return out
}

func (m *model) line(r row) line {
	if a, ok := m.first(r, reconciler.Failed); ok {
		return line{text: failure(a.Change, m.states[a.ID].error), mood: bad}
	}
	if text := m.doing(r); text != "" {
		return line{text: text, mood: active}
	}
	if a, ok := m.first(r, reconciler.Skipped); ok {
		return line{text: "skipped, " + because(m.plan, m.states[a.ID].cause), mood: bad}
	}
	if open := m.open(r); len(open) > 0 {
		return line{text: m.waiting(r, open), mood: pending}
	}
	return line{text: m.done(r), mood: good}
}

func (m *model) first(r row, status reconciler.Status) (plan.Action, bool) {
	for _, a := range r.actions {
		if m.states[a.ID].status == status {
			return a, true
		}
	}
	return plan.Action{}, false
}

// doing tells what goes on in a row: the first operation under way, or the
// first wait when there are only waits.
func (m *model) doing(r row) string {
	var running []plan.Action
	for _, a := range r.actions {
		if s := m.states[a.ID].status; s == reconciler.Started || s == reconciler.Progress {
			running = append(running, a)
		}
	}
	if len(running) == 0 {
		return ""
	}
	slices.SortStableFunc(running, func(a, b plan.Action) int { return rank(a) - rank(b) })
	text, more := wordOf(running[0].Op).doing, describe(m.states[running[0].ID].progress)
	switch {
	case more != "" && plan.Waits(running[0].Op):
		text = more
	case more != "" && more != text:
		text += " " + more
	}
	if n := len(running) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

func rank(a plan.Action) int {
	if plan.Waits(a.Op) {
		return 1
	}
	return 0
}

// open are the actions of a row that are still to come. Undos come only after
// a failure.
func (m *model) open(r row) (out []plan.Action) {
	for _, a := range r.actions {
		if !over(m.states[a.ID].status) && !a.Undo() {
			out = append(out, a)
		}
	}
	return out
}

// waiting names the rows that the row's next actions come after.
func (m *model) waiting(r row, open []plan.Action) string {
	var names []string
	for _, a := range open {
		for _, e := range a.After {
			if over(m.states[e.ID].status) {
				continue
			}
			if before, _ := find(m.plan, e.ID); rowName(before.Change) != r.name {
				names = append(names, rowName(before.Change))
			}
		}
	}
	if len(names) == 0 {
		return "queued"
	}
	slices.Sort(names)
	return "waiting for " + strings.Join(slices.Compact(names), ", ")
}

// done is what became of a row: what its last wait found, else its last change.
func (m *model) done(r row) string {
	text := "unchanged"
	for _, a := range r.actions {
		if m.states[a.ID].status != reconciler.Succeeded || a.Undo() {
			continue
		}
		switch w, wait := a.Op.(engine.WaitContainer); {
		case wait:
			return wordOf(w).done
		case changes[a.Change.Verb] != "":
			text = changes[a.Change.Verb]
		default:
			text = wordOf(a.Op).done
		}
	}
	return text
}

// elapsed is how long the row's work under way has taken, or from its first
// start to its last end when none is.
func (m *model) elapsed(r row, now time.Time) time.Duration {
	var from, to, busy time.Time
	for _, a := range r.actions {
		s := m.states[a.ID]
		if s.began.IsZero() {
			continue
		}
		from = earlier(from, s.began)
		if !over(s.status) {
			busy = earlier(busy, s.began)
		} else if s.ended.After(to) {
			to = s.ended
		}
	}
	switch {
	case !busy.IsZero():
		return now.Sub(busy)
	case from.IsZero():
		return 0
	}
	return to.Sub(from)
}

// earlier is the first of two times; zero stands for none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
