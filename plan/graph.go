package plan

import (
	"fmt"
	"strings"
)

// Graph is the plan with all its edges, one line for each action in the plan's
// order: its ID, its kind, what it comes after, its guard and its reasons. It is
// for tests and for whoever debugs a planner; Text is for users.
func (p *Plan) Graph() string {
	var b strings.Builder
	for _, a := range p.Actions {
		b.WriteString(a.line() + "\n")
	}
	for _, line := range p.asides() {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func (a Action) line() string {
	parts := []string{a.ID, a.Op.Kind()}
	add := func(lead string, items []string, sep string) {
		if len(items) > 0 {
			parts = append(parts, lead+" "+strings.Join(items, sep))
		}
	}
	add("after", a.edges(Succeeded), ", ")
	add("on failure of", a.edges(Failed), ", ")
	add("once over", a.edges(Settled), ", ")
	add("unless", a.Unless.lines(), " and ")
	add("because", texts(a.Reasons), "; ")
	return strings.Join(parts, "  ")
}

func (a Action) edges(when When) (ids []string) {
	for _, e := range a.After {
		if e.When == when {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func (g Guard) lines() (out []string) {
	for _, s := range g {
		out = append(out, fmt.Sprintf("image %s unchanged", s.Image))
	}
	return out
}

func texts(reasons []Reason) (out []string) {
	for _, r := range reasons {
		out = append(out, r.String())
	}
	return out
}

// String is the note on one line.
func (n Note) String() string {
	if n.Service == "" {
		return "note: " + n.Text
	}
	return fmt.Sprintf("note: %s: %s", n.Service, n.Text)
}
