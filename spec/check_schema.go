package spec

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func keysOf[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// check holds a whole file to the schema and returns everything wrong with it.
func (s *schema) check(root *node) []Finding {
	c := &schemaCheck{}
	c.value(s, root, nil)
	return c.findings
}

// checkExtends and checkInclude check what is gone by the time the whole is
// checked.
func (s *schema) checkExtends(n *node, service string) []Finding {
	c := &schemaCheck{}
	services, _ := s.Properties["services"].property(service)
	if services != nil {
		c.value(services.Properties["extends"], n, []string{"services", service, "extends"})
	}
	return c.findings
}

func (s *schema) checkInclude(n *node) []Finding {
	c := &schemaCheck{}
	c.value(s.Properties["include"], n, []string{"include"})
	return c.findings
}

type schemaCheck struct{ findings []Finding }

// value checks one value at a path of keys and indexes.
func (c *schemaCheck) value(s *schema, n *node, path []string) {
	if s == nil {
		return
	}
	if alternatives := slices.Concat(s.OneOf, s.AnyOf); len(alternatives) > 0 {
		c.alternatives(alternatives, n, path)
	}
	if !s.accepts(n) {
		c.mistyped(n, path, s.Type)
		return
	}
	switch n.kind {
	case mapNode:
		c.mapping(s, n, path)
	case listNode:
		c.list(s, n, path)
	case scalarNode:
		c.scalar(s, n, path)
	}
}

func (c *schemaCheck) say(at place, path []string, message, hint string) {
	c.findings = append(c.findings, at.finding(dotted(path), message, hint))
}

// alternatives checks a value against the one alternative that its type
// chooses. Where several are left, one without findings is enough.
func (c *schemaCheck) alternatives(list []*schema, n *node, path []string) {
	var types []string
	var first []Finding
	tried := false
	for _, s := range list {
		types = append(types, s.Type...)
		if !s.accepts(n) {
			continue
		}
		try := &schemaCheck{}
		try.value(s, n, path)
		if len(try.findings) == 0 {
			return
		}
		if !tried {
			first, tried = try.findings, true
		}
	}
	if tried {
		c.findings = append(c.findings, first...)
		return
	}
	c.mistyped(n, path, types)
}

var typeNames = map[string]string{
	"object": "a mapping", "array": "a list", "string": "a text", "integer": "a whole number",
	"number": "a number", "boolean": "true or false", "null": "nothing",
}

func (c *schemaCheck) mistyped(n *node, path []string, types []string) {
	var names []string
	for _, t := range types {
		if t == "string" && slices.Contains(types, "boolean") {
			continue // the schema has it for variables only
		}
		if name := typeNames[t]; t != "null" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	hint := ""
	if n.kind == scalarNode && slices.Contains(types, "string") {
		hint = "put it in quotes: " + strconv.Quote(n.text())
	}
	c.say(n.at, path, "expected "+either(names)+", got "+n.describe(), hint)
}

func either(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func (c *schemaCheck) mapping(s *schema, n *node, path []string) {
	for _, key := range n.keys {
		f := n.fields[key]
		next := append(slices.Clone(path), key)
		p, ok := s.property(key)
		if !ok {
			c.unknown(s, key, f.at, path)
			continue
		}
		c.value(p, f.value, next)
	}
	for _, key := range s.Required {
		if n.get(key) == nil {
			c.say(n.at, path, fmt.Sprintf("missing key %q", key), "")
		}
	}
}

// unknown reports a key that a mapping does not know.
func (c *schemaCheck) unknown(s *schema, key string, at place, path []string) {
	next := append(slices.Clone(path), key)
	if len(s.Properties) == 0 && len(s.patterns) > 0 {
		c.say(at, next, fmt.Sprintf("name %q holds more than letters, digits, dots, dashes and underscores", key), "")
		return
	}
	hint := didYouMean(key, s.names())
	if replaced, ok := replacedKeys[key]; ok && len(path) == 2 && path[0] == "services" {
		hint = replaced
	}
	if len(s.Properties) == 0 {
		hint = "no keys are known here"
	} else if hint == "" && len(s.Properties) <= 8 {
		hint = "known here: " + strings.Join(slices.Sorted(slices.Values(s.names())), ", ")
	}
	c.say(at, next, fmt.Sprintf("unknown key %q", key), hint)
}

// replacedKeys are keys of services that other file formats have.
var replacedKeys = map[string]string{
	"net": "use network_mode", "dockerfile": "use build.dockerfile", "log_driver": "use logging.driver",
	"log_opt": "use logging.options", "volume_driver": "use driver of the volume", "replicas": "use deploy.replicas or scale",
	"resources": "use deploy.resources", "env": "use environment", "memory": "use mem_limit",
}

// deduplicated are the lists whose double entries compose-go takes as one.
var deduplicated = map[string]bool{
	"annotations": true, "cap_add": true, "cap_drop": true, "devices": true, "configs": true, "dns": true,
	"dns_opt": true, "dns_search": true, "environment": true, "env_file": true, "expose": true, "labels": true,
	"links": true, "aliases": true, "link_local_ips": true, "ports": true, "profiles": true, "secrets": true,
	"sysctls": true, "tmpfs": true, "volumes": true, "args": true, "additional_contexts": true, "tags": true,
}

func (c *schemaCheck) list(s *schema, n *node, path []string) {
	unique := s.Unique && !(len(path) > 2 && path[0] == "services" && deduplicated[path[len(path)-1]])
	for i, item := range n.items {
		next := append(slices.Clone(path), strconv.Itoa(i))
		c.value(s.Items, item, next)
		if unique && slices.ContainsFunc(n.items[:i], func(have *node) bool { return equal(have, item) }) {
			c.say(item.at, next, "is in the list twice", "")
		}
	}
}

func (c *schemaCheck) scalar(s *schema, n *node, path []string) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, n.text()) {
		hint := didYouMean(n.text(), s.Enum)
		c.say(n.at, path, fmt.Sprintf("%q is none of %s", shorten(n.text()), strings.Join(s.Enum, ", ")), hint)
	}
	if text, ok := n.value.(string); ok && s.pattern != nil && !s.pattern.MatchString(text) {
		c.say(n.at, path, fmt.Sprintf("%q is not valid here", shorten(text)), patternHints[path[len(path)-1]])
	}
	v, ok := number(n)
	if ok && s.Minimum != nil && v < *s.Minimum {
		c.say(n.at, path, fmt.Sprintf("%s is less than %v", n.text(), *s.Minimum), "")
	}
	if ok && s.Maximum != nil && v > *s.Maximum {
		c.say(n.at, path, fmt.Sprintf("%s is more than %v", n.text(), *s.Maximum), "")
	}
}

var patternHints = map[string]string{
	"pull_policy":    "one of always, never, missing, build, refresh, daily, weekly, every_<duration>",
	"container_name": "letters, digits, dots, dashes and underscores, at least two",
}

func number(n *node) (float64, bool) {
	switch v := n.value.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
