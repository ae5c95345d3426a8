package spec

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A source is one file that a stack is read from.
type source struct {
	name string // as the user named it
	path string // absolute; "" for standard input
	dir  string // what its relative paths are relative to
	text []byte

	docs []*yaml.Node // once decoded
	err  error        // that ended the decoding
}

// decode reads the source's documents, once.
func (s *source) decode() {
	if s.docs != nil || s.err != nil {
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(s.text))
	for {
		var doc yaml.Node
		if s.err = decoder.Decode(&doc); s.err != nil {
			return
		}
		s.docs = append(s.docs, &doc)
	}
}

// rootText is the text of a key at the top of the source, the last document's
// that has it.
func (s *source) rootText(name string) string {
	s.decode()
	text := ""
	for _, doc := range s.docs {
		if len(doc.Content) == 0 {
			continue
		}
		for i := 0; i+1 < len(doc.Content[0].Content); i += 2 {
			if root := doc.Content[0]; root.Kind == yaml.MappingNode && root.Content[i].Value == name {
				text = root.Content[i+1].Value
			}
		}
	}
	return text
}

// A place is where something stands in a source.
type place struct {
	src          *source
	line, column int
}

// finding makes a finding about what stands at the place.
func (p place) finding(field, message, hint string) Finding {
	f := Finding{Line: p.line, Column: p.column, Field: field, Message: message, Hint: hint}
	if p.src != nil {
		f.File = p.src.name
	}
	return f
}

// position is the place as users know it; that of nothing is the zero Position.
func (n *node) position() Position {
	if n == nil || n.at.src == nil {
		return Position{}
	}
	return Position{File: n.at.src.name, Line: n.at.line, Column: n.at.column}
}

// A node is a value of a stack file with the place where it really stands:
// behind an alias that is where the anchor is, and after merging several files
// it is in the last file that sets the value. Nodes are not changed once made.
type node struct {
	at     place
	kind   nodeKind
	value  any // of a scalar: string, int, float64 or bool, after interpolation
	keys   []string
	fields map[string]field
	items  []*node
	resets []string // keys that the file takes away from earlier files
	tag    string   // !reset, !override, or ""
	uses   []use    // of variables, in the order of the text
}

type nodeKind int

const (
	nullNode nodeKind = iota
	scalarNode
	listNode
	mapNode
)

type field struct {
	at    place // of the key
	value *node
}

// get returns the value under a path of keys, nil when it is not there.
func (n *node) get(keys ...string) *node {
	for _, key := range keys {
		if n == nil || n.kind != mapNode {
			return nil
		}
		n = n.fields[key].value
	}
	return n
}

// text is a scalar as it would be written, "" for anything else.
func (n *node) text() string {
	if n == nil || n.kind != scalarNode {
		return ""
	}
	switch v := n.value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

func newMap(at place) *node { return &node{at: at, kind: mapNode, fields: map[string]field{}} }

func newText(at place, s string) *node { return &node{at: at, kind: scalarNode, value: s} }

// set adds or replaces a field of a map that is being made.
func (n *node) set(key string, f field) {
	if _, ok := n.fields[key]; !ok {
		n.keys = append(n.keys, key)
	}
	n.fields[key] = f
}

// describe names a value for messages: its type, and it itself when short.
func (n *node) describe() string {
	switch n.kind {
	case nullNode:
		return "nothing"
	case mapNode:
		return "a mapping"
	case listNode:
		return "a list"
	}
	switch v := n.value.(type) {
	case bool:
		return "the boolean " + n.text()
	case string:
		return "the text " + strconv.Quote(shorten(Mask("", v)))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "no finite number"
		}
	}
	return "the number " + n.text()
}

func shorten(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:37], "") + "..."
	}
	return s
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// dotted writes a path as a field, list indexes in brackets.
func dotted(path []string) string {
	out := ""
	for _, step := range path {
		if _, err := strconv.Atoi(step); err == nil && out != "" {
			out += "[" + step + "]"
		} else {
			out = joinPath(out, step)
		}
	}
	return out
}
