package spec

import (
	"cmp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"
)

// tagShort marks the copy of a node of which a value is only a part.
const tagShort = "short"

func (n *node) short() *node {
	out := *n
	out.tag = tagShort
	return &out
}

// used are the uses of variables in a node and in what it holds.
func (n *node) used() []use {
	out := slices.Clone(n.uses)
	for _, item := range n.items {
		out = append(out, item.used()...)
	}
	for _, key := range n.keys {
		out = append(out, n.fields[key].value.used()...)
	}
	return out
}

// origin is where a value stands, and the variables that it is made with.
func (e *explainer) origin(y *yaml.Node, n *node, at trail) (place, []use) {
	switch {
	case at.matches("name"):
		return e.projectName(n)
	case n == nil:
		return e.elsewhere(at)
	case n.tag == tagShort && y.Kind == yaml.MappingNode:
		return place{}, nil // an empty part that the short form says nothing of
	case n.kind == nullNode && (at.matches("services", "*", "environment", "*") || at.matches("services", "*", "build", "args", "*")):
		return n.at, []use{{name: at.name(), value: y.Value, given: origin(y.ShortTag() != "!!null"), origins: e.originsAt(n.at.src)}}
	}
	uses := n.used()
	if n.tag == tagShort {
		uses = n.usedFor(y.Value, uses)
	}
	return n.at, uses
}

// usedFor are the uses from which a part of a short form may be: those within
// what says the part, if that can be told, such as the 80 of 8080:80.
func (n *node) usedFor(part string, uses []use) []use {
	exact, begin := []use{}, 0
	known := false
	for _, said := range strings.FieldsFunc(n.text(), isSeparator) {
		begin += strings.Index(n.text()[begin:], said)
		end := begin + len(said)
		if said == part {
			known = true
			exact = append(exact, slices.DeleteFunc(slices.Clone(uses), func(u use) bool { return u.end <= begin || u.begin >= end })...)
		}
		begin = end
	}
	if known {
		return exact
	}
	return slices.DeleteFunc(uses, func(u use) bool { return !overlap(u.value, part) })
}

func isSeparator(r rune) bool { return r == ':' || r == ' ' }

// overlap reports whether a part of a text may be made of a variable's value.
func overlap(value, part string) bool {
	value = strings.TrimLeft(value, "~./")
	return value != "" && part != "" && (strings.Contains(part, value) || strings.Contains(value, part))
}

// projectName is where the project's name comes from: what it was asked for
// comes before what files say, and the folder gives it by default.
func (e *explainer) projectName(n *node) (place, []use) {
	if e.fixed {
		return place{}, []use{{name: projectVariable, value: e.name, given: byOrigin, origins: e.origins}}
	}
	if n == nil || normalName(n.text()) == "" {
		return place{}, nil
	}
	return n.at, n.uses
}

const projectVariable = "COMPOSE_PROJECT_NAME"

// elsewhere finds what stands under another key than its value: variables and
// labels of files, and dependencies that other attributes bring.
func (e *explainer) elsewhere(at trail) (place, []use) {
	switch {
	case at.matches("services", "*", "environment", "*"):
		return e.defined(at[1], at[3], e.envFiles[at[1]])
	case at.matches("services", "*", "labels", "*"):
		return e.defined(at[1], at[3], e.labelFiles[at[1]])
	case at.matches("services", "*", "depends_on", "*", "*"):
		return e.implies(e.tree.get("services", at[1]), at[3])
	}
	return place{}, nil
}

// defined finds a variable in the files of a service: the last one counts.
func (e *explainer) defined(service, name string, files []types.EnvFile) (place, []use) {
	var paths []string
	for _, file := range files {
		paths = append(paths, e.abs(file.Path))
	}
	for _, file := range slices.Backward(files) {
		d, ok := e.definitionsIn(file)[name]
		if !ok {
			continue
		}
		s := substitution{lookup: e.lookupFor(service)}
		switch {
		case d.inherited:
			s.plain(name)
		case !d.plain:
			s.expand(d.text)
		}
		for i, u := range s.uses {
			s.uses[i].origins = e.origins.with(paths)
			if declared := e.tree.get("services", service, "environment"); declared != nil {
				s.uses[i].at = e.declaredAt(declared, u.name)
			}
		}
		return place{&source{name: shortPath(e.reader.dir, e.abs(file.Path))}, d.line, d.column}, s.uses
	}
	return place{}, nil
}

// declaredAt is where the environment of a service has a variable that is not
// there outside.
func (e *explainer) declaredAt(declared *node, name string) place {
	if _, outside := e.env[name]; outside {
		return place{}
	}
	if n := e.field(declared, trail{name}); n != nil {
		return n.at
	}
	return place{}
}

func (e *explainer) abs(path string) string { return (&resolver{reading: e.reading}).abs(path) }

func (e *explainer) definitionsIn(file types.EnvFile) map[string]definition {
	key := types.EnvFile{Path: e.abs(file.Path), Format: file.Format}
	found, ok := e.definitions[key]
	if !ok {
		found = readDefinitions(key.Path, key.Format)
		e.definitions[key] = found
	}
	return found
}

// lookupFor is what variables in the env files of a service mean.
func (e *explainer) lookupFor(service string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := e.env[name]; ok {
			return v, true
		}
		if v := e.project.Services[service].Environment[name]; v != nil {
			return *v, true
		}
		return "", false
	}
}

// implies finds the attribute of a service that makes it depend on another one.
func (e *explainer) implies(service *node, on string) (place, []use) {
	if e.field(service.get("depends_on"), trail{on}) != nil {
		return place{}, nil
	}
	for _, key := range []string{"links", "volumes_from"} {
		for _, item := range listed(cmp.Or(service.get(key), &node{})).items {
			if name, _, _ := strings.Cut(item.text(), ":"); name == on {
				return item.at, item.uses
			}
		}
	}
	for _, key := range []string{"network_mode", "ipc", "pid", "uts", "cgroup"} {
		if n := service.get(key); n.text() == types.ServicePrefix+on {
			return n.at, n.uses
		}
	}
	return place{}, nil
}

// originsAt are the origins of the variables that a source's keys name: those
// of the first group that includes it, or of the stack.
func (e *explainer) originsAt(src *source) *origins {
	var first *node
	for entry, g := range e.reader.inclusions {
		if slices.Contains(g.sources, src) && (first == nil || before(entry.at, first.at)) {
			first = entry
		}
	}
	if first == nil {
		return e.origins
	}
	return e.reader.inclusions[first].origins
}

func before(a, b place) bool {
	return cmp.Or(cmp.Compare(a.src.name, b.src.name), a.line-b.line, a.column-b.column) < 0
}
