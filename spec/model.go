package spec

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/stackfile/stack/spec/compose"
)

// A modeler makes the model of a stack's files: their values by the rules of
// docker compose, in the steps of compose-go's loader, from the documents that
// were read already.
type modeler struct {
	*reader
	bases map[extendedFile]base
}

// A group is files that are laid over each other.
type group struct {
	scope
	sources []*source
	paths   string // what relative paths become relative to; "": they stay
}

// An extendedFile is a file that services of a group extend, and base what it
// says: its services, and what its last document takes away.
type (
	extendedFile struct {
		*source
		dir    string
		parsed *parsing
	}
	base struct {
		services map[string]any
		last     compose.Document
	}
)

// project is the stack as compose-go has it: merged, of the active profiles, its
// env files not yet read.
func (r *reading) project(modes loadModes) (project *types.Project, err error) {
	defer recovered(&err)
	model, err := r.model(modes)
	if err != nil {
		return nil, err
	}
	project, err = compose.Project(model, compose.Options{
		Name: r.name, Dir: r.dir, Env: maps.Clone(r.env), Profiles: r.profiles, Check: !modes.noCheck,
	})
	if err == nil {
		sortKeys(project)
	}
	return project, err
}

// sortKeys puts the SSH keys of builds in order, which compose-go reads from a
// map.
func sortKeys(project *types.Project) {
	for _, services := range []types.Services{project.Services, project.DisabledServices} {
		for _, s := range services {
			if s.Build != nil {
				slices.SortFunc(s.Build.SSH, func(a, b types.SSHKey) int { return cmp.Compare(a.ID, b.ID) })
			}
		}
	}
}

// model is the stack as a tree of plain values.
func (r *reading) model(modes loadModes) (model map[string]any, err error) {
	defer recovered(&err)
	m := &modeler{reader: r.reader, bases: map[extendedFile]base{}}
	g := group{scope: r.scope, sources: r.input.sources}
	if !modes.noPaths {
		g.paths = r.dir
	}
	if model, err = m.model(g); err != nil {
		return nil, err
	}
	if len(model) == 0 {
		return nil, errors.New("empty compose file")
	}
	if !modes.noNormalize {
		err = compose.Normalize(model, r.name, r.scope.lookedUp())
	}
	return model, err
}

func (m *modeler) model(g group) (map[string]any, error) {
	model := map[string]any{}
	for _, src := range g.sources {
		for _, n := range m.documents(src, g.scope) {
			d, err := m.document(n, g)
			if err != nil {
				return nil, err
			}
			if model, err = compose.Lay(model, d, g.raw); err != nil {
				return nil, err
			}
		}
	}
	return model, compose.Finish(model, g.paths, g.lookedUp())
}

// lookedUp are the values of what is named without one. Where variables stay as they
// are, so do these: nobody is to read a secret in what is printed or published.
func (s scope) lookedUp() map[string]string {
	if s.raw {
		return nil
	}
	return s.env
}

// document is one document, with what it includes and extends.
func (m *modeler) document(n *node, g group) (compose.Document, error) {
	d, err := newDocument(n)
	if err != nil {
		return d, err
	}
	if err := m.include(d, n, g); err != nil {
		return d, err
	}
	for _, section := range []string{"services", "jobs"} {
		services, ok := d.Values[section].(map[string]any)
		if _, there := d.Values[section]; there && !ok {
			return d, fmt.Errorf("%s must be a mapping", section)
		}
		for _, name := range slices.Sorted(maps.Keys(services)) {
			merged, err := m.extend(name, services, d, g)
			if err != nil {
				return d, err
			}
			services[name] = merged
		}
	}
	return d, nil
}

func (m *modeler) include(d compose.Document, n *node, g group) error {
	delete(d.Values, "include")
	list := n.get("include")
	if list == nil {
		return nil
	}
	for _, entry := range list.items {
		from, ok := m.inclusions[entry]
		if !ok {
			continue
		}
		from.paths = includedDir(g.dir, from.dir, entry.get("project_directory").text())
		model, err := m.model(from)
		if err != nil {
			return err
		}
		if err := d.Include(model); err != nil {
			return err
		}
	}
	return nil
}

// includedDir is what the paths of an included file become relative to.
func includedDir(base, dir, asked string) string {
	if filepath.IsAbs(asked) {
		return asked
	}
	if found, err := os.Stat(dir); asked != "" && (err != nil || !found.IsDir()) {
		dir = filepath.Dir(dir) // as docker compose has it
	}
	return within(base, dir)
}

// within is a folder relative to another one.
func within(base, dir string) string {
	if rel, err := filepath.Rel(base, dir); err == nil {
		return rel
	}
	return dir
}

// extend is a service with what it extends below it, through the whole chain.
func (m *modeler) extend(name string, services map[string]any, d compose.Document, g group) (any, error) {
	service, ok := services[name].(map[string]any)
	switch {
	case services[name] == nil:
		return nil, nil
	case !ok:
		return nil, fmt.Errorf("services.%s must be a mapping", name)
	}
	from, file, ok := extended(service["extends"])
	if !ok {
		return service, nil
	}
	below := d
	if file != "" {
		b, err := m.base(file, g)
		if err != nil {
			return nil, err
		}
		services, below = compose.Clone(b.services), b.last
	}
	if _, ok := services[from]; !ok {
		return nil, fmt.Errorf("cannot extend service %q: service %q not found", name, from)
	}
	base, err := m.extend(from, services, below, g)
	if err != nil {
		return nil, err
	}
	values, ok := base.(map[string]any)
	if !ok {
		return service, nil
	}
	merged, err := d.Extend(name, values, service)
	if err == nil && file == "" {
		services[name] = merged
	}
	return merged, err
}

// extended reads a use of extends.
func extended(v any) (service, file string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, "", true
	case map[string]any:
		file, _ = v["file"].(string)
		service, ok = v["service"].(string)
	}
	return service, file, ok
}

// base reads a file that is extended, once for each group.
func (m *modeler) base(file string, g group) (base, error) {
	path, err := m.pathOf(file, g.dir)
	if err != nil {
		return base{}, err
	}
	src := m.open(path, filepath.Dir(path), place{}, "")
	if src == nil {
		return base{}, fmt.Errorf("cannot read %s: %w", file, os.ErrNotExist)
	}
	key := extendedFile{src, g.dir, g.parsed}
	if b, ok := m.bases[key]; ok {
		return b, nil
	}
	b, err := m.newBase(src, g)
	m.bases[key] = b
	return b, err
}

func (m *modeler) newBase(src *source, g group) (base, error) {
	model, b := map[string]any{}, base{}
	for _, n := range m.documents(src, g.scope) {
		var err error
		if b.last, err = newDocument(n); err != nil {
			return b, err
		}
		if model, err = compose.Lay(model, b.last, g.raw); err != nil {
			return b, err
		}
	}
	b.services, _ = model["services"].(map[string]any)
	return b, compose.ResolvePaths(model, within(g.dir, src.dir))
}

// newDocument is the plain values of a document, and what it takes away.
func newDocument(n *node) (compose.Document, error) {
	values, _ := n.plain().(map[string]any)
	return compose.NewDocument(values, n.takes(nil))
}

// plain is a node as a value of its own.
func (n *node) plain() any {
	switch n.kind {
	case scalarNode:
		return n.value
	case listNode:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.plain()
		}
		return out
	case mapNode:
		out := make(map[string]any, len(n.keys))
		for key, f := range n.fields {
			out[key] = f.value.plain()
		}
		return out
	}
	return nil
}

// takes are the paths at which a node takes away what earlier files say.
func (n *node) takes(path []string) [][]string {
	var out [][]string
	for _, key := range n.resets {
		out = append(out, append(slices.Clone(path), key))
	}
	for _, key := range n.keys {
		at := append(slices.Clip(path), key)
		if value := n.fields[key].value; value.tag == tagOverride {
			out = append(out, at)
		} else if value.kind == mapNode {
			out = append(out, value.takes(at)...)
		}
	}
	return out
}
