package planner

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// class is what it takes to remove a difference.
type class int

const (
	nothing class = iota
	inPlace       // an update of the container
	rewire        // disconnect and connect
	replace
)

// A difference is one field in which a container is not what is desired.
type difference struct {
	field  string // such as environment.LOG_LEVEL
	top    string // its first part: the JSON name in spec.Container
	class  class
	reason plan.Reason
}

// differences compares what c is with what is desired, field by field, in the
// order of the fields' names. Fields that an engine can change later are
// compared with what is true now, all others with what c was made from. Both of a
// container that another tool made are put into the words of desired first.
func differences(c *engine.Container, desired *spec.Container) []difference {
	if c.Recorded == nil {
		return []difference{{class: replace, reason: plan.Reason{Code: plan.Changed, Text: "made by another tool, and its image is gone: what it was made from cannot be read back"}}}
	}
	if same(c.Recorded, desired) && same(c.Observed, desired) {
		return nil
	}
	want, was, is := tree(*desired), tree(*c.Recorded), tree(*c.Observed)
	if c.Adopted != nil {
		was, is = adopted(*c, *c.Recorded, *desired), adopted(*c, *c.Observed, *desired)
	}
	var out []difference
	for _, d := range told(*c, walk("", was, want)) {
		if live[d.top()] == "" {
			out = append(out, difference{d.path, d.top(), replace, d.reason(plan.Changed)})
		}
	}
	for _, d := range told(*c, walk("", is, want)) {
		if tag := live[d.top()]; tag != "" {
			out = append(out, d.live(tag, was, want))
		}
	}
	sortBy(out, func(d difference) string { return d.field })
	return out
}

// told are the changes of which the engine can tell, and which it can make.
func told(c engine.Container, changes []change) []change {
	return slices.DeleteFunc(changes, func(ch change) bool { return slices.Contains(c.Untold, ch.path) })
}

// same is the quick way to see that nothing differs, which is the usual case:
// the JSON form is compared without being parsed, and where even the values are
// equal there is no need for it.
func same[T any](a, b *T) bool {
	return reflect.DeepEqual(a, b) || encode(a) == encode(b)
}

// live holds the live tag of each field of spec.Container that has one, by the
// field's JSON name.
var live = liveFields(reflect.TypeFor[spec.Container]())

func liveFields(t reflect.Type) map[string]string {
	out := map[string]string{}
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("live"); tag != "" {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			out[name] = tag
		}
	}
	return out
}

// A change is one leaf that differs between two JSON trees. An absent leaf is
// nil; a JSON null is a json.RawMessage of its own.
type change struct {
	path     string
	from, to any
}

func (c change) top() string {
	top, _, _ := strings.Cut(c.path, ".")
	return top
}

// reason tells the change. Of a config or secret it tells only that the content
// is another one: a digest says too much of a short text.
func (c change) reason(code plan.Code) plan.Reason {
	if file, ok := strings.CutSuffix(c.path, ".digest"); ok && c.top() == "files" {
		return plan.Reason{Code: code, Field: file, Text: file + ": the content changed"}
	}
	if target, ok := strings.CutPrefix(c.path, "inputs."); ok {
		return plan.Reason{Code: code, Field: c.path, Text: target + ": the content changed"}
	}
	return plan.Reason{Code: code, Field: c.path, From: render(c.path, c.from), To: render(c.path, c.to)}
}

// live is the difference in a field that the engine can change. Whoever made it
// so decides between changed and drifted: the file, if what is recorded is not
// what is desired.
func (c change) live(tag string, was, want map[string]any) difference {
	code := plan.Drifted
	if !reflect.DeepEqual(was[c.top()], want[c.top()]) {
		code = plan.Changed
	}
	d := difference{field: c.path, top: c.top(), class: inPlace, reason: c.reason(code)}
	switch {
	case tag == "network":
		d.class = rewire
	case tag == "set" && c.to == nil:
		// The engine takes 0 for "leave as it is", so a limit cannot be
		// taken away from a container that has one.
		d.class = replace
	}
	return d
}

// null stands for a JSON null in a tree, so that it is not taken for absence.
type null struct{}

// tree is the JSON form of a definition, with numbers as written.
func tree(definition any) map[string]any {
	decoder := json.NewDecoder(strings.NewReader(encode(definition)))
	decoder.UseNumber()
	out := map[string]any{}
	if err := decoder.Decode(&out); err != nil {
		panic(fmt.Sprintf("planner: JSON of a %T: %v", definition, err))
	}
	return out
}

// walk returns the leaves in which two trees differ. Objects are walked, arrays
// and scalars are leaves.
func walk(path string, from, to map[string]any) []change {
	var out []change
	for _, key := range sortedKeys(union(from, to)) {
		a, b := leaf(from, key), leaf(to, key)
		if reflect.DeepEqual(a, b) {
			continue
		}
		name := join(path, key)
		x, xIsMap := a.(map[string]any)
		y, yIsMap := b.(map[string]any)
		if xIsMap && yIsMap || wide(name) && (xIsMap || yIsMap) && (a == nil || b == nil) {
			out = append(out, walk(name, x, y)...)
			continue
		}
		out = append(out, change{name, a, b})
	}
	return out
}

// wide reports whether an object that comes or goes is told key by key: the
// collections are, their elements are told as one.
func wide(path string) bool { return !strings.Contains(path, ".") }

func leaf(m map[string]any, key string) any {
	v, ok := m[key]
	if ok && v == nil {
		return null{}
	}
	return v
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
