package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A Value is one value of a rendered stack and where it comes from. Its JSON
// form is stable: all fields are always there.
type Value struct {
	Path  string `json:"path"`  // such as services.web.ports[0].target
	Value any    `json:"value"` // as Render has it, secrets masked
	// Where it stands; "" and 0 for what stands nowhere, such as a default.
	File      string     `json:"file"`
	Line      int        `json:"line"`
	Column    int        `json:"column"`
	Variables []Variable `json:"variables"` // those in it, in the order of the text
}

// A Variable is one that a value is made with.
type Variable struct {
	Name string `json:"name"`
	From Source `json:"from"`
	File string `json:"file"` // "" when it comes from no file
	Line int    `json:"line"`
}

// A Source is what gives a variable its value.
type Source string

// The sources of variables.
const (
	FromEnvironment Source = "environment" // that of the process
	FromEnvFile     Source = "env_file"    // .env, or what is named in place of it
	FromDefault     Source = "default"     // the text that uses it
	FromFlag        Source = "flag"        // the project's name, asked for
	FromFile        Source = "file"        // a stack file, such as the project's name
	FromNowhere     Source = "unset"
)

// Explain is [Render] with the place that each value comes from: as comments of
// the YAML, or in the format json as a list of values. What looks secret is
// masked. There is no explanation without interpolation.
func Explain(ctx context.Context, opts LoadOptions, o RenderOptions) ([]byte, error) {
	if o.NoInterpolate {
		return nil, errors.New("explain: variables are part of it; leave out --no-interpolate")
	}
	if o.Format != "" && o.Format != "yaml" && o.Format != "json" {
		return nil, fmt.Errorf("format %q: must be yaml or json", o.Format)
	}
	doc, values, err := explain(ctx, opts, o)
	if err != nil {
		return nil, err
	}
	if o.Format == "json" {
		return json.MarshalIndent(values, "", "  ")
	}
	return annotated(doc, values)
}

// explain is the rendered stack and its values, in the order of the file.
func explain(ctx context.Context, opts LoadOptions, o RenderOptions) (*yaml.Node, []Value, error) {
	r, err := o.read(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	project, err := r.chosen(o, opts.Services)
	if err != nil {
		return nil, nil, err
	}
	e := newExplainer(r, opts.Project, project)
	if !o.NoEnvResolution {
		if e.project, err = r.withEnv(project); err != nil {
			return nil, nil, err
		}
	}
	text, err := e.project.MarshalYAML()
	if err != nil {
		return nil, nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, nil, fmt.Errorf("explain: %w", err)
	}
	e.value(doc.Content[0], r.tree, trail{})
	return &doc, e.values, nil
}

// annotated writes a stack with a comment behind each of its values.
func annotated(doc *yaml.Node, values []Value) ([]byte, error) {
	for _, leaf := range innermost(doc.Content[0]) {
		// Readers of YAML take an empty line below a comment for a part of it.
		if block := leaf.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0; block && strings.HasPrefix(leaf.Value, "\n") {
			leaf.Style = yaml.DoubleQuotedStyle
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(doc); err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	// Where the values stand now: a masked one may have had several lines.
	var written yaml.Node
	if err := yaml.Unmarshal(out.Bytes(), &written); err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	comments := map[int]string{}
	for i, leaf := range innermost(written.Content[0]) {
		comments[leaf.Line] = values[i].comment()
	}
	return commented(string(escaped(out.Bytes())), comments), nil
}

// innermost are the values that hold no others, in order.
func innermost(y *yaml.Node) []*yaml.Node {
	if len(y.Content) == 0 {
		return []*yaml.Node{y}
	}
	var out []*yaml.Node
	step := 1
	if y.Kind == yaml.MappingNode {
		step = 2
	}
	for i := step - 1; i < len(y.Content); i += step {
		out = append(out, innermost(y.Content[i])...)
	}
	return out
}

// commentColumn is how far to the right comments are put below each other;
// lines that are longer have theirs right behind them.
const commentColumn = 48

func commented(text string, comments map[int]string) []byte {
	lines := strings.SplitAfter(text, "\n")
	column := 0
	for number := range comments {
		if n := width(lines[number-1]); n <= commentColumn {
			column = max(column, n)
		}
	}
	var out bytes.Buffer
	for i, line := range lines {
		comment, ok := comments[i+1]
		if !ok {
			out.WriteString(line)
			continue
		}
		gap := max(column-width(line), 0) + 2
		out.WriteString(strings.TrimSuffix(line, "\n") + strings.Repeat(" ", gap) + "# " + comment + "\n")
	}
	return out.Bytes()
}

func width(line string) int { return utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) }

// comment is where a value comes from, on one line.
func (v Value) comment() string {
	var parts []string
	if v.File != "" {
		parts = append(parts, fmt.Sprintf("%s:%d:%d", v.File, v.Line, v.Column))
	}
	for _, variable := range v.Variables {
		parts = append(parts, variable.comment())
	}
	if len(parts) == 0 {
		return "default"
	}
	return printable(strings.Join(parts, ", "))
}

func (v Variable) comment() string {
	switch v.From {
	case FromEnvironment:
		return "$" + v.Name + " from the environment"
	case FromEnvFile, FromFile:
		return fmt.Sprintf("$%s from %s:%d", v.Name, v.File, v.Line)
	case FromFlag:
		return "$" + v.Name + " from --project-name"
	case FromNowhere:
		return "$" + v.Name + " not set"
	}
	return "$" + v.Name + " default"
}

// printable keeps the name of a file from ending a comment.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}
