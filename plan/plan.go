// Package plan is what is going to happen, as a value: actions, the order
// between them, and the reason of each. It knows no engine, and it never does
// anything: a planner makes plans, a reconciler carries them out.
//
// A Plan holds every argument of every action. What can only be known on the
// way (did the build give another image?) is written down as a [Guard], decided
// from the [Outcome] of an earlier action. So a plan can be printed, compared
// and carried out later.
package plan

import (
	"fmt"
	"slices"
)

// A Plan is a graph of actions. The zero Plan changes nothing.
type Plan struct {
	Target  string // the kind of engine, such as "docker"
	Project string
	Base    Base // what it was made from; nil when nobody is to know later
	Actions []Action
	Notes   []Note
	Skips   []Skip
	Outages []Outage // what is unavailable meanwhile; of a service one of each kind
	// Unchanged are the services that the plan looked at and leaves as they
	// are, sorted.
	Unchanged []string
}

// An Action is one call to an engine, or one wait. Its ID is unique in its
// plan, made from the names of things, and the same each time the plan is made.
type Action struct {
	ID      string
	Change  Change
	Op      Op
	After   []Edge
	Unless  Guard
	Reasons []Reason // never empty
	// Loses names what the stack loses by it for good, such as "volume
	// app_data"; empty for nothing.
	Loses []string
}

// A Change is what an action is a part of, in a user's words: replacing a
// container takes several actions with one Change.
type Change struct {
	Verb   Verb   `json:"verb"`
	Object string `json:"object"` // service, container, network, volume, image
	Name   string `json:"name"`   // the engine's name of the object, or the image's reference
	// Service is the service that the change is for; "" for none.
	Service string `json:"service,omitempty"`
}

func (c Change) String() string { return fmt.Sprintf("%s %s %s", c.Verb, c.Object, c.Name) }

// A Verb says what happens to an object.
type Verb string

// The verbs, from the harmless to the serious.
const (
	Wait    Verb = "wait for"
	Pull    Verb = "pull"
	Build   Verb = "build"
	Push    Verb = "push"
	Commit  Verb = "commit"
	Create  Verb = "create"
	Start   Verb = "start"
	Unpause Verb = "unpause"
	Update  Verb = "update"
	Rename  Verb = "rename"
	Restart Verb = "restart"
	Pause   Verb = "pause"
	Stop    Verb = "stop"
	Kill    Verb = "kill"
	Run     Verb = "run" // a job, to completion
	Replace Verb = "replace"
	Remove  Verb = "remove"
)

// An Edge says that an action comes after another one, and what must have
// become of that one. All edges of an action must hold. When one cannot hold
// any more, the action does not run: it is skipped if something failed, and
// unneeded otherwise.
type Edge struct {
	ID   string
	When When
}

// When is what must have become of an earlier action.
type When int

const (
	// Succeeded holds when the action succeeded, or its guard found it unneeded.
	Succeeded When = iota
	// Failed holds when the action failed or was skipped. Actions with such
	// an edge are the undo of others: they run also after an interruption.
	Failed
	// Settled holds as soon as the action is over in whatever way.
	Settled
)

var whens = [...]string{"succeeded", "failed", "settled"}

func (w When) String() string { return whens[w] }

// MarshalText is the word of w.
func (w When) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads the word back.
func (w *When) UnmarshalText(text []byte) error {
	i := slices.Index(whens[:], string(text))
	if i < 0 {
		return fmt.Errorf("when %q: unknown", text)
	}
	*w = When(i)
	return nil
}

// Op is one call to a target, with all its arguments. Each target defines its
// own; Kind is a VerbNoun in the target's words.
type Op interface{ Kind() string }

// A Waiter is an Op that changes nothing and takes as long as something else
// takes. Waits do not use up the limit of parallel actions, and an interruption
// ends them.
type Waiter interface {
	Op
	Waits()
}

// Waits reports whether op is a wait.
func Waits(op Op) bool {
	_, ok := op.(Waiter)
	return ok
}

// A Cancellable is an Op that may be cut off at any moment without harm, such
// as a build: an interruption ends it, like a wait.
type Cancellable interface {
	Op
	Cancellable()
}

// CanCancel reports whether an interruption ends op, and does not let it
// finish.
func CanCancel(op Op) bool {
	_, ok := op.(Cancellable)
	return ok || Waits(op)
}

// Undo reports whether the action runs because another one failed.
func (a Action) Undo() bool {
	for _, e := range a.After {
		if e.When == Failed {
			return true
		}
	}
	return false
}

// Empty reports whether carrying out the plan would change nothing: it has no
// action, or only waits.
func (p *Plan) Empty() bool {
	for _, a := range p.Actions {
		if !Waits(a.Op) {
			return false
		}
	}
	return true
}

// Changes returns the changes of the plan in the order in which they first
// appear, each once, waits and undos left out.
func (p *Plan) Changes() []Change {
	var out []Change
	seen := map[Change]bool{}
	for _, a := range p.Actions {
		if Waits(a.Op) || a.Undo() || seen[a.Change] {
			continue
		}
		seen[a.Change] = true
		out = append(out, a.Change)
	}
	return out
}

// A Skip is a job that does not run, since it has run with success and nothing
// that it is made from has changed.
type Skip struct {
	Service string
	Text    string // why, such as "inputs unchanged"
}

// String is the skip on one line.
func (s Skip) String() string { return fmt.Sprintf("job %s: skip (%s)", s.Service, s.Text) }

// A Note is worth knowing and changes nothing, such as an orphan.
type Note struct {
	Service string // "" for none
	Text    string
}
