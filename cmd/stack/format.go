package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"text/tabwriter"
	"text/template"
)

// columns are those of a table.
type columns struct {
	table string            // the template of the plain one
	heads map[string]string // headings that differ from the field's name
	raw   string            // the template of a row with a line for each field; "" for none
}

// format renders rows as a table, as JSON with one object a line, raw, or by a Go
// template.
func format[T any](how string, cols columns, rows []T) (string, error) {
	switch {
	case how == "json":
		return jsonLines(rows)
	case how == "table" || how == "":
		return table(cols.table, cols.heads, rows)
	case how == "raw" && cols.raw != "":
		return lines(cols.raw, rows)
	case strings.HasPrefix(how, "table "):
		return table(unescape(strings.TrimPrefix(how, "table ")), cols.heads, rows)
	}
	return lines(unescape(how), rows)
}

// unescape is for templates from a shell, where a tab is typed \t.
func unescape(text string) string {
	return strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(text)
}

func jsonLines[T any](rows []T) (string, error) {
	var b strings.Builder
	for _, row := range rows {
		text, err := json.Marshal(row)
		if err != nil {
			return "", err
		}
		b.Write(append(text, '\n'))
	}
	return b.String(), nil
}

func lines[T any](text string, rows []T) (string, error) {
	t, err := template.New("format").Funcs(functions).Parse(text)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	for _, row := range rows {
		if err := t.Execute(&b, row); err != nil {
			return "", err
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// table lines columns up under headings made from the fields' names.
func table[T any](text string, heads map[string]string, rows []T) (string, error) {
	body, err := lines(text, rows)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 10, 1, 3, ' ', 0)
	_, err = w.Write([]byte(heading(text, heads) + "\n" + body))
	if err == nil {
		err = w.Flush()
	}
	return b.String(), err
}

var action = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{[^.}]*\.(\w+)[^}]*\}\}`) })

func heading(text string, heads map[string]string) string {
	return action().ReplaceAllStringFunc(text, func(match string) string {
		field := action().FindStringSubmatch(match)[1]
		if h, ok := heads[field]; ok {
			return h
		}
		return strings.ToUpper(field)
	})
}

// functions are docker's in templates.
var functions = template.FuncMap{
	"json": func(v any) (string, error) {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // as docker's
		err := e.Encode(v)
		return strings.TrimSpace(b.String()), err
	},
	"join":  strings.Join,
	"split": strings.Split,
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"title": func(s string) string {
		if s == "" {
			return s
		}
		return strings.ToUpper(s[:1]) + s[1:]
	},
	"truncate": func(s string, n int) string { return ellipsis(s, n, "") },
	"pad": func(s string, before, after int) string {
		if s == "" {
			return ""
		}
		return strings.Repeat(" ", before) + s + strings.Repeat(" ", after)
	},
}
