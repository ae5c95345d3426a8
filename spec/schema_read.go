package spec

import (
	"errors"
	"strconv"
	"strings"
)

// A schemaReader reads the text of a schema: JSON without spaces and escapes. It
// is there because encoding/json takes longer for it than all the rest of a small
// load; a test holds the two to the same schema.
type schemaReader struct {
	text   string // what is left
	failed bool
}

var errSchema = errors.New("malformed")

func readSchema(text string) (*schema, error) {
	r := &schemaReader{text: strings.TrimSpace(text)}
	s := r.schema()
	if r.failed || r.text != "" {
		return nil, errSchema
	}
	return s, nil
}

// next reports whether the text goes on with a word, and reads over it.
func (r *schemaReader) next(word string) bool {
	rest, ok := strings.CutPrefix(r.text, word)
	r.text = rest
	return ok
}

func (r *schemaReader) need(word string) {
	if !r.next(word) {
		r.failed = true
	}
}

// list reads what stands between two brackets, with commas between.
func (r *schemaReader) list(begin, end string, each func()) {
	r.need(begin)
	if r.next(end) {
		return
	}
	for each(); !r.failed && r.next(","); {
		each()
	}
	r.need(end)
}

func (r *schemaReader) object(each func(key string)) {
	r.list("{", "}", func() {
		key := r.word()
		r.need(":")
		each(key)
	})
}

func (r *schemaReader) word() string {
	r.need(`"`)
	word, rest, ok := strings.Cut(r.text, `"`)
	if r.text = rest; !ok || strings.Contains(word, `\`) {
		r.failed = true
	}
	return word
}

func (r *schemaReader) words() (out []string) {
	if !strings.HasPrefix(r.text, "[") {
		return []string{r.word()}
	}
	r.list("[", "]", func() { out = append(out, r.word()) })
	return out
}

func (r *schemaReader) flag() bool {
	if r.next("true") {
		return true
	}
	r.need("false")
	return false
}

func (r *schemaReader) number() *float64 {
	end := strings.IndexAny(r.text, ",}")
	n, err := strconv.ParseFloat(r.text[:max(end, 0)], 64)
	if err != nil {
		r.failed = true
		return nil
	}
	r.text = r.text[end:]
	return &n
}

func (r *schemaReader) schemas() (out []*schema) {
	r.list("[", "]", func() { out = append(out, r.schema()) })
	return out
}

func (r *schemaReader) named() map[string]*schema {
	out := map[string]*schema{}
	r.object(func(key string) { out[key] = r.schema() })
	return out
}

func (r *schemaReader) schema() *schema {
	s := &schema{}
	r.object(func(key string) {
		if !r.types(s, key) && !r.parts(s, key) && !r.limits(s, key) {
			r.failed = true
		}
	})
	return s
}

// types reads a key that says what a value is.
func (r *schemaReader) types(s *schema, key string) bool {
	switch key {
	case "$ref":
		s.Ref = r.word()
	case "type":
		s.Type = r.words()
	case "enum":
		s.Enum = r.words()
	case "required":
		s.Required = r.words()
	case "pattern":
		s.Pattern = r.word()
	default:
		return false
	}
	return true
}

// parts reads a key that says what is in a value.
func (r *schemaReader) parts(s *schema, key string) bool {
	switch key {
	case "$defs":
		s.Defs = r.named()
	case "properties":
		s.Properties = r.named()
	case "patternProperties":
		s.Patterns = r.named()
	case "items":
		s.Items = r.schema()
	case "oneOf":
		s.OneOf = r.schemas()
	case "anyOf":
		s.AnyOf = r.schemas()
	case "allOf":
		s.AllOf = r.schemas()
	default:
		return false
	}
	return true
}

// limits reads a key that says what a value may not be.
func (r *schemaReader) limits(s *schema, key string) bool {
	switch key {
	case "additionalProperties":
		s.Additional = &allowed{r.flag()}
	case "unevaluatedProperties":
		yes := r.flag()
		s.Unevaluated = &yes
	case "minimum":
		s.Minimum = r.number()
	case "maximum":
		s.Maximum = r.number()
	case "uniqueItems":
		s.Unique = r.flag()
	default:
		return false
	}
	return true
}
