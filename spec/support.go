package spec

import (
	"fmt"
	"slices"
	"strings"
)

// A level says what becomes of an attribute of the Compose specification.
type level int

const (
	honoured level = iota
	warned         // accepted, without effect; said so by name
	refused        // an error: without it the program would not run as asked
	foreign        // an error: compose-go knows the key, the specification does not
)

func (l level) String() string {
	return [...]string{"honoured", "warned about", "refused", "not in the specification"}[l]
}

// An attribute is one row of the table of support. What is said of a path holds
// for all below it that have no row of their own.
type attribute struct {
	path   string // * stands for any key, [] for any entry of a list
	level  level
	note   string
	values []string // these are honoured, whatever the level
}

// supportTree is the table as a tree, step by step along the paths.
type supportTree struct {
	children map[string]*supportTree
	row      *attribute
}

func newSupportTree(table []attribute) *supportTree {
	root := &supportTree{}
	for i := range table {
		at := root
		for _, step := range strings.Split(strings.ReplaceAll(table[i].path, "[]", ".[]"), ".") {
			if at.children == nil {
				at.children = map[string]*supportTree{}
			}
			if at.children[step] == nil {
				at.children[step] = &supportTree{}
			}
			at = at.children[step]
		}
		at.row = &table[i]
	}
	root.inherit()
	return root
}

// inherit lets what is said of a service hold for the steps before its start,
// which have all that a container has.
func (t *supportTree) inherit() {
	service := t.next("services").next("*")
	step := service.next("pre_start").next("[]")
	if step == nil {
		return
	}
	for key, child := range service.children {
		if step.children[key] == nil {
			step.children[key] = child
		}
	}
}

func (t *supportTree) next(step string) *supportTree {
	if t == nil {
		return nil
	}
	if child, ok := t.children[step]; ok {
		return child
	}
	return t.children["*"]
}

// supported warns of, or refuses, what the table says of the values under n.
func (c *checker) supported(t *supportTree, n *node, at place, path string) {
	if t == nil || n == nil {
		return
	}
	if row := t.row; row != nil && row.level != honoured && !row.allows(n) {
		c.unsupported(row, n, at, path)
		return
	}
	switch n.kind {
	case mapNode:
		for _, key := range n.keys {
			f := n.fields[key]
			c.supported(t.next(key), f.value, f.at, joinPath(path, key))
		}
	case listNode:
		for i, item := range n.items {
			next := t.next("[]")
			if next == nil {
				next = t.next(item.text()) // a list of keys stands for a mapping
			}
			c.supported(next, item, item.at, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// allows reports whether a value asks for nothing that the row withholds.
func (a *attribute) allows(n *node) bool {
	switch n.kind {
	case nullNode:
		return true
	case scalarNode:
		return slices.Contains(a.values, n.text())
	case listNode:
		return !slices.ContainsFunc(n.items, func(item *node) bool { return !slices.Contains(a.values, item.text()) })
	}
	return len(n.keys) == 0
}

func (c *checker) unsupported(row *attribute, n *node, at place, path string) {
	subject := ""
	if len(row.values) > 0 && n.kind == scalarNode {
		subject = shorten(n.text()) + " "
	}
	switch row.level {
	case foreign:
		c.report(at.finding(path, "is not in the specification", row.note))
		return
	case refused:
		c.report(at.finding(path, subject+"is not supported: "+row.note, ""))
		return
	}
	c.warn(at.finding(path, subject+"has no effect: "+row.note, ""))
}
