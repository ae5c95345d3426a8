package spec

import (
	"fmt"
	"slices"
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
	if steps := service.get("pre_start"); steps != nil && steps.kind == listNode {
		for i, step := range steps.items {
			c.step(fmt.Sprintf("%s.pre_start[%d]", at, i), name, step)
		}
	}
}

// step checks one of pre_start, which has all that a container has.
func (c *checker) step(at, service string, step *node) {
	c.references(at, service, step)
	c.values(at, step)
	c.serviceFiles(at, step)
}
