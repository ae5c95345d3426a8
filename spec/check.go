package spec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// An UnknownServiceError says that a service named on the command line is not
// in the stack.
type UnknownServiceError struct {
	Name string
	Hint string // what was perhaps meant; "" for nothing near
}

func (e *UnknownServiceError) Error() string {
	return fmt.Sprintf("service %q: not in the stack", e.Name)
}

// A checker finds what is wrong with a stack beyond the types of its values.
// It works on the nodes, so that it finds everything at once, and where it
// stands.
type checker struct {
	*input
	tree     *node
	services map[string]*node // all that are mappings
	active   map[string]bool
	findings []Finding
	wrong    map[Finding]bool // places with findings of the reading
	warnings []Finding
	causes   []error
}

func newChecker(in *input, tree *node, findings []Finding) *checker {
	c := &checker{
		input: in, tree: tree, services: map[string]*node{}, active: map[string]bool{},
		findings: findings, wrong: map[Finding]bool{},
	}
	for _, f := range findings {
		c.wrong[Finding{File: f.File, Line: f.Line, Column: f.Column}] = true
	}
	if services := tree.get("services"); services != nil && services.kind == mapNode {
		for _, name := range services.keys {
			if s := services.get(name); s.kind == mapNode {
				c.services[name] = s
			}
		}
	}
	for name, service := range c.services {
		c.active[name] = c.inProfile(service)
	}
	return c
}

// inProfile reports whether a service has no profile or an active one.
func (c *checker) inProfile(service *node) bool {
	declared := texts(service.get("profiles"))
	return len(declared) == 0 || slices.ContainsFunc(c.profiles, func(p string) bool {
		return p == "*" || slices.Contains(declared, p)
	})
}

// texts returns the texts of a list.
func texts(n *node) []string {
	var out []string
	if n != nil && n.kind == listNode {
		for _, item := range n.items {
			out = append(out, item.text())
		}
	}
	return out
}

// activate adds the profiles of the services named on the command line.
func (in *input) activate(tree *node, opts LoadOptions) error {
	services := tree.get("services")
	for _, name := range opts.Services {
		service := services.get(name)
		if service == nil {
			var names []string
			if services != nil {
				names = services.keys
			}
			return &UnknownServiceError{name, didYouMean(name, names)}
		}
		in.profiles = append(slices.Clip(in.profiles), texts(service.get("profiles"))...)
	}
	return nil
}

// report adds a finding, unless the reading found the very value wrong: what it
// means then says nothing.
func (c *checker) report(f Finding) {
	if !c.wrong[Finding{File: f.File, Line: f.Line, Column: f.Column}] {
		c.findings = append(c.findings, f)
	}
}

func (c *checker) warn(f Finding) { c.warnings = append(c.warnings, f) }

var supportRows = sync.OnceValue(func() *supportTree { return newSupportTree(support) })

// run does all checks and returns a *FileError when anything is wrong.
func (c *checker) run() error {
	if c.tree.get("services") == nil && len(c.findings) == 0 {
		c.report(c.top().finding("services", "there are none", ""))
	}
	c.ownKeys()
	for _, key := range c.tree.keys {
		f := c.tree.fields[key]
		if key == "services" {
			continue
		}
		c.supported(supportRows().next(key), f.value, f.at, key)
	}
	c.resources()
	for name, service := range c.services {
		if c.active[name] {
			c.service(name, service)
		}
	}
	c.cycles()
	c.hostPorts()
	c.containerNames()
	if len(c.findings) > 0 {
		return &FileError{Findings: sorted(c.findings), Causes: c.causes}
	}
	return nil
}

// top is where the stack begins.
func (c *checker) top() place {
	if c.tree.at.src != nil || len(c.sources) == 0 {
		return c.tree.at
	}
	return place{c.sources[0], 1, 1}
}

// service checks one active service.
func (c *checker) service(name string, service *node) {
	at := "services." + name
	c.supported(supportRows().next("services").next(name), service, service.at, at)
	c.references(at, name, service)
	c.values(at, service)
	c.exclusive(at, name, service)
	c.serviceFiles(at, service)
}

// A reference is a use of a service's name by another service.
type reference struct {
	name     string
	at       place
	field    string
	optional bool
}

// dependencies returns the services that a service needs, by whatever
// attribute.
func dependencies(at string, service *node) []reference {
	var out []reference
	if list := mapped(service.get("depends_on"), true); list != nil && list.kind == mapNode {
		for _, name := range list.keys {
			f := list.fields[name]
			required := f.value.get("required")
			out = append(out, reference{name, f.at, at + ".depends_on." + name, required != nil && required.value == false})
		}
	}
	for _, key := range []string{"links", "volumes_from"} {
		if list := service.get(key); list != nil && list.kind == listNode {
			for i, item := range list.items {
				name, _, _ := strings.Cut(item.text(), ":")
				if key == "links" || !strings.HasPrefix(item.text(), "container:") {
					out = append(out, reference{name: name, at: item.at, field: fmt.Sprintf("%s.%s[%d]", at, key, i)})
				}
			}
		}
	}
	for _, key := range []string{"network_mode", "pid", "ipc"} {
		if name, ok := strings.CutPrefix(service.get(key).text(), "service:"); ok {
			out = append(out, reference{name: name, at: service.get(key).at, field: at + "." + key})
		}
	}
	return out
}

// references checks that what a service refers to exists.
func (c *checker) references(at, name string, service *node) {
	for _, ref := range dependencies(at, service) {
		c.serviceReference(ref)
	}
	c.buildReferences(at, service)
	c.named(at, service, "networks", "network", "default")
	for _, key := range []string{"secrets", "configs"} {
		c.files(at, service.get(key), key, "."+key)
	}
	c.files(at, service.get("build", "secrets"), "secrets", ".build.secrets")
	if list := service.get("volumes"); list != nil && list.kind == listNode {
		for i, item := range list.items {
			c.volume(fmt.Sprintf("%s.volumes[%d]", at, i), item)
		}
	}
}

func (c *checker) serviceReference(ref reference) {
	target, ok := c.services[ref.name]
	switch {
	case !ok && c.tree.get("services").get(ref.name) != nil: // wrong in itself, and said so
	case !ok:
		c.report(ref.at.finding(ref.field, fmt.Sprintf("service %q is not defined", ref.name),
			didYouMean(ref.name, slices.Collect(maps.Keys(c.services)))))
	case !c.active[ref.name] && !ref.optional:
		c.report(ref.at.finding(ref.field, fmt.Sprintf("service %q is outside the active profiles", ref.name),
			"activate it with --profile "+strings.Join(texts(target.get("profiles")), " or --profile ")+", or set required: false"))
	}
}

func (c *checker) buildReferences(at string, service *node) {
	contexts := keyed(service.get("build", "additional_contexts"))
	if contexts == nil || contexts.kind != mapNode {
		return
	}
	for _, key := range contexts.keys {
		f := contexts.fields[key]
		name, ok := strings.CutPrefix(f.value.text(), "service:")
		if !ok {
			continue
		}
		field := at + ".build.additional_contexts." + key
		if target, ok := c.services[name]; !ok {
			c.report(f.at.finding(field, fmt.Sprintf("service %q is not defined", name), didYouMean(name, slices.Collect(maps.Keys(c.services)))))
		} else if target.get("build") == nil {
			c.report(f.at.finding(field, fmt.Sprintf("service %q is not built", name), ""))
		}
	}
}

// named checks a list, or a mapping, of names of a section.
func (c *checker) named(at string, service *node, section, what string, implicit ...string) {
	list := mapped(service.get(section), false)
	if list == nil || list.kind != mapNode {
		return
	}
	for _, name := range list.keys {
		if !slices.Contains(implicit, name) {
			c.defined(list.fields[name].at, at+"."+section+"."+name, section, what, name)
		}
	}
}

// defined checks that a name is in a section at the top.
func (c *checker) defined(at place, field, section, what, name string) bool {
	top := c.tree.get(section)
	if top != nil && top.kind == mapNode {
		if _, ok := top.fields[name]; ok {
			return true
		}
	}
	hint := ""
	if top != nil {
		hint = didYouMean(name, top.keys)
	}
	if hint == "" {
		hint = fmt.Sprintf("define it at the top under %s", section)
	}
	c.report(at.finding(field, fmt.Sprintf("%s %q is not defined", what, name), hint))
	return false
}

// files checks a list of configs or secrets.
func (c *checker) files(at string, list *node, section, suffix string) {
	if list == nil || list.kind != listNode {
		return
	}
	for i, item := range list.items {
		source := item
		if item.kind == mapNode {
			source = item.get("source")
		}
		if source == nil {
			c.report(item.at.finding(fmt.Sprintf("%s%s[%d]", at, suffix, i), `missing key "source"`, ""))
			continue
		}
		c.defined(source.at, fmt.Sprintf("%s%s[%d]", at, suffix, i), section, strings.TrimSuffix(section, "s"), source.text())
	}
}

// volume checks the volume that an entry of volumes names.
func (c *checker) volume(field string, item *node) {
	at, name := item.at, ""
	if item.kind == mapNode {
		if item.get("type").text() == "volume" && item.get("source") != nil {
			at, name = item.get("source").at, item.get("source").text()
		}
	} else if source, _ := splitMount(item.text()); isVolumeName(source) {
		name = source
	}
	if name != "" {
		c.defined(at, field, "volumes", "volume", name)
	}
}

// isVolumeName reports whether the source of a mount is no path.
func isVolumeName(source string) bool {
	return source != "" && !strings.ContainsAny(source[:1], `./~\`) && !strings.Contains(source, ":")
}

// cycles finds a circle of dependencies, through whatever attribute.
func (c *checker) cycles() {
	edges, at := map[string][]string{}, map[[2]string]reference{}
	for name, service := range c.services {
		if !c.active[name] {
			continue
		}
		edges[name] = nil
		for _, ref := range dependencies("services."+name, service) {
			edges[name] = append(edges[name], ref.name)
			if _, ok := at[[2]string{name, ref.name}]; !ok {
				at[[2]string{name, ref.name}] = ref
			}
		}
		slices.Sort(edges[name])
	}
	_, err := order(edges)
	var cycle *CycleError
	if errors.As(err, &cycle) {
		ref := at[[2]string{cycle.Path[0], cycle.Path[1]}]
		c.report(ref.at.finding(ref.field, cycle.Error(), "take one of these dependencies away"))
		c.causes = append(c.causes, cycle)
	}
}
