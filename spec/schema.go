package spec

import (
	_ "embed"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A schema is the JSON schema of the Compose specification, read as far as it
// goes: a test fails when it comes to use a word that is not here. It is walked
// over nodes, so that each finding stands at its line. jsonschema, which
// compose-go uses, is slower to compile than all the rest of a load takes, and
// tells of one place only; a test holds both to the same verdicts.
type schema struct {
	Ref         string             `json:"$ref"`
	Type        words              `json:"type"`
	Properties  map[string]*schema `json:"properties"`
	Patterns    map[string]*schema `json:"patternProperties"`
	Additional  *allowed           `json:"additionalProperties"`
	Unevaluated *bool              `json:"unevaluatedProperties"`
	Items       *schema            `json:"items"`
	OneOf       []*schema          `json:"oneOf"`
	AnyOf       []*schema          `json:"anyOf"`
	AllOf       []*schema          `json:"allOf"`
	Required    []string           `json:"required"`
	Enum        []string           `json:"enum"`
	Minimum     *float64           `json:"minimum"`
	Maximum     *float64           `json:"maximum"`
	Pattern     string             `json:"pattern"`
	Unique      bool               `json:"uniqueItems"`
	Defs        map[string]*schema `json:"$defs"`

	patterns []keyPattern // Patterns, compiled, in order
	pattern  *regexp.Regexp
}

type keyPattern struct {
	re     *regexp.Regexp
	schema *schema
}

// words is a word or a list of words.
type words []string

// allowed says whether keys may be there that are not named.
type allowed struct{ any bool }

// schemaText is the schema that compose-go embeds, without its prose, which
// takes most of the time to read. A test keeps it current.
//
//go:embed schema.json
var schemaText string

// composeSchema is the schema of the specification, linked and flattened.
var composeSchema = sync.OnceValues(func() (*schema, error) {
	root, err := readSchema(schemaText)
	if err != nil {
		return nil, fmt.Errorf("schema of the Compose specification: %w", err)
	}
	l := linker{defs: root.Defs, done: map[*schema]bool{}, regexps: map[string]*regexp.Regexp{}}
	return l.link(root), nil
})

// A linker resolves references and puts together what allOf spreads.
type linker struct {
	defs    map[string]*schema
	done    map[*schema]bool
	regexps map[string]*regexp.Regexp
}

func (l *linker) link(s *schema) *schema {
	if s == nil {
		return nil
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		return l.link(l.defs[name])
	}
	if l.done[s] {
		return s
	}
	l.done[s] = true
	for key, p := range s.Properties {
		s.Properties[key] = l.link(p)
	}
	for key, p := range s.Patterns {
		s.Patterns[key] = l.link(p)
	}
	for _, list := range [][]*schema{s.OneOf, s.AnyOf, s.AllOf} {
		for i := range list {
			list[i] = l.link(list[i])
		}
	}
	s.Items = l.link(s.Items)
	l.flatten(s)
	for _, text := range slices.Sorted(keysOf(s.Patterns)) {
		s.patterns = append(s.patterns, keyPattern{l.regexp(text), s.Patterns[text]})
	}
	if s.Pattern != "" {
		s.pattern = l.regexp(s.Pattern)
	}
	return s
}

// flatten takes over the properties of all parts of an allOf.
func (l *linker) flatten(s *schema) {
	for _, part := range s.AllOf {
		for key, p := range part.Properties {
			if s.Properties == nil {
				s.Properties = map[string]*schema{}
			}
			if _, ok := s.Properties[key]; !ok {
				s.Properties[key] = p
			}
		}
		for key, p := range part.Patterns {
			if s.Patterns == nil {
				s.Patterns = map[string]*schema{}
			}
			s.Patterns[key] = p
		}
		if len(s.Type) == 0 {
			s.Type = part.Type
		}
	}
	s.AllOf = nil
}

func (l *linker) regexp(text string) *regexp.Regexp {
	re, ok := l.regexps[text]
	if !ok {
		re = regexp.MustCompile(text)
		l.regexps[text] = re
	}
	return re
}

// closed reports whether a mapping may hold only the properties named.
func (s *schema) closed() bool {
	return s.Additional != nil && !s.Additional.any || s.Unevaluated != nil && !*s.Unevaluated
}

// property returns the schema of a key, and whether the key is allowed.
func (s *schema) property(key string) (*schema, bool) {
	if p, ok := s.Properties[key]; ok {
		return p, true
	}
	for _, p := range s.patterns {
		if p.re.MatchString(key) {
			return p.schema, true
		}
	}
	return nil, !s.closed()
}

// names returns the keys that a mapping knows by name.
func (s *schema) names() []string { return slices.Collect(keysOf(s.Properties)) }

// accepts reports whether the type of a value is one of those that s allows.
func (s *schema) accepts(n *node) bool {
	if len(s.Type) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Type, n.is)
}

// is reports whether a value has a type of JSON schema.
func (n *node) is(name string) bool {
	switch n.kind {
	case nullNode:
		return name == "null"
	case mapNode:
		return name == "object"
	case listNode:
		return name == "array"
	}
	switch v := n.value.(type) {
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case int:
		return name == "integer" || name == "number"
	case float64:
		whole := v == math.Trunc(v)
		return !math.IsNaN(v) && !math.IsInf(v, 0) && (name == "number" || name == "integer" && whole)
	}
	return false
}
