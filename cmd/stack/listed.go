package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
)

// newest are the containers that a command is about, as the engine lists them,
// and the project that they belong to.
func (p *program) newest(c *cobra.Command, sel stack.Selection) (stack.Project, []engine.Listing, error) {
	project, err := p.project(c.Context(), sel.Services)
	if err != nil {
		return project, nil, err
	}
	e, err := p.open(c.Context())
	if err != nil {
		return project, nil, err
	}
	list, err := stack.List(c.Context(), e, project, sel)
	return project, list, err
}

// listed are the same by their names.
func (p *program) listed(c *cobra.Command, sel stack.Selection) (stack.Project, []engine.Listing, error) {
	project, list, err := p.newest(c, sel)
	slices.SortFunc(list, func(a, b engine.Listing) int { return strings.Compare(a.Name, b.Name) })
	return project, list, err
}

// count refuses another number of arguments than from least to most.
func count(least, most int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return &UsageError{c.Name() + ": want " + want, usage(c)}
		}
		return nil
	}
}

// instants refuses values of --since and --until that the engine would not take.
func instants(c *cobra.Command) error {
	for _, flag := range []string{"since", "until"} {
		text := c.Flag(flag).Value.String()
		if docker.CheckTime(text) != nil {
			return &UsageError{fmt.Sprintf("--%s %q: want a time such as 2026-01-02T13:23:37Z, or how long ago, such as 42m", flag, text), usage(c)}
		}
	}
	return nil
}

// tableOrJSON refuses other forms. As in docker compose pretty is the table, and
// capitals do not matter.
func tableOrJSON(c *cobra.Command, format *string) error {
	switch strings.ToLower(*format) {
	case "table", "pretty", "":
		*format = "table"
	case "json":
		*format = "json"
	default:
		return &UsageError{fmt.Sprintf("--format %q: want table or json", *format), usage(c)}
	}
	return nil
}

// answerJSON writes one value, such as an array of rows.
func (p *program) answerJSON(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	p.answer(string(text) + "\n")
	return nil
}
