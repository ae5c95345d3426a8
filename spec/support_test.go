package spec

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	composeschema "github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/types"
)

// attributes are the paths of all keys of compose-go's types, by their yaml
// tags.
func attributes() []string {
	found := map[string]bool{}
	collect(reflect.TypeFor[types.Project](), "", found, map[reflect.Type]bool{})
	collect(reflect.TypeFor[types.IncludeConfig](), "include[]", found, map[reflect.Type]bool{})
	for path := range found { // set by the loader, and no keys
		if path == "services.*.name" || path == "jobs.*.name" {
			delete(found, path)
		}
	}
	return slices.Sorted(keysOf(found))
}

func collect(t reflect.Type, path string, found map[string]bool, within map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Map:
		if t != reflect.TypeFor[types.Extensions]() && element(t).Kind() == reflect.Struct {
			collect(t.Elem(), path+".*", found, within)
		}
	case reflect.Slice:
		if element(t).Kind() == reflect.Struct && t != reflect.TypeFor[types.SSHConfig]() {
			collect(t.Elem(), path+"[]", found, within)
		}
	case reflect.Struct:
		if within[t] {
			return
		}
		within[t] = true
		defer delete(within, t)
		for i := range t.NumField() {
			collectField(t.Field(i), path, found, within)
		}
	}
}

func element(t reflect.Type) reflect.Type {
	t = t.Elem()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func collectField(f reflect.StructField, path string, found map[string]bool, within map[reflect.Type]bool) {
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case name == "-" || strings.HasPrefix(name, "#") || !f.IsExported():
		return
	case strings.Contains(options, "inline"):
		if f.Type != reflect.TypeFor[types.Extensions]() {
			collect(f.Type, path, found, within)
		}
		return
	case name == "":
		name = strings.ToLower(f.Name)
	}
	next := joinPath(path, name)
	found[next] = true
	collect(f.Type, next, found, within)
}

// covered reports whether the table says something of a path: of itself, of
// all below it, or of an ancestor as a whole.
func covered(path string) bool {
	if key, ok := strings.CutPrefix(path, "services.*.pre_start[]."); ok && key != "per_replica" {
		return covered("services.*." + key)
	}
	return slices.ContainsFunc(support, func(row attribute) bool {
		below := strings.HasPrefix(row.path, path+".") || strings.HasPrefix(row.path, path+"[")
		above := row.level != honoured && (strings.HasPrefix(path, row.path+".") || strings.HasPrefix(path, row.path+"["))
		return row.path == path || below || above
	})
}

func TestEveryAttributeOfComposeGoIsInTheTable(t *testing.T) {
	paths := attributes()
	if len(paths) < 400 {
		t.Fatalf("only %d attributes found", len(paths))
	}
	for _, path := range paths {
		if !covered(path) {
			t.Errorf("%s: no row in support", path)
		}
	}
}

// The schema may know keys that the types do not have yet.
func TestEveryAttributeOfTheSchemaIsInTheTable(t *testing.T) {
	for _, p := range composeschema.AttributePaths() {
		path := strings.ReplaceAll(string(p), ".[]", "[]")
		for strings.HasSuffix(path, ".*") || strings.HasSuffix(path, "[]") {
			path = path[:len(path)-2]
		}
		if !covered(path) && !valuesOf(path) {
			t.Errorf("%s: no row in support", path)
		}
	}
}

// valuesOf reports whether a path is inside a row whose value is one value, such
// as the entries of environment.
func valuesOf(path string) bool {
	return slices.ContainsFunc(support, func(row attribute) bool { return row.path == path })
}

func TestRowsOfTheTableExist(t *testing.T) {
	paths := attributes()
	for _, p := range composeschema.AttributePaths() {
		paths = append(paths, strings.ReplaceAll(string(p), ".[]", "[]"))
	}
	seen := map[string]bool{}
	for _, row := range support {
		if seen[row.path] {
			t.Errorf("%s: twice", row.path)
		}
		seen[row.path] = true
		if !slices.Contains(paths, row.path) && !slices.Contains([]string{"version", "include"}, row.path) {
			t.Errorf("%s: compose-go knows no such attribute", row.path)
		}
		if row.level != honoured && row.note == "" {
			t.Errorf("%s: %s without a reason", row.path, row.level)
		}
	}
}

const supportDoc = "../docs/compose-support.md"

// supportText is docs/compose-support.md.
func supportText() []byte {
	var b bytes.Buffer
	b.WriteString(`# Attributes of the Compose specification

Generated from the table in spec/support_table.go by
` + "`go test ./spec -run TestSupportDoc -update`" + `. A test keeps it current, and another holds
the table to every attribute that compose-go knows.

- **honoured**: the engine is asked for it, or ` + "`stack`" + ` does it. Where an API version is named, an older engine is an error.
- **warned about**: accepted without effect; each load says so, with file, line and column.
- **refused**: an error, since without it the program would not run as asked.
- **not in the specification**: an error like for any unknown key, with a hint. compose-go's types have it.

What is said of an attribute holds for all below it that have no row of their own. A key that is not here is an
error, unless it begins with ` + "`x-`" + `. Our own keys are below ` + "`x-stack`" + `.
`)
	section := ""
	for _, row := range support {
		if head := heading(row.path); head != section {
			section = head
			fmt.Fprintf(&b, "\n## %s\n\n| attribute | | |\n|---|---|---|\n", head)
		}
		note := row.note
		if len(row.values) > 0 {
			note += " (honoured: " + strings.Join(row.values, ", ") + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", row.path, row.level, note)
	}
	return b.Bytes()
}

// heading is the section of a row: the part of a file, or of a service.
func heading(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' })
	switch {
	case len(parts) < 3 || parts[0] == "include":
		if len(parts) > 0 && slices.Contains([]string{"networks", "volumes", "secrets", "configs"}, parts[0]) {
			return parts[0]
		}
		return "top of a file"
	case parts[0] != "services":
		return parts[0]
	case parts[2] == "build" || parts[2] == "deploy":
		return "services: " + parts[2]
	}
	return "services"
}

func TestSupportDocIsCurrent(t *testing.T) {
	want := append(supportText(), differencesText(t)...)
	if *update {
		if err := os.WriteFile(supportDoc, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(supportDoc)
	if err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s is not what the table says (%v): run go test ./spec -run TestSupportDoc -update", supportDoc, err)
	}
}
