package spec

import (
	"errors"
	"io"
	"strconv"

	"gopkg.in/yaml.v3"
)

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
	// unset is called for a variable that has neither a value nor a default.
	unset   func(at place, path, name string)
	origins *origins // of the variables

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
	n.resets = append(n.resets, m.resets...)
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
		p.substitute(n, s, path, cast)
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
