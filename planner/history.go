package planner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// An Entry tells of one generation. Its JSON form is for programs.
type Entry struct {
	Number   int               `json:"number"`
	Recorded time.Time         `json:"recorded"`
	Current  bool              `json:"current"`          // it is what runs, as far as is known
	Images   map[string]string `json:"images"`           // IDs, by service
	Changes  []string          `json:"changes"`          // against the generation before; empty for the first
	Readable bool              `json:"readable"`         // false: another version of stack wrote it
	Volume   string            `json:"volume,omitempty"` // that keeps it
}

// History tells of the generations of what was observed with [RollbackQuery], the
// oldest first.
func History(observed engine.State) []Entry {
	out := []Entry{}
	var before *engine.Generation
	for _, g := range observed.Generations {
		e := Entry{Number: g.Number, Recorded: g.Created.UTC(), Images: map[string]string{}, Changes: []string{}, Readable: g.Stack != nil, Volume: g.Volume}
		if g.Stack != nil {
			for name, s := range g.Stack.Services {
				e.Images[name] = s.ImageID
			}
			if before != nil {
				e.Changes = changesBetween(*before, g)
			}
			e.Current = runsAlready(g, observed, RollbackOptions{})
			before = &g
		}
		out = append(out, e)
	}
	// Of several that are what runs the newest counts.
	seen := false
	for i := range slices.Backward(out) {
		out[i].Current, seen = out[i].Current && !seen, seen || out[i].Current
	}
	return out
}

// changesBetween are the fields in which two generations differ, as web.image or
// web.environment.LOG_LEVEL.
func changesBetween(was, is engine.Generation) []string {
	var out []string
	a, b := was.Stack, is.Stack
	for _, name := range sortedKeys(union(a.Services, b.Services)) {
		from, old := a.Services[name]
		to, now := b.Services[name]
		switch {
		case !old:
			out = append(out, name+" added")
		case !now:
			out = append(out, name+" removed")
		default:
			out = append(out, serviceChanges(name, from, to)...)
		}
	}
	out = append(out, objectChanges("network", a.Networks, b.Networks)...)
	out = append(out, objectChanges("volume", a.Volumes, b.Volumes)...)
	return append(out, secretChanges(was, is)...)
}

func serviceChanges(name string, from, to spec.Service) (out []string) {
	if from.ImageID != to.ImageID && from.Container.Image == to.Container.Image {
		out = append(out, name+".image")
	}
	if from.Replicas != to.Replicas {
		out = append(out, fmt.Sprintf("%s.replicas %d -> %d", name, from.Replicas, to.Replicas))
	}
	for _, r := range changes(from.Container, to.Container) {
		out = append(out, name+"."+r.Field)
	}
	from.Container, to.Container = spec.Container{}, spec.Container{}
	from.ImageID, from.Replicas, to.ImageID, to.Replicas = "", 0, "", 0
	for _, r := range changes(from, to) {
		field, _, _ := strings.Cut(r.Field, ".")
		out = append(out, name+"."+field)
	}
	return slices.Compact(out)
}

func objectChanges[T any](kind string, from, to map[string]T) (out []string) {
	for _, key := range sortedKeys(union(from, to)) {
		a, old := from[key]
		b, now := to[key]
		var reasons []plan.Reason
		switch {
		case !old:
			out = append(out, kind+" "+key+" added")
		case !now:
			out = append(out, kind+" "+key+" removed")
		default:
			reasons = changes(a, b)
		}
		for _, r := range reasons {
			out = append(out, kind+" "+key+"."+r.Field)
		}
	}
	return out
}

// secretChanges are the values left out that are not known to be the same.
func secretChanges(was, is engine.Generation) (out []string) {
	r := recovery{generation: is}
	for _, pointer := range sortedKeys(is.Withheld) {
		marks, also := was.Withheld[pointer]
		if also && len(marks) > 0 && !meet(marks, is.Withheld[pointer]) {
			out = append(out, r.names(engine.Steps(pointer))[0])
		}
	}
	return slices.Compact(out)
}
