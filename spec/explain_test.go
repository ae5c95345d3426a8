package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/sirupsen/logrus"
	"gopkg.in/yaml.v3"
)

func TestExplanations(t *testing.T) {
	for _, s := range scenarios(t, "explain/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			s.prepare(t)
			text, err := Explain(context.Background(), s.opts, RenderOptions{NoConsistency: s.name() == "everything", NoPathResolution: true})
			if err != nil {
				t.Fatal(err)
			}
			s.compare(t, string(text))
		})
	}
}

// Whatever is explained is what is rendered, for all files of testdata.
func TestExplanationsSayWhatIsRendered(t *testing.T) {
	explained := 0
	for _, s := range scenarios(t, "*/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			s.prepare(t)
			for _, o := range []RenderOptions{
				{}, {NoConsistency: true}, {NoNormalize: true, NoPathResolution: true}, {NoEnvResolution: true, NoConsistency: true},
			} {
				explained += checkExplained(t, func() LoadOptions {
					s.opts.Stdin = strings.NewReader(s.stdin)
					return s.opts
				}, o)
			}
		})
	}
	if explained < 5000 {
		t.Errorf("only %d values were explained: the files are not what they were", explained)
	}
}

// checkExplained holds an explanation against the rendering, and returns the
// number of values.
func checkExplained(t *testing.T, opts func() LoadOptions, o RenderOptions) int {
	t.Helper()
	rendered, err := Render(context.Background(), opts(), o)
	if err != nil {
		return 0
	}
	text, err := Explain(context.Background(), opts(), o)
	if err != nil {
		t.Fatalf("it is rendered, and not explained: %v", err)
	}
	o.Format = "json"
	list, err := Explain(context.Background(), opts(), o)
	if err != nil {
		t.Fatal(err)
	}
	want, got := writtenValues(t, rendered), writtenValues(t, text)
	var values []Value
	if err := json.Unmarshal(list, &values); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || len(values) != len(want) {
		t.Fatalf("%d values are rendered, %d and %d explained:\n%s\n%s", len(want), len(got), len(values), rendered, text)
	}
	for i, v := range values {
		checkValue(t, v, got[i], want[i])
	}
	return len(values)
}

func checkValue(t *testing.T, v Value, got, want string) {
	t.Helper()
	if strings.Contains(v.Path, ".ssh[") {
		return // rendered in any order
	}
	if masked := strings.Contains(got, "***") || strings.Contains(got, secretText); got != want && !masked {
		t.Errorf("%s is explained as %s, and rendered as %s", v.Path, got, want)
	}
	if inList := fmt.Sprint(v.Value); !strings.HasPrefix(got, inList) && v.Value != nil {
		if _, number := v.Value.(float64); !number {
			t.Errorf("%s is %s in the list, and %s in the text", v.Path, inList, got)
		}
	}
	if (v.File != "") != (v.Line > 0) || (v.Line > 0) != (v.Column > 0) || v.Variables == nil || v.Path == "" {
		t.Errorf("half a place: %+v", v)
	}
}

// writtenValues are the values of a file with their types, in order.
func writtenValues(t *testing.T, text []byte) []string {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var out []string
	for _, y := range innermost(doc.Content[0]) {
		out = append(out, fmt.Sprint(plainAny(y), " ", y.ShortTag()))
	}
	return out
}

func plainAny(y *yaml.Node) any {
	if y.Kind == yaml.ScalarNode {
		return y.Value
	}
	return plainValue(y)
}

// A place that is given holds the value, or what it is made of: what stands
// there, its variables replaced, is a part of the value, or the value of it.
func TestPlacesHoldTheirValues(t *testing.T) {
	checked := 0
	for _, s := range scenarios(t, "*/*.txtar") {
		s.prepare(t)
		s.opts.Stdin = strings.NewReader(s.stdin)
		r, err := read(context.Background(), s.opts)
		if err != nil {
			continue
		}
		standing := map[string]string{}
		r.tree.standing(standing)
		s.opts.Stdin = strings.NewReader(s.stdin)
		_, values, err := explain(context.Background(), s.opts, RenderOptions{NoPathResolution: true})
		if err != nil {
			continue
		}
		for _, v := range values {
			written, ok := standing[fmt.Sprintf("%s:%d:%d", v.File, v.Line, v.Column)]
			text, isText := v.Value.(string)
			if !ok || !isText || converted(v.Path) || strings.HasSuffix(v.Path, "."+written) {
				continue
			}
			checked++
			text = strings.ReplaceAll(text, "$$", "$")
			if part := strings.TrimPrefix(text, "./"); !strings.Contains(written, part) && !strings.Contains(text, written) && !masked(text) {
				t.Errorf("%s: %s is %q, but %s:%d:%d says %q", s.path, v.Path, text, v.File, v.Line, v.Column, written)
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d places were checked: the files are not what they were", checked)
	}
}

func masked(text string) bool { return strings.Contains(text, "***") || text == secretText }

// standing collects the texts that stand at the places of a tree.
func (n *node) standing(out map[string]string) {
	if n.kind == scalarNode {
		out[fmt.Sprintf("%s:%d:%d", n.at.src.name, n.at.line, n.at.column)] = n.text()
	}
	for _, item := range n.items {
		item.standing(out)
	}
	for _, key := range n.keys {
		n.fields[key].value.standing(out)
	}
}

// converted are values that are written in another form than they have.
func converted(path string) bool {
	steps := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) })
	return slices.ContainsFunc(steps, func(step string) bool {
		return slices.Contains([]string{
			"type", "memory", "mem_limit", "memswap_limit", "mem_reservation", "shm_size", "interval", "timeout", "start_period", "start_interval",
			"stop_grace_period", "delay", "monitor", "window", "size", "rate", "extra_hosts", "test", "mode", "pull_policy", "source", "context",
			"command", "entrypoint", "condition", "restart", "required", "depends_on", "ssh", "file",
		}, step)
	})
}

func TestExplanationsAreAlwaysTheSame(t *testing.T) {
	for _, s := range scenarios(t, "explain/*.txtar") {
		s.prepare(t)
		o := RenderOptions{NoConsistency: true, Format: "json"}
		first, err := Explain(context.Background(), s.opts, o)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if again, err := Explain(context.Background(), s.opts, o); err != nil || !bytes.Equal(first, again) {
				t.Fatalf("%s: another explanation of the same files, %v", s.path, err)
			}
		}
	}
}

func TestExplanationsKeepSecrets(t *testing.T) {
	for _, s := range scenarios(t, "explain/secrets.txtar") {
		s.prepare(t)
		for _, format := range []string{"yaml", "json"} {
			text, err := Explain(context.Background(), s.opts, RenderOptions{Format: format})
			if err != nil {
				t.Fatal(err)
			}
			for _, never := range []string{"hunter2", "changeme", "sssh", "abc", "123"} {
				if bytes.Contains(text, []byte(never)) {
					t.Errorf("%q in\n%s", never, text)
				}
			}
		}
	}
}

func TestExplanationNeedsVariables(t *testing.T) {
	if _, err := Explain(context.Background(), shopOptions(t), RenderOptions{NoInterpolate: true}); err == nil {
		t.Error("explained without interpolation")
	}
	if _, err := Explain(context.Background(), shopOptions(t), RenderOptions{Format: "xml"}); err == nil {
		t.Error("explained in an unknown format")
	}
}

func TestValuesInJSONHaveAllFields(t *testing.T) {
	text, err := Explain(context.Background(), shopOptions(t), RenderOptions{Format: "json"})
	if err != nil {
		t.Fatal(err)
	}
	var values []map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(values, func(v map[string]any) bool { return v["path"] == "services.web.image" })
	want := map[string]any{
		"path": "services.web.image", "value": "web:1", "file": "stack.yaml", "line": 5.0, "column": 12.0,
		"variables": []any{map[string]any{"name": "TAG", "from": "default", "file": "", "line": 0.0}},
	}
	if at < 0 || !reflect.DeepEqual(values[at], want) {
		t.Errorf("got %v\nwant %v", values[max(at, 0)], want)
	}
}

// Whatever a file says, what is explained is what is rendered.
func FuzzExplain(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	logrus.SetOutput(io.Discard)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "/dev/") || strings.Contains(text, "/proc/") {
			t.Skip("such files may not end")
		}
		checkExplained(t, func() LoadOptions {
			return LoadOptions{
				Dir: dir, Files: []string{"-"}, Project: "fuzz", Stdin: strings.NewReader(text),
				Env: map[string]string{"A": "a", "EMPTY": ""},
			}
		}, RenderOptions{})
	})
}

// Package dotenv and ours find the same variables in an env file, and each one
// stands where it is said to.
func FuzzDefinitions(f *testing.F) {
	for _, text := range []string{
		"A=1\n# c\nB='x\ny'\n", "export A=\"1\\\"\n2\" \nB: 3 # c\nC\n", "\ufeffA=1\r\nB\r\n", "A=1\nA=2", "A", " A\t=\t'x' B=2", "=", "a b=1\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		vars, err := dotenv.ParseWithLookup(strings.NewReader(text), func(string) (string, bool) { return "", true })
		if err != nil {
			return
		}
		d := &definer{text: strings.TrimPrefix(text, "\ufeff"), found: map[string]definition{}}
		d.all()
		lines := strings.Split(d.text, "\n")
		for name := range vars {
			found, ok := d.found[name]
			if name == "" {
				continue
			}
			if !ok {
				t.Fatalf("%q is not found in %q", name, text)
			}
			if !strings.HasPrefix(string([]rune(lines[found.line-1])[found.column-1:]), name) && !strings.Contains(name, "\n") {
				t.Fatalf("%q does not stand at %d:%d of %q", name, found.line, found.column, text)
			}
		}
	})
}
