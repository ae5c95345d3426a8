package spec

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// An extension is one step of a chain of extends.
type extension struct {
	src     *source
	service string
}

// extends lays each service over what it extends.
func (r *reader) extends(doc *node, s scope, src *source) *node {
	services := doc.get("services")
	if services == nil || services.kind != mapNode {
		return doc
	}
	out := newMap(services.at)
	out.resets, out.tag = services.resets, services.tag
	for _, name := range services.keys {
		f := services.fields[name]
		f.value = r.extended(name, services, s, src, nil)
		out.set(name, f)
	}
	copied := newMap(doc.at)
	copied.resets = doc.resets
	for _, key := range doc.keys {
		copied.set(key, doc.fields[key])
	}
	copied.set("services", field{doc.fields["services"].at, out})
	return copied
}

// extended is a service with what it extends below it, through the whole chain.
func (r *reader) extended(name string, services *node, s scope, src *source, chain []extension) *node {
	service := services.get(name)
	link := service.get("extends")
	if link == nil {
		return service
	}
	at := "services." + name + ".extends"
	if slices.Contains(chain, extension{src, name}) {
		r.report(link.at.finding(at, "extends cycle: "+cycleText(chain, name), ""))
		return service
	}
	chain = append(slices.Clone(chain), extension{src, name})
	ref := link
	if link.kind == mapNode {
		ref = link.get("service")
	}
	if r.schema != nil {
		r.findings = append(r.findings, r.schema.checkExtends(link, name)...)
	}
	if ref == nil || ref.text() == "" {
		return without(service, "extends")
	}
	baseServices, baseSrc := services, src
	if file := link.get("file"); file != nil && file.text() != "" {
		baseServices, baseSrc = r.extendedFile(file, at, s)
		if baseServices == nil {
			return without(service, "extends")
		}
	}
	return r.overBase(extends{name, at, ref}, service, baseServices, baseSrc, s, chain)
}

// extends is one use of extends: the service that has it, its field, and the
// name of the service it extends.
type extends struct {
	name, at string
	ref      *node
}

func (r *reader) overBase(e extends, service, services *node, src *source, s scope, chain []extension) *node {
	if services.get(e.ref.text()) == nil {
		r.report(e.ref.at.finding(e.at, fmt.Sprintf("service %q is not in %s", e.ref.text(), src.name),
			didYouMean(e.ref.text(), services.keys)))
		return without(service, "extends")
	}
	inner := s
	if src.dir != s.dir {
		inner.dir = src.dir
	}
	base := without(r.extended(e.ref.text(), services, inner, src, chain), "extends")
	return without(merger{r.report}.merge(base, service, "services", e.name), "extends")
}

// extendedFile reads the services of another file. What it includes is not
// followed, as docker compose has it.
func (r *reader) extendedFile(file *node, at string, s scope) (*node, *source) {
	path, ok := r.located(file, at+".file", s)
	if !ok {
		return nil, nil
	}
	src := r.open(path, filepath.Dir(path), file.at, at+".file")
	if src == nil {
		return nil, nil
	}
	total := newMap(place{src: src})
	for _, doc := range r.documents(src, s) {
		total = merger{r.report}.merge(total, doc)
	}
	services := total.get("services")
	if services == nil || services.kind != mapNode {
		r.report(file.at.finding(at+".file", src.name+" has no services", ""))
		return nil, nil
	}
	return services, src
}

func cycleText(chain []extension, name string) string {
	var names []string
	for _, e := range chain {
		names = append(names, e.service)
	}
	return strings.Join(append(names[max(0, slices.Index(names, name)):], name), " -> ")
}

// without returns a mapping without one of its keys.
func without(n *node, key string) *node {
	if n.get(key) == nil {
		return n
	}
	out := newMap(n.at)
	out.resets, out.tag = n.resets, n.tag
	for _, k := range n.keys {
		if k != key {
			out.set(k, n.fields[k])
		}
	}
	return out
}
