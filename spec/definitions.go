package spec

import (
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A definition is where an env file gives a variable its value, and the text
// of the value before anything in it is replaced.
type definition struct {
	line, column int
	text         string
	plain        bool // taken as it stands
	inherited    bool // the name alone: the value comes from elsewhere
}

// readDefinitions are the definitions of an env file, by variable: the last one
// of each. What cannot be read has none. Only regular files are read, since this
// is not the first time that it is done.
func readDefinitions(path, format string) map[string]definition {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	d := &definer{text: strings.TrimPrefix(string(text), "\ufeff"), found: map[string]definition{}}
	if format == "raw" {
		d.raw()
	} else {
		d.all()
	}
	return d.found
}

// A definer finds the definitions in a text that package dotenv has read without
// error, and that does not tell where they stand.
type definer struct {
	text  string
	at    int
	found map[string]definition
}

// add makes a definition of what stands at an offset.
func (d *definer) add(name string, at int, found definition) {
	begin := strings.LastIndexByte(d.text[:at], '\n') + 1
	found.line, found.column = 1+strings.Count(d.text[:at], "\n"), 1+utf8.RuneCountInString(d.text[begin:at])
	d.found[name] = found
}

func (d *definer) raw() {
	for d.at < len(d.text) {
		line, _, _ := strings.Cut(d.text[d.at:], "\n")
		name, value, given := strings.Cut(strings.TrimRight(strings.TrimLeft(line, " \t"), "\r"), "=")
		if name != "" && name[0] != '#' {
			d.add(name, d.at+strings.Index(line, name), definition{text: value, plain: true, inherited: !given})
		}
		d.at += len(line) + 1
	}
}

var exported = pattern(`^export\s+`)

func (d *definer) all() {
	for d.statement() {
		begin := d.at
		if export := exported().FindString(d.text[d.at:]); export != "" {
			begin += len(export)
		}
		end := strings.IndexAny(d.text[begin:], "=:\n")
		if end < 0 {
			return
		}
		name, inherited := strings.TrimRightFunc(d.text[begin:begin+end], unicode.IsSpace), d.text[begin+end] == '\n'
		d.at = begin + end + 1
		found := definition{inherited: inherited}
		if !inherited {
			found.text, found.plain = d.value()
		}
		d.add(name, begin, found)
	}
}

// statement goes to the begin of the next definition.
func (d *definer) statement() bool {
	for {
		rest := strings.TrimLeftFunc(d.text[d.at:], unicode.IsSpace)
		d.at = len(d.text) - len(rest)
		if rest == "" || rest[0] != '#' {
			return rest != ""
		}
		d.line()
	}
}

// line reads what is left of a line.
func (d *definer) line() string {
	line, _, _ := strings.Cut(d.text[d.at:], "\n")
	d.at = min(d.at+len(line)+1, len(d.text))
	return line
}

var blank = pattern(`^[\t\v\f\r \x{85}\x{a0}]*`)

// value reads a value; plain tells that no variable in it is replaced.
func (d *definer) value() (text string, plain bool) {
	d.at += len(blank().FindString(d.text[d.at:]))
	if d.at == len(d.text) || d.text[d.at] != '"' && d.text[d.at] != '\'' {
		text, _, _ = strings.Cut(d.line(), " #")
		return strings.TrimRightFunc(text, unicode.IsSpace), false
	}
	quote, begin := d.text[d.at], d.at+1
	for i := begin; i < len(d.text); i++ {
		switch d.text[i] {
		case '\\':
			i++
		case quote:
			d.at = i + 1
			return d.text[begin:i], quote == '\''
		}
	}
	d.at = len(d.text)
	return d.text[begin:], true
}
