package main

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// intro is what docs/cli.md says before and beside the commands.
//
//go:embed testdata/cli-intro.md
var intro string

// document is docs/cli.md: the commands with their flags, and those of docker
// compose that are refused.
func document(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Written by: go test ./cmd/stack -run Docs -update -->\n%s\n", intro)
	fmt.Fprintf(&b, "## stack\n\n```\n%s\n```\n\n%s", root.Long, flags(root.Flags()))
	for _, c := range all(root) {
		if c.Name() == "help" || c.Name() == "completion" || c.HasSubCommands() {
			continue
		}
		fmt.Fprintf(&b, "## %s\n\n```\n%s\n", c.CommandPath(), c.UseLine())
		for _, alias := range c.Aliases {
			fmt.Fprintf(&b, "stack %s ...\n", alias)
		}
		fmt.Fprintf(&b, "\n%s\n```\n\n%s%s", c.Long, flags(c.Flags()), answerFields(c.CommandPath()))
	}
	return b.String()
}

// flags are two tables: what is taken, and what is refused and why. Global
// flags stand at the top of the page only.
func flags(fs *pflag.FlagSet) string {
	var taken, not strings.Builder
	fs.VisitAll(func(f *pflag.Flag) {
		if _, global := f.Annotations[globalFlag]; global || f.Name == "help" {
			return
		}
		kind, text := pflag.UnquoteUsage(f)
		var refusal *RefusedError
		switch r, ok := f.Value.(*refused); {
		case ok && errors.As(r.Set("x"), &refusal):
			fmt.Fprintf(&not, "| `%s` | %s |\n", names(f, ""), refusal.Reason)
		case f.Hidden && strings.Contains(f.Usage, "no effect"):
			fmt.Fprintf(&not, "| `%s` | %s: a warning |\n", names(f, ""), f.Usage)
		case !f.Hidden:
			fmt.Fprintf(&taken, "| `%s` | %s |\n", names(f, kind), text)
		}
	})
	return section("Flag", taken.String()) + section("Refused", not.String())
}

func section(head, rows string) string {
	if rows == "" {
		return ""
	}
	return fmt.Sprintf("| %s | |\n|---|---|\n%s\n", head, rows)
}

func names(f *pflag.Flag, kind string) string {
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	if kind != "" && f.Value.Type() != "bool" {
		name += " " + strings.ReplaceAll(kind, "|", `\|`)
	}
	return name
}
