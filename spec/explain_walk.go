package spec

import (
	"math"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"
)

// An explainer finds for each value of a rendered stack the node of the files
// that it was made of.
type explainer struct {
	*reading
	asked   string // name of the project
	project *types.Project
	// The files of variables and labels by service: the rendered one has none.
	envFiles, labelFiles map[string][]types.EnvFile
	definitions          map[types.EnvFile]map[string]definition
	secret               map[string]bool // variables that secrets are made of
	values               []Value
}

func newExplainer(r *reading, asked string, project *types.Project) *explainer {
	e := &explainer{
		reading: r, asked: asked, project: project, secret: map[string]bool{}, definitions: map[types.EnvFile]map[string]definition{},
		envFiles: map[string][]types.EnvFile{}, labelFiles: map[string][]types.EnvFile{},
	}
	for _, secret := range project.Secrets {
		e.secret[secret.Environment] = true
	}
	for name, service := range project.Services {
		e.envFiles[name] = service.EnvFiles
		for _, file := range service.LabelFiles {
			e.labelFiles[name] = append(e.labelFiles[name], types.EnvFile{Path: file})
		}
	}
	return e
}

// value explains a value and what it holds. n is what the files have for it:
// nil for nothing, and a text or a list where the long form is a mapping.
func (e *explainer) value(y *yaml.Node, n *node, at trail) {
	switch {
	case len(y.Content) == 0:
		e.leaf(y, n, at)
	case y.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(y.Content); i += 2 {
			at := at.key(y.Content[i].Value)
			e.value(y.Content[i+1], e.field(n, at), at)
		}
	default:
		e.entries(y, n, at)
	}
}

// entries explains a list. What is secret in its texts may depend on the ones
// before, as in the arguments of commands.
func (e *explainer) entries(y *yaml.Node, n *node, at trail) {
	texts, last := make([]string, len(y.Content)), make([]int, len(y.Content))
	for i, item := range y.Content {
		e.value(item, entryOf(n, item, i, len(y.Content), at), at.entry(i))
		if last[i] = len(e.values) - 1; isText(item) {
			texts[i] = item.Value
		}
	}
	if at.name() == "extra_hosts" { // names of machines are no keys
		return
	}
	for i, masked := range MaskArguments(at.name(), texts) {
		if masked != texts[i] {
			mask(y.Content[i], masked)
			e.values[last[i]].Value = plainValue(y.Content[i])
		}
	}
}

func isText(y *yaml.Node) bool { return y.Kind == yaml.ScalarNode && y.ShortTag() == "!!str" }

// formerKeys are attributes that had another name before.
var formerKeys = map[string]string{"develop": "x-develop", "initial_sync": "x-initialSync"}

// field is what the files have for a key: the last step of at.
func (e *explainer) field(n *node, at trail) *node {
	if n == nil {
		return nil
	}
	switch key := at[len(at)-1]; n.kind {
	case mapNode:
		return fieldIn(n, key, at)
	case listNode:
		return keyIn(n, key)
	case scalarNode:
		if said(at, n.text()) {
			return n.short()
		}
	}
	return nil
}

func fieldIn(n *node, key string, at trail) *node {
	found := n.get(key)
	switch {
	case key == "condition" && found != nil && found.at == n.at:
		return nil // put there when a list was merged
	case formerKeys[key] != "":
		return merger{func(Finding) {}}.merge(n.get(formerKeys[key]), found)
	case found == nil && at.matches("*", "*", "name"):
		return n.get("external", "name")
	}
	return found
}

// keyIn finds a key in a list of keys or of key=value: the last one counts.
func keyIn(n *node, key string) *node {
	for _, item := range slices.Backward(n.items) {
		if name, value, ok := strings.Cut(item.text(), "="); name == key {
			found := *item
			if found.value = value; !ok {
				found.kind, found.value = nullNode, nil
			}
			return &found
		}
	}
	return nil
}

// implicit are the keys of long forms that their short forms do not say, or say
// only with a sign.
var implicit = map[string]string{
	"build.dockerfile": "", "build.secrets.*.target": "", "env_file.*.required": "",
	"ports.*.mode": "", "ports.*.protocol": "/", "devices.*.permissions": ":",
	"volumes.*.bind.create_host_path": "",
	"secrets.*.target":                "", "configs.*.target": "",
}

// said reports whether a short form says what its long form has at a path.
func said(at trail, text string) bool {
	attribute := at.attribute()
	if strings.HasPrefix(attribute, "depends_on.") {
		return false
	}
	sign, ok := implicit[attribute]
	switch {
	case !ok:
		return true
	case sign == ":": // the third part
		return strings.Count(text, ":") > 1
	}
	return sign != "" && strings.Contains(text, sign)
}

// leaf explains a value that holds no others.
func (e *explainer) leaf(y *yaml.Node, n *node, at trail) {
	from, uses := e.origin(y, n, at)
	v := Value{Path: at.String(), Variables: []Variable{}}
	if from.src != nil {
		v.File, v.Line, v.Column = from.src.name, from.line, from.column
	}
	for _, u := range uses {
		if variable := e.variable(u); !slices.Contains(v.Variables, variable) {
			v.Variables = append(v.Variables, variable)
		}
	}
	if masked := e.mask(y, uses, at); masked != y.Value {
		mask(y, masked)
	}
	v.Value = plainValue(y)
	e.values = append(e.values, v)
}

// plainValue is a value as JSON has it.
func plainValue(y *yaml.Node) any {
	switch {
	case y.Kind == yaml.MappingNode:
		return map[string]any{}
	case y.Kind == yaml.SequenceNode:
		return []any{}
	}
	switch y.ShortTag() {
	case "!!null":
		return nil
	case "!!int", "!!float", "!!bool":
		var v any
		if err := y.Decode(&v); err == nil && !endless(v) {
			return v
		}
	}
	return string(escaped([]byte(y.Value)))
}

func endless(v any) bool {
	f, ok := v.(float64)
	return ok && (math.IsNaN(f) || math.IsInf(f, 0))
}
