package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/stackfile/stack/spec"
)

// Secrets are the values in v, in its JSON form, that no label of ours may
// repeat: those that [spec.Mask] does not print, and the digests of secrets,
// which say too much of a short text. They go by JSON pointers (RFC 6901).
func Secrets(v any) map[string]string {
	found := map[string]string{}
	collect(found, "", "", tree(v))
	return found
}

// collect adds the secrets of a node. key is the name that stands nearest above
// it.
func collect(found map[string]string, at, key string, node any) {
	switch node := node.(type) {
	case string:
		if spec.Mask(key, node) != node {
			found[at] = node
		}
	case []any:
		for i, element := range node {
			collect(found, at+"/"+strconv.Itoa(i), key, element)
		}
	case map[string]any:
		digest, ok := node["digest"].(string)
		if source, _ := node["source"].(string); ok && strings.HasPrefix(source, "secrets.") {
			found[at+"/digest"] = digest
		}
		for key, element := range node {
			collect(found, at+"/"+escape(key), key, element)
		}
	}
}

// escape writes a name as a step of a pointer, unescape reads it.
func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func unescape(step string) string {
	return strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
}

// Pointer writes the way to a value, one step for each name or index.
func Pointer(steps ...string) string {
	var b strings.Builder
	for _, step := range steps {
		b.WriteString("/" + escape(step))
	}
	return b.String()
}

// Steps takes a pointer apart.
func Steps(pointer string) []string {
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, step := range steps {
		steps[i] = unescape(step)
	}
	return steps
}

// Lookup returns the text at a pointer in the JSON form of v.
func Lookup(v any, pointer string) (string, bool) {
	node := tree(v)
	for _, step := range Steps(pointer) {
		node = child(node, step)
	}
	text, ok := node.(string)
	return text, ok
}

func child(node any, step string) any {
	switch node := node.(type) {
	case map[string]any:
		return node[step]
	case []any:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(node) {
			return node[i]
		}
	}
	return nil
}

// put sets the text at a pointer, where there is a text.
func put(node any, steps []string, text string) {
	for _, step := range steps[:len(steps)-1] {
		node = child(node, step)
	}
	last := steps[len(steps)-1]
	if _, ok := child(node, last).(string); !ok {
		return
	}
	switch node := node.(type) {
	case map[string]any:
		node[last] = text
	case []any:
		if i, err := strconv.Atoi(last); err == nil {
			node[i] = text
		}
	}
}

// Filled is the stack with texts at pointers. The stack is not changed; what
// its JSON form leaves out is left out of the result too.
func Filled(s *spec.Stack, texts map[string]string) (*spec.Stack, error) {
	root := tree(s)
	for pointer, text := range texts {
		put(root, Steps(pointer), text)
	}
	encoded, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", s.Name, err)
	}
	var out spec.Stack
	if err := json.Unmarshal(encoded, &out); err != nil {
		return nil, fmt.Errorf("stack %s: %w", s.Name, err)
	}
	return &out, nil
}

// tree is the JSON form of a value that always has one.
func tree(v any) (out any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("engine: %T without a JSON form: %v", v, err))
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		panic(fmt.Sprintf("engine: JSON of a %T: %v", v, err))
	}
	return out
}

// EncodeMarks is the label that says of which values of a container others have
// had the very same before: see [Container.Mark].
func EncodeMarks(marks map[string]string) string { return EncodeMap(marks) }

// markLength is how much of a container's ID marks it among all that a project
// ever had.
const markLength = 12

// Mark stands for the value that the container has at a pointer of its
// [spec.Service]. Of two containers of one service with equal marks the values
// are equal; what they are, a mark does not say, since it is the ID of the first
// container that had the value.
func (c Container) Mark(pointer string) string {
	marks := map[string]string{}
	_ = json.Unmarshal([]byte(c.Labels[LabelMarks]), &marks) // no label, or one by hand: the first to have them
	if mark := marks[pointer]; mark != "" {
		return mark
	}
	return c.ID[:min(len(c.ID), markLength)]
}

// Hooks are what the container's label holds of hooks.
type Hooks struct {
	PostStart []spec.Hook `json:"post_start,omitempty"`
	PreStop   []spec.Hook `json:"pre_stop,omitempty"`
}

// DecodeHooks reads the hooks that were recorded when the container was made.
func (c Container) DecodeHooks() (h Hooks) {
	_ = json.Unmarshal([]byte(c.Labels[LabelHooks]), &h) // no label, or one by hand: no hooks
	return h
}

// Made is the service that the container was made from, as far as it is
// recorded; nil when stack did not make it.
func (c Container) Made() *spec.Service {
	if c.Recorded == nil {
		return nil
	}
	h := c.DecodeHooks()
	return &spec.Service{Name: c.Service, Container: *c.Recorded, PostStart: h.PostStart, PreStop: h.PreStop}
}

// Withhold returns the stack without its secrets, and the pointers to what was
// taken out. Contents of files are taken out too, without being named.
func Withhold(s *spec.Stack) (*spec.Stack, []string, error) {
	bare := *s
	bare.Services = maps.Clone(s.Services)
	for name, service := range bare.Services {
		service.Files = maps.Clone(service.Files)
		for target, file := range service.Files {
			file.Content = nil
			service.Files[target] = file
		}
		bare.Services[name] = service
	}
	blank := map[string]string{}
	for _, part := range []struct {
		name  string
		value any
	}{{"Services", bare.Services}, {"Networks", bare.Networks}, {"Volumes", bare.Volumes}} {
		for pointer := range Secrets(part.value) {
			blank["/"+part.name+pointer] = ""
		}
	}
	out, err := Filled(&bare, blank)
	return out, sortedKeys(blank), err
}
