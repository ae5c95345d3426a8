package spec

import (
	"os"
	"regexp"
	"slices"
	"strings"
)

// origins are where variables come from, the first that has one first: what is
// outside, and then env files, the last one first. The environment of the process
// is outside of all.
type origins struct {
	env   map[string]string // of the process; nil inside of others
	outer *origins
	files []string
}

// with are the origins when env files are read in addition.
func (o *origins) with(files []string) *origins { return &origins{outer: o, files: files} }

// has reports whether the environment of the process has a variable.
func (o *origins) has(name string) bool {
	for o != nil && o.outer != nil {
		o = o.outer
	}
	if o == nil {
		return false
	}
	_, ok := o.env[name]
	return ok
}

// file finds the env file that a variable comes from, and where it stands there.
func (o *origins) file(name string, in func(file string) map[string]definition) (string, definition, bool) {
	if o == nil {
		return "", definition{}, false
	}
	if file, d, ok := o.outer.file(name, in); ok {
		return file, d, true
	}
	for _, file := range slices.Backward(o.files) {
		if d, ok := in(file)[name]; ok && !d.inherited {
			return file, d, true
		}
	}
	return "", definition{}, false
}

// unsetIn is the finding of a variable that an env file uses, and that has
// neither a value nor a default.
func unsetIn(path, name, variable string) Finding {
	f := Finding{File: name, Line: 1, Column: 1, Message: unsetStrictly(variable), Hint: unsetHint(variable)}
	text, err := os.ReadFile(path)
	if err != nil {
		return f
	}
	use := regexp.MustCompile(`\$(` + regexp.QuoteMeta(variable) + `\b|\{` + regexp.QuoteMeta(variable) + `\})`)
	for i, line := range strings.Split(string(text), "\n") {
		at := use.FindStringIndex(line)
		if at == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		f.Line, f.Column = i+1, 1+len([]rune(line[:at[0]]))
		break
	}
	return f
}
