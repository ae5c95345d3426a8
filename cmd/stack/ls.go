package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// lsRow is a project, under docker compose's names.
type lsRow struct {
	Name        string
	Status      string
	ConfigFiles string
}

// lsFlags are those of ls.
type lsFlags struct {
	all, quiet bool
	format     string
	filters    []string
}

func lsCommand(p *program) *cobra.Command {
	var f lsFlags
	c := &cobra.Command{
		Use:   "ls [FLAGS]",
		Short: "List the projects of the engine",
		Long: `ls lists the projects that have running containers, with --all the others too,
with how many of their containers are how, and the files that they were made
from. It reads no file.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := tableOrJSON(c, &f.format); err != nil {
				return err
			}
			return p.ls(c, f)
		},
	}
	fs := c.Flags()
	fs.BoolVarP(&f.all, "all", "a", false, "projects of which nothing runs too, and all containers of each")
	fs.StringArrayVar(&f.filters, "filter", nil, "only projects for which `name=PATTERN` holds, a regular expression; several: any")
	fs.StringVar(&f.format, "format", "table", "`FORM` of the list: table, or json, which is one array")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "names only")
	return c
}

func (p *program) ls(c *cobra.Command, f lsFlags) error {
	matches, err := f.matcher(c)
	if err != nil {
		return err
	}
	e, err := p.open(c.Context())
	if err != nil {
		return err
	}
	found, err := stack.Projects(c.Context(), e, f.all)
	if err != nil {
		return err
	}
	rows := []lsRow{}
	for _, project := range found {
		if matches(project.Name) {
			rows = append(rows, lsRow{project.Name, statuses(project.Statuses), strings.Join(project.Files, ",")})
		}
	}
	return p.answerProjects(f, rows)
}

func (p *program) answerProjects(f lsFlags, rows []lsRow) error {
	if f.format == "json" && !f.quiet {
		return p.answerJSON(rows)
	}
	var names strings.Builder
	table := [][]string{{"NAME", "STATUS", "CONFIG FILES"}}
	for _, r := range rows {
		names.WriteString(r.Name + "\n")
		table = append(table, []string{r.Name, r.Status, r.ConfigFiles})
	}
	if f.quiet {
		p.answer(names.String())
		return nil
	}
	p.answer(section20(table))
	return nil
}

// matcher reports whether a project is one of those that are wanted.
func (f lsFlags) matcher(c *cobra.Command) (func(name string) bool, error) {
	var patterns []*regexp.Regexp
	for _, filter := range f.filters {
		key, value, _ := strings.Cut(filter, "=")
		pattern, err := regexp.Compile(value)
		if key != "name" || err != nil {
			return nil, &UsageError{fmt.Sprintf("--filter %q: want name=PATTERN, a regular expression", filter), usage(c)}
		}
		patterns = append(patterns, pattern)
	}
	return func(name string) bool {
		return len(patterns) == 0 || slices.ContainsFunc(patterns, func(r *regexp.Regexp) bool { return r.MatchString(name) })
	}, nil
}

// statuses are as docker compose prints them: exited(1), running(4).
func statuses(counts map[engine.Status]int) string {
	var out []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s(%d)", status, counts[status]))
	}
	return strings.Join(out, ", ")
}
