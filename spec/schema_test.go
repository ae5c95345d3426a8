package spec

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	composeschema "github.com/compose-spec/compose-go/v2/schema"
	"github.com/rogpeppe/go-internal/txtar"
)

// known are the words of JSON schema that schema.go reads, and those that say
// nothing about values.
var known = []string{
	"$ref", "type", "properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "items",
	"oneOf", "anyOf", "allOf", "required", "enum", "minimum", "maximum", "pattern", "uniqueItems", "$defs",
	"$schema", "$id", "title", "description", "deprecated", "default",
}

func TestSchemaHasOnlyWordsThatAreRead(t *testing.T) {
	var root any
	if err := json.Unmarshal([]byte(composeschema.Schema), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(v any, keysAreWords bool, path string)
	walk = func(v any, keysAreWords bool, path string) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				if keysAreWords && !slices.Contains(known, key) {
					t.Errorf("%s: unknown word %q", path, key)
				}
				names := keysAreWords && slices.Contains([]string{"properties", "patternProperties", "$defs"}, key)
				walk(value, !names && key != "default", path+"/"+key)
			}
		case []any:
			for _, value := range v {
				walk(value, keysAreWords, path)
			}
		}
	}
	walk(root, true, "")
}

func TestSchemaFileIsComposeGos(t *testing.T) {
	var root any
	if err := json.Unmarshal([]byte(composeschema.Schema), &root); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(withoutProse(root, true))
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile("schema.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != schemaText {
		t.Error("schema.json is not compose-go's schema: run go test ./spec -run TestSchemaFile -update")
	}
}

func (w *words) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		*w = words{""}
		return json.Unmarshal(text, &(*w)[0])
	}
	return json.Unmarshal(text, (*[]string)(w))
}

func (a *allowed) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &a.any) }

func TestSchemaIsReadAsJSON(t *testing.T) {
	var want schema
	if err := json.Unmarshal([]byte(schemaText), &want); err != nil {
		t.Fatal(err)
	}
	got, err := readSchema(schemaText)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, &want) {
		t.Error("the schema is another one than encoding/json reads")
	}
}

func TestBrokenSchemasAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "{", `{"type"}`, `{"type":}`, `{"type":"a"`, `{"type":"a",}`, `{"type":["a"}`, `{"what":"a"}`, `{"type":"a\"b"}`, `{"minimum":x}`,
		`{"uniqueItems":1}`, `{"items":{"type":"a"}`, `{}{}`, `{"oneOf":[{},]}`, `{"minimum":1`,
	} {
		if s, err := readSchema(text); err == nil {
			t.Errorf("%s: read as %+v", text, s)
		}
	}
}

// withoutProse drops what is meant for people from a schema; names of keys, such
// as title, stay.
func withoutProse(v any, keysAreWords bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			if keysAreWords && slices.Contains([]string{"description", "title", "$schema", "$id", "deprecated", "default"}, key) {
				continue
			}
			names := keysAreWords && slices.Contains([]string{"properties", "patternProperties", "$defs"}, key)
			out[key] = withoutProse(value, !names)
		}
		return out
	case []any:
		for i := range v {
			v[i] = withoutProse(v[i], keysAreWords)
		}
	}
	return v
}

// asAny is a node as compose-go's validation takes it.
func asAny(n *node) any {
	switch n.kind {
	case mapNode:
		out := map[string]any{}
		for _, key := range n.keys {
			out[key] = asAny(n.fields[key].value)
		}
		return out
	case listNode:
		out := []any{}
		for _, item := range n.items {
			out = append(out, asAny(item))
		}
		return out
	}
	return n.value
}

// parsed is a text as a tree, without variables.
func parsed(text string) *node {
	p := &parser{src: &source{name: "t", text: []byte(text)}, report: func(Finding) {}}
	docs := p.parse()
	if len(docs) == 0 {
		return nil
	}
	return docs[0]
}

// agree holds our verdict on a tree against that of jsonschema.
func agree(t *testing.T, tree *node) (valid bool) {
	t.Helper()
	s, err := composeSchema()
	if err != nil {
		t.Fatal(err)
	}
	root, ok := asAny(tree).(map[string]any)
	if !ok {
		return false
	}
	theirs := composeschema.Validate(root)
	ours := s.check(tree)
	if (theirs == nil) != (len(ours) == 0) {
		text, _ := json.Marshal(root)
		t.Errorf("jsonschema: %v\nours: %v\nof %s", theirs, ours, text)
	}
	return theirs == nil
}

func corpus(t testing.TB) []string {
	t.Helper()
	var out []string
	paths, _ := filepath.Glob("testdata/*/*.txtar")
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, "yaml") {
				out = append(out, string(f.Data))
			}
		}
	}
	paths, _ = filepath.Glob("testdata/real/*/*.yaml")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	if len(out) < 50 {
		t.Fatalf("corpus: %d files", len(out))
	}
	return out
}

// The lists that compose-go shortens before it validates are as they are here,
// so double entries are left out of both.
func TestSchemaAgreesWithTheLibrary(t *testing.T) {
	for _, text := range corpus(t) {
		if tree := parsed(text); tree != nil {
			agree(t, unique(tree))
		}
	}
}

// Each value of a valid file is exchanged for others, one at a time.
func TestSchemaAgreesOnChangedFiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	valid, invalid := 0, 0
	for _, text := range corpus(t) {
		for range 6 {
			tree := parsed(text)
			if tree == nil {
				break
			}
			change(tree, random)
			if agree(t, unique(tree)) {
				valid++
			} else {
				invalid++
			}
		}
	}
	if valid < 50 || invalid < 50 {
		t.Errorf("changes too one-sided: %d valid, %d invalid", valid, invalid)
	}
}

// change replaces one value somewhere in the tree, or renames a key.
func change(n *node, random *rand.Rand) {
	for {
		var children []*node
		children = append(children, n.items...)
		for _, key := range n.keys {
			children = append(children, n.fields[key].value)
		}
		if len(children) == 0 || random.IntN(6) == 0 {
			break
		}
		n = children[random.IntN(len(children))]
	}
	if n.kind == mapNode && len(n.keys) > 0 && random.IntN(2) == 0 {
		key := n.keys[random.IntN(len(n.keys))]
		f := n.fields[key]
		n.remove(key)
		n.set(key+"x", f)
		return
	}
	list := &node{kind: listNode, items: []*node{newText(place{}, "a"), newText(place{}, "b")}}
	mapping := newMap(place{})
	mapping.set("soft", field{value: &node{kind: scalarNode, value: 1}})
	values := []*node{
		{}, newText(place{}, "text"), newText(place{}, "all"), {kind: scalarNode, value: 7}, {kind: scalarNode, value: -2000},
		{kind: scalarNode, value: 1.5}, {kind: scalarNode, value: true}, list, mapping, {kind: listNode}, newMap(place{}),
	}
	*n = *values[random.IntN(len(values))]
}

// unique drops double entries of lists.
func unique(n *node) *node {
	var items []*node
	for _, item := range n.items {
		if unique(item); !slices.ContainsFunc(items, func(have *node) bool { return equal(have, item) }) {
			items = append(items, item)
		}
	}
	n.items = items
	for f := range maps.Values(n.fields) {
		unique(f.value)
	}
	return n
}
