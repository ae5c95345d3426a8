package planner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// Moved says what keeps a plan that was made earlier from being carried out: a
// line for each thing of its base that is not so any more, for each that has come
// since, and for each of others that holds by now what the plan needs. None means
// that the plan is as right as when it was made.
func Moved(p *plan.Plan, observed engine.State) []string {
	now := Base(observed)
	var out []string
	for _, was := range p.Base {
		out = append(out, moves(was, now)...)
	}
	for _, is := range now {
		if find(p.Base, is.Object, is.Name) == nil && identified(p.Base, is) == nil {
			out = append(out, arrival(is))
		}
	}
	return append(out, inTheWay(p, observed)...)
}

func find(b plan.Base, object, name string) *plan.Thing {
	i := slices.IndexFunc(b, func(t plan.Thing) bool { return t.Object == object && t.Name == name })
	if i < 0 {
		return nil
	}
	return &b[i]
}

// identified is the thing that t is, whatever its name; nil for none.
func identified(b plan.Base, t plan.Thing) *plan.Thing {
	i := slices.IndexFunc(b, func(other plan.Thing) bool {
		return other.Object == t.Object && other.Object != "image" && t.Identity != "" && other.Identity == t.Identity
	})
	if i < 0 {
		return nil
	}
	return &b[i]
}

// moves are what has become of a thing.
func moves(was plan.Thing, now plan.Base) []string {
	say := func(format string, args ...any) []string {
		return []string{was.Object + " " + was.Name + ": " + fmt.Sprintf(format, args...)}
	}
	is := find(now, was.Object, was.Name)
	switch {
	case is == nil && identified(now, was) != nil:
		return say("has the name %s now", identified(now, was).Name)
	case is == nil:
		return say("is gone")
	case is.Identity != was.Identity && was.Object == "image":
		return say("now means %s, meant %s", short(is.Identity), short(was.Identity))
	case is.Identity != was.Identity, was.Object == "volume" && is.Fields["definition"] != was.Fields["definition"]:
		return say("somebody made it anew")
	}
	var out []string
	if is.Status != was.Status {
		out = say("was %s, is %s", was.Status, is.Status)
	}
	for _, c := range walk("", fields(was), fields(*is)) {
		out = append(out, say("%s", c.reason(plan.Changed))...)
	}
	return out
}

// fields are a thing's, as a tree.
func fields(t plan.Thing) map[string]any {
	out := map[string]any{}
	for name, code := range t.Fields {
		decoder := json.NewDecoder(strings.NewReader(code))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			value = code // a Base that nobody here has made
		}
		out[name] = value
	}
	return out
}

// arrival tells of a thing that was not there.
func arrival(is plan.Thing) string {
	text := is.Object + " " + is.Name + ": was not there"
	switch is.Object {
	case "image":
		text += ", means " + short(is.Identity) + " now"
	case "container":
		text += ", is " + is.Status + " now"
	default:
		text += ", is now"
	}
	return text
}

// inTheWay are the containers outside of the project that hold a name, a host
// port or a place on a network which the plan counts on. When the plan was made
// there were none, or it would not have been made.
func inTheWay(p *plan.Plan, observed engine.State) (out []string) {
	for _, f := range observed.Foreign {
		for _, a := range p.Actions {
			if name := taken(a.Op); name != "" && name == f.Name {
				out = append(out, (&ConflictError{Object: "container name", Name: name, Holder: owner(f.Project)}).Error())
			}
			for _, err := range portConflicts(spec.Service{Container: published(a.Op, observed)}, f) {
				out = append(out, err.Error())
			}
		}
	}
	for _, a := range p.Actions {
		if op, ok := a.Op.(engine.RemoveNetwork); ok {
			out = append(out, guests(op.Name, observed)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// taken is the container name that an operation takes, "" for none.
func taken(op plan.Op) string {
	switch op := op.(type) {
	case engine.CreateContainer:
		return op.Name
	case engine.RenameContainer:
		return op.To
	}
	return ""
}

// published is a container with the host ports that an operation takes.
func published(op plan.Op, observed engine.State) (none spec.Container) {
	switch op := op.(type) {
	case engine.CreateContainer:
		return op.Definition
	case engine.StartContainer:
		for _, c := range observed.Containers {
			if c.ID == op.Name && idle(c.Status) && c.Observed != nil {
				return *c.Observed
			}
		}
	}
	return none
}

// guests are the running containers of others on a network.
func guests(network string, observed engine.State) (out []string) {
	for _, member := range observed.Networks[network].Members {
		mine := func(c engine.Container) bool { return c.Name == member }
		if !slices.ContainsFunc(observed.Containers, mine) {
			out = append(out, "network "+network+": container "+member+" is on it now")
		}
	}
	return out
}
