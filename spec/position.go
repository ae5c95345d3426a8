package spec

import (
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
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

// maxNodes is how large a file may become once its aliases are expanded. It is
// far above real files and stops those made to fill the memory.
const maxNodes = 200_000

// A parser turns the documents of one source into nodes: aliases expanded,
// merge keys merged, variables substituted, scalars cast where the
// specification wants a number or a boolean.
type parser struct {
	src    *source
	lookup func(string) (string, bool) // nil: variables stay as they are
	report func(Finding)
	warn   func(Finding)

	count  int
	active map[*yaml.Node]bool // anchors being expanded
}

var errTooLarge = errors.New("too large")

// parse returns the documents of the source. What is wrong is reported.
func (p *parser) parse() []*node {
	p.src.decode()
	var docs []*node
	for _, doc := range p.src.docs {
		if n := p.document(doc); n != nil {
			docs = append(docs, n)
		}
	}
	if !errors.Is(p.src.err, io.EOF) {
		p.report(syntaxFinding(p.src, p.src.err))
	}
	return docs
}

func (p *parser) document(doc *yaml.Node) *node {
	p.count, p.active = 0, map[*yaml.Node]bool{}
	if len(doc.Content) == 0 {
		return nil
	}
	n, err := p.build(doc.Content[0], "", casts())
	if err != nil {
		p.report(place{p.src, 1, 1}.finding("", "too large: its aliases expand to more than "+strconv.Itoa(maxNodes)+" values", ""))
		return nil
	}
	if n.kind != mapNode {
		p.report(n.at.finding("", "expected a mapping at the top, got "+n.describe(), ""))
		return nil
	}
	return n
}

func (p *parser) build(y *yaml.Node, path string, cast *castTree) (*node, error) {
	if p.count++; p.count > maxNodes {
		return nil, errTooLarge
	}
	at := place{p.src, y.Line, y.Column}
	switch y.Kind {
	case yaml.AliasNode:
		return p.alias(y, path, cast)
	case yaml.MappingNode:
		return p.mapping(y, path, cast)
	case yaml.SequenceNode:
		n := &node{at: at, kind: listNode, tag: customTag(y)}
		for i, item := range y.Content {
			v, err := p.build(item, path+"["+strconv.Itoa(i)+"]", cast.next("[]"))
			if err != nil {
				return nil, err
			}
			if v.tag != tagReset {
				n.items = append(n.items, v)
			}
		}
		return n, nil
	}
	return p.scalar(y, at, path, cast), nil
}

func (p *parser) alias(y *yaml.Node, path string, cast *castTree) (*node, error) {
	if p.active[y.Alias] {
		p.report(place{p.src, y.Line, y.Column}.finding(path, "alias *"+y.Value+" stands inside its own anchor", ""))
		return &node{at: place{p.src, y.Line, y.Column}}, nil
	}
	p.active[y.Alias] = true
	defer delete(p.active, y.Alias)
	return p.build(y.Alias, path, cast)
}

func (p *parser) mapping(y *yaml.Node, path string, cast *castTree) (*node, error) {
	n := newMap(place{p.src, y.Line, y.Column})
	n.tag = customTag(y)
	var merges []*yaml.Node
	seen := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if !p.checkKey(key, path, seen) {
			continue
		}
		if key.Value == "<<" && key.Tag != "!!str" {
			merges = append(merges, value)
			continue
		}
		v, err := p.build(value, joinPath(path, key.Value), cast.next(key.Value))
		if err != nil {
			return nil, err
		}
		if v.tag == tagReset {
			n.resets = append(n.resets, key.Value)
			continue
		}
		n.set(key.Value, field{place{p.src, key.Line, key.Column}, v})
	}
	for _, m := range merges {
		if err := p.mergeKey(n, m, path, cast); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// checkKey reports keys that are no strings, and second ones.
func (p *parser) checkKey(key *yaml.Node, path string, seen map[string]int) bool {
	at := place{p.src, key.Line, key.Column}
	if key.Kind == yaml.AliasNode {
		*key = yaml.Node{Kind: key.Alias.Kind, Tag: key.Alias.Tag, Value: key.Alias.Value, Line: key.Line, Column: key.Column}
	}
	if tag := key.ShortTag(); key.Kind != yaml.ScalarNode || tag != "!!str" && tag != "!!merge" && tag != "!!timestamp" {
		p.report(at.finding(path, "key "+key.Value+" is not a string", "put it in quotes"))
		return false
	}
	if line, ok := seen[key.Value]; ok {
		p.report(at.finding(joinPath(path, key.Value), "key is there twice, first on line "+strconv.Itoa(line), "keep one of them"))
		return false
	}
	seen[key.Value] = key.Line
	return true
}

// mergeKey adds what stands under << to n; what n has itself wins.
func (p *parser) mergeKey(n *node, y *yaml.Node, path string, cast *castTree) error {
	from := y
	if from.Kind == yaml.AliasNode {
		from = from.Alias
	}
	if from.Kind == yaml.SequenceNode {
		for _, item := range from.Content {
			if err := p.mergeKey(n, item, path, cast); err != nil {
				return err
			}
		}
		return nil
	}
	m, err := p.build(y, path, cast)
	if err != nil {
		return err
	}
	if m.kind != mapNode {
		p.report(m.at.finding(path, "expected a mapping to merge with <<, got "+m.describe(), ""))
		return nil
	}
	for _, key := range m.keys {
		if _, ok := n.fields[key]; !ok {
			n.set(key, m.fields[key])
		}
	}
	return nil
}

// scalar resolves one scalar: its type, its variables, and its cast.
func (p *parser) scalar(y *yaml.Node, at place, path string, cast *castTree) *node {
	n := &node{at: at, kind: scalarNode, tag: customTag(y)}
	switch y.ShortTag() {
	case "!!null":
		n.kind = nullNode
		return n
	case "!!int", "!!float", "!!bool":
		n.value = plain(y)
	default:
		n.value = y.Value
	}
	if s, ok := n.value.(string); ok && p.lookup != nil {
		n.value = p.substitute(s, at, path, cast)
	}
	return n
}

// plain decodes a scalar that is no string.
func plain(y *yaml.Node) any {
	var v any
	if err := y.Decode(&v); err != nil {
		return y.Value
	}
	switch v := v.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case int, float64, bool:
		return v
	}
	return y.Value
}

// The tags by which a later file takes away what an earlier one says.
const (
	tagReset    = "!reset"
	tagOverride = "!override"
)

func customTag(y *yaml.Node) string {
	if y.Tag == tagReset || y.Tag == tagOverride {
		return y.Tag
	}
	return ""
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
		return "the text " + strconv.Quote(shorten(v))
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

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntaxFinding says where YAML itself is malformed. The library knows the line
// at best, and often that of what is around; the line after the longest part
// that is well-formed is closer.
func syntaxFinding(src *source, err error) Finding {
	text := err.Error()
	match := yamlLine.FindStringSubmatch(text)
	lines := strings.SplitAfter(string(src.text), "\n")
	line, ok := firstBadLine(lines)
	if !ok {
		line, _ = strconv.Atoi(match[1])
	}
	line = min(max(line, 1), len(lines))
	row := lines[line-1]
	column := 1 + len(row) - len(strings.TrimLeft(row, " \t"))
	hint := ""
	if tab := strings.IndexByte(row[:column-1], '\t'); tab >= 0 {
		column, hint = tab+1, "indent with spaces: YAML allows no tabs there"
	}
	return place{src, line, column}.finding("", "not valid YAML: "+strings.TrimPrefix(text, match[0]), hint)
}

// maxTries is how many parts of a malformed file are tried: each is a parse.
const maxTries = 100

// firstBadLine is the number of the line after the longest run of lines, from
// the first on, that parses. It looks backwards from where the parser stopped
// reading, and gives up after a while.
func firstBadLine(lines []string) (int, bool) {
	reader := &lineReader{lines: lines}
	wellFormed(reader)
	for good := reader.next; good >= 0 && good > reader.next-maxTries; good-- {
		if !wellFormed(strings.NewReader(strings.Join(lines[:good], ""))) {
			continue
		}
		for good < len(lines)-1 && strings.TrimSpace(lines[good]) == "" {
			good++
		}
		return good + 1, true
	}
	return 0, false
}

func wellFormed(r io.Reader) bool {
	decoder := yaml.NewDecoder(r)
	for {
		var doc yaml.Node
		if err := decoder.Decode(&doc); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// A lineReader hands out one line at a time, and so knows how far a parser got.
type lineReader struct {
	lines []string
	next  int
	rest  string
}

func (r *lineReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.next == len(r.lines) {
			return 0, io.EOF
		}
		r.rest = r.lines[r.next]
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
