package spec

import (
	"slices"
	"strconv"
	"strings"
)

// A trail is where a value stands in a rendered stack: keys, and for the entries
// of lists their indexes in brackets.
type trail []string

func (p trail) key(key string) trail { return append(slices.Clip(p), key) }

func (p trail) entry(i int) trail { return append(slices.Clip(p), "["+strconv.Itoa(i)+"]") }

// String writes a path as programs for JSON read it: keys that are no plain
// words stand in brackets and quotes.
func (p trail) String() string {
	var b strings.Builder
	for i, step := range p {
		switch {
		case isIndex(step):
			b.WriteString(step)
		case step == "" || strings.ContainsFunc(step, func(r rune) bool { return !isWord(r) }):
			b.WriteString("[" + strconv.Quote(step) + "]")
		case i == 0:
			b.WriteString(step)
		default:
			b.WriteString("." + step)
		}
	}
	return b.String()
}

func isIndex(step string) bool {
	return len(step) > 2 && step[0] == '[' && strings.Trim(step[1:len(step)-1], "0123456789") == "" && step[len(step)-1] == ']'
}

func isWord(r rune) bool {
	return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// attribute is a path below a service, with a star for each entry: what the
// Compose specification calls ports.*.target. It is "" elsewhere.
func (p trail) attribute() string {
	if len(p) < 3 || p[0] != "services" {
		return ""
	}
	steps := slices.Clone(p[2:])
	for i, step := range steps {
		if isIndex(step) {
			steps[i] = "*"
		}
	}
	return strings.Join(steps, ".")
}

// matches reports whether a path has these steps; "*" stands for any.
func (p trail) matches(pattern ...string) bool {
	return slices.EqualFunc(p, pattern, func(step, want string) bool { return want == "*" || step == want })
}

// name is the last key of a path.
func (p trail) name() string {
	for _, step := range slices.Backward(p) {
		if !isIndex(step) {
			return step
		}
	}
	return ""
}
