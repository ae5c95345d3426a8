package spec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A reader reads the files of one stack into one tree: each file laid over the
// ones before it, what it includes and extends brought in. Everything wrong on
// the way is collected.
type reader struct {
	dir        string             // the working folder, for names of files
	schema     *schema            // nil: values are not checked
	sources    map[string]*source // by path
	strict     bool               // a variable without a value is wrong
	all        bool               // what nothing uses counts too
	compatible bool               // names are joined by _
	findings   []Finding
	warnings   []Finding
	remote     remotely
	// inclusions are the files that entries of include bring in.
	inclusions map[*node]group
}

func newReader(dir string) *reader {
	return &reader{dir: dir, sources: map[string]*source{}, inclusions: map[*node]group{}}
}

func (r *reader) report(f Finding) { r.findings = append(r.findings, f) }
func (r *reader) warn(f Finding)   { r.warnings = append(r.warnings, f) }

// unset tells of a variable that has neither a value nor a default; where says
// in what it is used, "" for the stack file itself.
func (r *reader) unset(at place, fieldName, where, variable string) {
	if r.strict {
		r.report(at.finding(fieldName, where+unsetStrictly(variable), unsetHint(variable)))
		return
	}
	r.warn(at.finding(fieldName, where+unsetText(variable), ""))
}

// A scope is what holds for a group of files that are merged: where relative
// paths begin, and the variables.
type scope struct {
	dir     string
	env     map[string]string
	origins *origins // of env
	raw     bool     // variables stay as they are
	within  []string // paths of the files that include these
	parsed  *parsing
}

// A parsing is what was read already with the variables of a scope.
type parsing struct{ documents map[*source][]*node }

func newParsed() *parsing { return &parsing{map[*source][]*node{}} }

func (s scope) lookup() func(string) (string, bool) {
	if s.raw {
		return nil
	}
	return func(name string) (string, bool) { v, ok := s.env[name]; return v, ok }
}

// files reads a group of files, the later ones over the earlier ones.
func (r *reader) files(ctx context.Context, s scope, sources []*source) *node {
	total := newMap(place{})
	for _, src := range sources {
		for _, doc := range r.documents(src, s) {
			if ctx.Err() != nil {
				return total
			}
			total = r.lay(ctx, total, doc, s, src)
		}
	}
	return total
}

// lay lays one document over those before it.
func (r *reader) lay(ctx context.Context, total, doc *node, s scope, src *source) *node {
	doc = r.include(ctx, doc, s, src)
	doc = r.extends(doc, s, src)
	total = merger{r.report}.merge(total, doc)
	if r.schema != nil {
		r.findings = append(r.findings, r.schema.check(total)...)
	}
	return total
}

// documents are those of a file, parsed once in each scope.
func (r *reader) documents(src *source, s scope) []*node {
	docs, ok := s.parsed.documents[src]
	if !ok {
		docs = r.parse(src, s)
		s.parsed.documents[src] = docs
	}
	return docs
}

func (r *reader) parse(src *source, s scope) []*node {
	p := &parser{src: src, lookup: s.lookup(), origins: s.origins, report: r.report}
	p.unset = func(at place, path, name string) { r.unset(at, path, "", name) }
	before := len(r.findings)
	docs := p.parse()
	if len(docs) == 0 && len(r.findings) == before {
		r.report(place{src, 1, 1}.finding("", "the file is empty", "a stack file has at least services"))
	}
	return docs
}

// open returns the source at a path, read once. An unreadable one is reported
// at the entry that names it.
func (r *reader) open(path, dir string, at place, fieldName string) *source {
	if src, ok := r.sources[path]; ok && src.dir == dir {
		return src
	}
	text, err := os.ReadFile(path)
	if err != nil {
		r.report(at.finding(fieldName, "cannot read "+r.name(path)+": "+reason(err), ""))
		return nil
	}
	src := &source{name: r.name(path), path: path, dir: dir, text: text}
	r.sources[path] = src
	return src
}

// name is how a file is named to the user.
func (r *reader) name(path string) string { return shortPath(r.dir, path) }

// shortPath is relative for what is below a folder.
func shortPath(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

// reason is the cause of a failed file access, without the path.
func reason(err error) string {
	var pathError *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.As(err, &pathError):
		return pathError.Err.Error()
	}
	return err.Error()
}

var sections = []string{"services", "jobs", "volumes", "networks", "secrets", "configs", "models"}

// include brings in what a document includes; what the document says itself is
// laid over it.
func (r *reader) include(ctx context.Context, doc *node, s scope, src *source) *node {
	list := doc.get("include")
	if list == nil {
		return doc
	}
	if r.schema != nil && list.kind != nullNode {
		r.findings = append(r.findings, r.schema.checkInclude(list)...)
	}
	if list.kind != listNode {
		return without(doc, "include")
	}
	within := append(slices.Clone(s.within), src.path)
	out := newMap(doc.at)
	out.resets = doc.resets
	for _, key := range doc.keys {
		if key != "include" {
			out.set(key, doc.fields[key])
		}
	}
	for i, entry := range list.items {
		sub := r.included(ctx, entry, fmt.Sprintf("include[%d]", i), s, within)
		for _, key := range sections {
			if from := sub.get(key); from != nil && from.kind == mapNode {
				r.importSection(out, key, from)
			}
		}
	}
	return out
}

func (r *reader) importSection(out *node, key string, from *node) {
	to := out.get(key)
	if to == nil || to.kind != mapNode {
		out.set(key, field{from.at, from})
		return
	}
	merged := merger{r.report}.merge(from, to, key)
	out.set(key, field{out.fields[key].at, merged})
}

// included reads the files of one entry of include.
func (r *reader) included(ctx context.Context, entry *node, name string, s scope, within []string) *node {
	key := entry
	if entry.kind == scalarNode {
		wrapped := newMap(entry.at)
		wrapped.set("path", field{entry.at, entry})
		entry = wrapped
	}
	path := entry.get("path")
	if path == nil || path.kind == nullNode {
		r.report(entry.at.finding(name, `missing key "path"`, ""))
		return nil
	}
	paths := listed(path).items
	var sources []*source
	inner := scope{raw: s.raw, within: within, parsed: newParsed()}
	for i, item := range paths {
		file, ok := r.located(item, name, s)
		if !ok {
			return nil
		}
		if i == 0 {
			inner.dir = filepath.Dir(file)
			if dir := entry.get("project_directory").text(); dir != "" {
				inner.dir = absolute(s.dir, dir)
			}
			if slices.Contains(within, file) {
				r.includeCycle(item, name, within, file)
				return nil
			}
		}
		if src := r.open(file, inner.dir, item.at, name); src != nil {
			sources = append(sources, src)
		}
	}
	files := includedEnvFiles(entry, s, inner.dir)
	inner.env = r.includedEnv(entry, name, s, files)
	inner.origins = s.origins.with(files)
	r.inclusions[key] = group{scope: inner, sources: sources}
	return r.files(ctx, inner, sources)
}

func (r *reader) includeCycle(item *node, name string, within []string, file string) {
	var names []string
	for _, path := range append(within[slices.Index(within, file):], file) {
		names = append(names, r.name(path))
	}
	r.report(item.at.finding(name, "include cycle: "+strings.Join(names, " -> "), ""))
}

// includedEnvFiles are the env files of an entry of include: those that it
// names, or that of the included folder.
func includedEnvFiles(entry *node, s scope, dir string) []string {
	files := []string{}
	if list := entry.get("env_file"); list != nil {
		for _, item := range listed(list).items {
			if item.text() != os.DevNull {
				files = append(files, absolute(s.dir, item.text()))
			}
		}
	} else if file := filepath.Join(dir, ".env"); isFile(file) {
		files = append(files, file)
	}
	return files
}

// includedEnv is the variables of included files: those outside, and those of
// env files of their own.
func (r *reader) includedEnv(entry *node, name string, s scope, files []string) map[string]string {
	return withEnvFiles(s.env, files, func(file string, err error) {
		r.report(entry.at.finding(joinPath(name, "env_file"), "env file "+r.name(file)+": "+reason(err), ""))
	}, func(file, variable string) {
		r.unset(entry.at, joinPath(name, "env_file"), "env file "+r.name(file)+": ", variable)
	})
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

func absolute(dir, path string) string {
	path = expandHome(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// expandHome replaces a leading ~ by the user's home folder.
func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
