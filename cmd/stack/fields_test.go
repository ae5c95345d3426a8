package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// answered are the answers as JSON, by command: how they are asked for, and the
// value that is written, from which docs/cli.md has their fields.
var answered = map[string][]struct {
	how string
	row any
}{
	"stack ps":          {{"`--format json`, one object a line", psRow{}}},
	"stack images":      {{"`--format json`, an array of", imageRow{}}},
	"stack ls":          {{"`--format json`, an array of", lsRow{}}},
	"stack volumes":     {{"`--format json`, one object a line", volumeRow{}}},
	"stack stats":       {{"`--format json`, one object a line", statsRow{}}},
	"stack events":      {{"`--json`, one object a line", eventRow{}}},
	"stack version":     {{"`--format json`, one object", versionRow{}}},
	"stack rollback":    {{"`--list --format json`, an array of", planner.Entry{}}},
	"stack lock status": {{"`--format json`, one object", lockStatus{}}},
	"stack why":         {{"`--json`, one object; changes, unavailable and reasons as in plan.schema.json", whyForm{}}},
	"stack config": {
		{"`--variables --format json`, an object with one of these for each name", spec.UsedVariable{}},
		{"`--explain --format json`, an array of", spec.Value{}},
	},
}

// elsewhere are the commands whose JSON is described in a place of its own.
var elsewhere = map[string]string{"stack plan": "plan.schema.json"}

// answerFields is the table of what a command's answers as JSON have.
func answerFields(command string) string {
	var b strings.Builder
	for _, a := range answered[command] {
		fmt.Fprintf(&b, "| %s | |\n|---|---|\n%s\n", a.how, strings.Join(fieldRows("", reflect.TypeOf(a.row)), ""))
	}
	return b.String()
}

// fieldRows are the fields of a struct, and below them those of structs in it.
func fieldRows(prefix string, t reflect.Type) (rows []string) {
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		kind, below := kindOf(f.Type)
		if strings.Contains(options, "omitempty") {
			kind += ", where there is one"
		}
		if name == "" {
			name = f.Name
		}
		rows = append(rows, fmt.Sprintf("| `%s%s` | %s |\n", prefix, name, kind))
		if below != nil {
			rows = append(rows, fieldRows(prefix+name+".", below)...)
		}
	}
	return rows
}

// kindOf is what a value is in JSON, and the struct that it is or has, if any.
func kindOf(t reflect.Type) (kind string, below reflect.Type) {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time", nil
	case t.Kind() == reflect.Pointer:
		return kindOf(t.Elem())
	case t.Kind() == reflect.Slice:
		kind, below := kindOf(t.Elem())
		return "array of " + kind, below
	case t.Kind() == reflect.Map:
		kind, below := kindOf(t.Elem())
		return "object, " + kind + " by name", below
	case t.Kind() == reflect.Struct:
		return "object", t
	case t.Kind() == reflect.String:
		return "text", nil
	case t.Kind() == reflect.Bool:
		return "true or false", nil
	case t.Kind() == reflect.Interface:
		return "any", nil
	}
	return "number", nil
}

// A command that learns to answer as JSON has its fields in the docs.
func TestAnswersAsJSONAreInTheDocs(t *testing.T) {
	for _, c := range all(rootCommand(&program{Environment: Environment{Now: time.Now}})) {
		path := c.CommandPath()
		if answersJSON(c) && answered[path] == nil && elsewhere[path] == "" {
			t.Errorf("%s: its fields are not among those answered", path)
		}
		if rows := answerFields(path); strings.Count(rows, "|---|---|\n| `") != len(answered[path]) {
			t.Errorf("%s: has no fields:\n%s", path, rows)
		}
	}
}

func answersJSON(c *cobra.Command) bool {
	for _, name := range []string{"json", "format"} {
		f := c.LocalNonPersistentFlags().Lookup(name)
		if f != nil && strings.Contains(f.Usage, "json") || f != nil && name == "json" {
			return true
		}
	}
	return false
}
