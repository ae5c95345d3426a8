package outside

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stackfile/stack/spec"
)

// metadata is what a provider's program says of itself, in docker compose's
// words. The zero value is that of a program which says nothing: it is handed all
// options, and wants to know nothing of a stop.
type metadata struct {
	Description string
	Up, Down    parameters
	Stop        *parameters
}

type parameters struct {
	Parameters []struct {
		Name     string
		Required bool
	}
}

// ask runs a program for its metadata. One that has none ends with an error, or
// with something else.
func (o Options) ask(ctx context.Context, program string) metadata {
	out, err := o.command(ctx, program, "compose", "metadata").Output()
	var m metadata
	if err != nil || json.Unmarshal(out, &m) != nil {
		return metadata{}
	}
	return m
}

func (m metadata) silent() bool {
	return m.Description == "" && m.Up.Parameters == nil && m.Down.Parameters == nil
}

func (m metadata) of(verb string) parameters {
	switch {
	case verb == "up":
		return m.Up
	case verb == "down":
		return m.Down
	case m.Stop != nil:
		return *m.Stop
	}
	return parameters{}
}

// options are a provider's, as flags of the program for a verb: those that it
// knows there.
func (m metadata) options(verb string, p spec.Provider) (flags []string) {
	for _, key := range slices.Sorted(maps.Keys(p.Options)) {
		if !m.silent() && !m.of(verb).has(key) {
			continue
		}
		for _, value := range p.Options[key] {
			flags = append(flags, "--"+key+"="+value)
		}
	}
	return flags
}

func (ps parameters) has(name string) bool {
	for _, p := range ps.Parameters {
		if p.Name == name {
			return true
		}
	}
	return false
}

// lacking are findings of the options that the program wants for a verb, and the
// file does not have.
func (m metadata) lacking(verb string, p spec.Provider) (out []spec.Finding) {
	for _, wanted := range m.of(verb).Parameters {
		if _, given := p.Options[wanted.Name]; wanted.Required && !given {
			text := fmt.Sprintf("%s wants the option %q", p.Type, wanted.Name)
			out = append(out, finding(p.At, "services."+p.Name+".provider", text, "set it below options"))
		}
	}
	return out
}

func finding(at spec.Position, field, message, hint string) spec.Finding {
	return spec.Finding{File: at.File, Line: at.Line, Column: at.Column, Field: field, Message: message, Hint: hint}
}
