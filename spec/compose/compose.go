// Package compose makes compose-go's project of what stack files say, in the
// steps of compose-go's own package loader: layers, the canonical form, defaults,
// paths, normalization, types. It opens no file and substitutes no variable.
//
// It is not that package, because whoever links that one compiles a JSON schema
// at each start, and because it compares each value's path with each pattern of
// each step. A test of package spec holds the two to the same projects.
package compose

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/tree"
)

type (
	dict = map[string]any
	list = []any
)

// A Document is what one document of a stack file says, its variables
// substituted or left, and the paths at which it takes away what lies below it.
type Document struct {
	Values map[string]any // this package changes it
	Resets [][]string
}

// NewDocument is a document of values, which it takes over. Attributes that were
// extensions once have their names of today in it.
func NewDocument(values map[string]any, resets [][]string) (Document, error) {
	var err error
	each(values["services"], func(_ string, service dict) {
		if err == nil {
			err = promote(service)
		}
	})
	for _, path := range slices.Clip(resets) {
		if len(path) > 2 && path[0] == "services" && path[2] == "x-develop" {
			path = slices.Clone(path)
			path[2] = "develop"
			resets = append(resets, path)
		}
	}
	return Document{Values: values, Resets: resets}, err
}

func promote(service dict) error {
	if err := rename(service, "x-develop", "develop", "services.*.develop"); err != nil {
		return err
	}
	develop, _ := service["develop"].(dict)
	watches, _ := develop["watch"].(list)
	for _, v := range watches {
		if watch, ok := v.(dict); ok {
			if err := rename(watch, "x-initialSync", "initial_sync", ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// rename gives a key its name of today; what is there under that name is laid
// over it.
func rename(values dict, from, to string, path tree.Path) error {
	v, ok := values[from]
	if !ok {
		return nil
	}
	delete(values, from)
	merged, err := override.MergeYaml(clone(v), values[to], path)
	values[to] = merged
	return err
}

// Lay returns a document laid over a model, in canonical form; both are used up.
// What cannot be read as it is meant is an error, or with raw is left alone: it
// may hold variables.
func Lay(model map[string]any, d Document, raw bool) (map[string]any, error) {
	d.Reset(model)
	model, err := override.Merge(model, d.Values)
	if err != nil {
		return nil, err
	}
	if err := unify(model); err != nil {
		return nil, err
	}
	if err := canonical(model, raw); err != nil {
		return nil, err
	}
	withoutEmpty(model)
	// The canonical form can show that two entries are one, such as ports.
	return model, unify(model)
}

// Reset takes away from a model what the document resets or overrides.
func (d Document) Reset(model map[string]any) {
	for _, path := range d.Resets {
		take(model, path)
	}
}

func take(v any, path []string) {
	values, ok := v.(dict)
	switch {
	case !ok:
	case len(path) == 1:
		delete(values, path[0])
	default:
		take(values[path[0]], path[1:])
	}
}

// sections are the parts of a model that an included one brings.
var sections = []string{"services", "jobs", "volumes", "networks", "secrets", "configs", "models"}

// Include brings the parts of an included model into the document that includes
// it; what the document says itself is laid over them.
func (d Document) Include(included map[string]any) error {
	for _, section := range sections {
		from, ok := included[section].(dict)
		if !ok {
			continue
		}
		to, ok := d.Values[section].(dict)
		if !ok {
			to = dict{}
		}
		for name, value := range from {
			merged, err := d.include(section, name, value, to)
			if err != nil {
				return err
			}
			to[name] = merged
		}
		d.Values[section] = to
	}
	return nil
}

func (d Document) include(section, name string, value any, to dict) (any, error) {
	own, ok := to[name]
	if !ok {
		return value, nil
	}
	if same(value, own) { // it came on two ways
		return own, nil
	}
	d.Reset(dict{section: dict{name: value}})
	return override.MergeYaml(value, own, tree.NewPath(section, name))
}

// Extend returns a service laid over the one that it extends. The base is not
// changed.
func (d Document) Extend(name string, base, service map[string]any) (map[string]any, error) {
	below := Clone(base)
	d.Reset(dict{"services": dict{name: below}})
	merged, err := override.ExtendService(below, service)
	delete(merged, "extends")
	return merged, err
}

// Finish fills in a group of files that are laid over each other: defaults, the
// variables named without a value, and with a folder what paths are relative to.
func Finish(model map[string]any, dir string, env map[string]string) error {
	if err := defaults().apply(model); err != nil {
		return err
	}
	if dir != "" {
		if err := ResolvePaths(model, dir); err != nil {
			return err
		}
	}
	resolveEnvironment(model, env)
	return nil
}

// Clone copies a mapping with all that it holds.
func Clone(values map[string]any) map[string]any {
	out, _ := clone(values).(dict)
	return out
}

func clone(v any) any {
	switch v := v.(type) {
	case list:
		out := make(list, len(v))
		for i, item := range v {
			out[i] = clone(item)
		}
		return out
	case dict:
		out := make(dict, len(v))
		for key, value := range v {
			out[key] = clone(value)
		}
		return out
	}
	return v
}

// same reports whether two values say the same.
func same(a, b any) bool {
	switch a := a.(type) {
	case dict:
		b, ok := b.(dict)
		return ok && maps.EqualFunc(a, b, same)
	case list:
		b, ok := b.(list)
		return ok && slices.EqualFunc(a, b, same)
	}
	if _, ok := b.(dict); ok {
		return false
	}
	if _, ok := b.(list); ok {
		return false
	}
	return a == b
}

// withoutEmpty leaves out the empty servers of dns, as a variable without a
// value makes them.
func withoutEmpty(model dict) {
	for _, section := range []string{"services", "jobs"} {
		each(model[section], func(_ string, container dict) {
			if dns, ok := container["dns"].(list); ok {
				container["dns"] = slices.DeleteFunc(dns, func(v any) bool { return v == nil || v == "" })
			}
		})
	}
}

// each calls f for the mappings in a mapping.
func each(section any, f func(name string, values dict)) {
	entries, _ := section.(dict)
	for name, v := range entries {
		if values, ok := v.(dict); ok {
			f(name, values)
		}
	}
}

// joined writes a path for messages.
func joined(path []string) string { return strings.Join(path, ".") }
