package spec

import (
	"errors"
	"fmt"
	"strings"
)

// A missingError is a variable that the file calls required, and that has no
// value.
type missingError struct{ name, reason string }

func (e *missingError) Error() string {
	if e.reason != "" {
		return fmt.Sprintf("variable %s is required: %s", e.name, e.reason)
	}
	return fmt.Sprintf("variable %s is required", e.name)
}

// errTemplate is a dollar sign that begins no variable.
var errTemplate = errors.New("malformed variable")

// A substitution replaces the variables in one text, as the Compose
// specification, chapter 12, describes them: $V, ${V}, ${V:-d}, ${V-d},
// ${V:?e}, ${V?e}, ${V:+r}, ${V+r}, nested to any depth, and $$ for a dollar.
type substitution struct {
	lookup func(string) (string, bool)
	unset  func(name string) // called for a plain variable without a value
	errs   []error
	uses   []use
}

// A use is what became of one variable in a text.
type use struct {
	name       string
	value      string // what stands in its place
	begin, end int    // where, in the text that became of it
	given      given
	origins    *origins
	at         place // where the file itself gives the value; mostly nowhere
}

// given is what a variable's value is given by.
type given int

const (
	byNothing given = iota // the variable is not set
	byOrigin               // where variables come from
	byDefault              // the text itself
)

// note makes a note of a use, before those within its word.
func (s *substitution) note(name string, by given) int {
	s.uses = append(s.uses, use{name: name, given: by})
	return len(s.uses) - 1
}

func origin(set bool) given {
	if set {
		return byOrigin
	}
	return byNothing
}

// expand returns the text with its variables replaced, and reads on after an
// error, so that all of them are found.
func (s *substitution) expand(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var out strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		first := len(s.uses)
		value, rest := s.variable(text[i+1:])
		for j := range s.uses[first:] {
			s.uses[first+j].begin, s.uses[first+j].end = out.Len(), out.Len()+len(value)
		}
		out.WriteString(value)
		text = rest
	}
}

// variable reads what follows a dollar sign, and returns its value and what
// comes after it.
func (s *substitution) variable(text string) (value, rest string) {
	switch {
	case text[0] == '$':
		return "$", text[1:]
	case text[0] == '{':
		return s.braced(text[1:])
	}
	n := nameLength(text)
	if n == 0 {
		return "$", text
	}
	return s.plain(text[:n]), text[n:]
}

func (s *substitution) plain(name string) string {
	value, ok := s.lookup(name)
	if !ok && s.unset != nil {
		s.unset(name)
	}
	i := s.note(name, origin(ok))
	s.uses[i].value = value
	return value
}

func (s *substitution) braced(text string) (value, rest string) {
	n := nameLength(text)
	name, after := text[:n], text[n:]
	if n == 0 || after == "" {
		return s.malformed(text)
	}
	if after[0] == '}' {
		return s.plain(name), after[1:]
	}
	colon := after[0] == ':'
	if colon {
		after = after[1:]
	}
	if after == "" || !strings.ContainsRune("-+?", rune(after[0])) {
		return s.malformed(text)
	}
	end := closing(after[1:])
	if end < 0 {
		return s.malformed(text)
	}
	return s.operator(name, after[0], colon, after[1:1+end]), after[end+2:]
}

func (s *substitution) malformed(text string) (value, rest string) {
	s.errs = append(s.errs, errTemplate)
	return "", text
}

// operator applies - + or ? with its word; colon takes an empty value as none.
func (s *substitution) operator(name string, op byte, colon bool, word string) string {
	value, ok := s.lookup(name)
	has := ok && (!colon || value != "")
	by := origin(ok)
	if op == '-' && !has {
		by = byDefault
	}
	i := s.note(name, by)
	switch {
	case op == '-' && !has, op == '+' && has:
		value = s.expand(word)
	case op == '?' && !has:
		s.errs = append(s.errs, &missingError{name, s.expand(word)})
		value = ""
	}
	s.uses[i].value = value
	return value
}

// closing finds the brace that ends a word, over nested variables. A word ends
// on its line. When the braces do not pair up, the last one of the line counts,
// as compose-go has it.
func closing(text string) int {
	line, _, _ := strings.Cut(text, "\n")
	depth := 1
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '{':
			depth++
			i++ // compose-go looks past the character after a brace
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return strings.LastIndexByte(line, '}')
}

// nameLength is how many bytes of text are a variable's name.
func nameLength(text string) int {
	for i := 0; i < len(text); i++ {
		c := text[i] | 0x20
		letter := c >= 'a' && c <= 'z' || text[i] == '_'
		if !letter && (i == 0 || text[i] < '0' || text[i] > '9') {
			return i
		}
	}
	return len(text)
}

func unsetText(name string) string {
	return "variable " + name + " is not set: an empty text stands for it"
}

// unsetStrictly is what is said where it is an error.
func unsetStrictly(name string) string { return "variable " + name + " is not set" }

func unsetHint(name string) string {
	return "set " + name + " in the environment or in .env, or write a default: ${" + name + ":-...}"
}

// substitute gives a scalar its text with the variables expanded, cast to what
// it is to be.
func (p *parser) substitute(n *node, text, path string, cast *castTree) {
	s := substitution{lookup: p.lookup, unset: func(name string) { p.unset(n.at, path, name) }}
	value := s.expand(text)
	n.value, n.uses = value, s.uses
	for i := range n.uses {
		n.uses[i].origins = p.origins
	}
	for _, err := range s.errs {
		p.report(variableFinding(n.at, path, err))
	}
	if len(s.errs) > 0 || cast == nil || cast.cast == nil {
		return
	}
	v, err := cast.cast(value)
	if err != nil {
		p.report(n.at.finding(path, "expected "+cast.want+", got "+newText(n.at, value).describe(), ""))
		return
	}
	n.value = v
}

func variableFinding(at place, path string, err error) Finding {
	var missing *missingError
	if errors.As(err, &missing) {
		return at.finding(path, err.Error(), "set "+missing.name+" in the environment or in .env")
	}
	return at.finding(path, err.Error()+" after $", "write $$ for a dollar sign")
}
