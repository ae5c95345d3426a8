package reconciler

import (
	"cmp"
	"slices"
	"time"

	"github.com/stackfile/stack/plan"
)

// Timings say where the time of a run went: along its critical path, on which
// each step began when the one before it was over. Its JSON form is part of the
// event stream: fields are only ever added.
type Timings struct {
	Seconds float64 `json:"seconds"` // all of it
	Parts   []Part  `json:"parts"`   // what took it, the longest first; together they are all of it
	Path    []Step  `json:"path"`    // in the order of time
}

// A Part is the time of all steps of the path that have one cause.
type Part struct {
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
}

// A Step is one action on the critical path.
type Step struct {
	Action  string      `json:"action"` // its ID
	Kind    string      `json:"kind"`
	Change  plan.Change `json:"change"`
	Queued  float64     `json:"queued_seconds"` // after all it comes after was over, before it began
	Seconds float64     `json:"seconds"`
}

// The parts that are no service's: what comes before the first action of the
// path, what follows the last one, operations of the engine, and waiting for
// other operations, since only so many run at once.
const (
	Preparing = "reading and planning"
	Ending    = "tidying up"
	Operating = "engine"
	Queueing  = "waiting for a turn"
)

// A span is when one action ran.
type span struct{ began, ended time.Time }

// TimingsOf finds the critical path of a run in its events: from the action that
// was over last, back through what each one waited for longest. It is a pure
// function. Actions that did not run are not on the path.
func TimingsOf(p *plan.Plan, events []Event, began, ended time.Time) Timings {
	spans, last := spansOf(events)
	t := Timings{Seconds: between(began, ended).Seconds()}
	parts := map[string]time.Duration{}
	after := indexed(p)
	next := ended
	for id := last; id != ""; {
		a, at := after[id], spans[id]
		if len(t.Path) == 0 {
			parts[Ending] += between(at.ended, next)
		}
		before := latest(a, after, spans)
		free := began
		if before != "" {
			free = spans[before].ended
			parts[Queueing] += between(free, at.began)
		} else {
			parts[Preparing] += between(free, at.began)
		}
		parts[what(a)] += between(at.began, at.ended)
		t.Path = append(t.Path, Step{
			Action: id, Kind: a.Op.Kind(), Change: a.Change, Seconds: between(at.began, at.ended).Seconds(),
			Queued: queued(before, between(free, at.began)),
		})
		id = before
	}
	if last == "" {
		parts[Preparing] = between(began, ended)
	}
	slices.Reverse(t.Path)
	t.Parts = sortedParts(parts)
	return t
}

// between is nothing when the clock was put back meanwhile.
func between(from, to time.Time) time.Duration { return max(0, to.Sub(from)) }

// queued is nothing for the first step: nothing was waited for.
func queued(before string, d time.Duration) float64 {
	if before == "" {
		return 0
	}
	return d.Seconds()
}

// spansOf returns when each action ran, and which was over last.
func spansOf(events []Event) (spans map[string]span, last string) {
	spans = map[string]span{}
	for _, e := range events {
		at := spans[e.Action]
		switch e.Status {
		case Started:
			at.began = e.Time
		case Succeeded, Failed:
			if at.ended = e.Time; last == "" || !at.ended.Before(spans[last].ended) {
				last = e.Action
			}
		default:
			continue
		}
		spans[e.Action] = at
	}
	return spans, last
}

func indexed(p *plan.Plan) map[string]plan.Action {
	out := make(map[string]plan.Action, len(p.Actions))
	for _, a := range p.Actions {
		out[a.ID] = a
	}
	return out
}

// latest is what an action had to wait for longest, "" for nothing. What was
// unneeded took no time: what it came after counts in its place.
func latest(a plan.Action, actions map[string]plan.Action, spans map[string]span) (before string) {
	seen := map[string]bool{}
	edges := slices.Clone(a.After)
	for len(edges) > 0 {
		id := edges[0].ID
		edges = edges[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		at, ran := spans[id]
		if !ran {
			edges = append(edges, actions[id].After...)
		} else if before == "" || at.ended.After(spans[before].ended) {
			before = id
		}
	}
	return before
}

// what is the part that the time of an action belongs to.
func what(a plan.Action) string {
	switch {
	case plan.Waits(a.Op):
		return "waiting for " + cmp.Or(a.Change.Service, a.Change.Name)
	case plan.CanCancel(a.Op):
		return string(a.Change.Verb) + " " + a.Change.Name
	}
	return Operating
}

// sortedParts leaves out what took no time.
func sortedParts(parts map[string]time.Duration) (out []Part) {
	for what, took := range parts {
		if took > 0 {
			out = append(out, Part{what, took.Seconds()})
		}
	}
	slices.SortFunc(out, func(a, b Part) int { return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.What, b.What)) })
	return out
}
