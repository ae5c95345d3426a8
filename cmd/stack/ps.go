package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// psFlags are those of ps.
type psFlags struct {
	all, quiet, services, noTrunc, orphans bool
	format, filter                         string
	statuses                               []string
}

func psCommand(p *program) *cobra.Command {
	var f psFlags
	c := &cobra.Command{
		Use:   "ps [FLAGS] [SERVICE...]",
		Short: "List containers",
		Long: `ps lists the project's running containers, with --all the others too,
and those that run has made. --status and --filter choose among all.

--format takes table, json (one object a line), raw, a Go template such as
'{{.Name}} {{.State}}', or 'table TEMPLATE' with a heading. The fields are those
of docker compose: ID Name Names Service Project Image Command State Status
Health ExitCode CreatedAt RunningFor Ports Publishers Networks Mounts
LocalVolumes Labels Size; {{.Label "NAME"}} is the value of one label.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error { return p.ps(c, f, services) },
	}
	fs := c.Flags()
	fs.BoolVarP(&f.all, "all", "a", false, "stopped containers too, and those that run has made")
	fs.StringVar(&f.format, "format", "table", "`FORM` of the list: table, json or a template")
	fs.StringVar(&f.filter, "filter", "", "only those for which `status=STATUS` holds")
	fs.StringArrayVar(&f.statuses, "status", nil, "only those with this `STATUS`: created, running, paused, restarting, exited, removing or dead")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "IDs only")
	fs.BoolVar(&f.services, "services", false, "names of services only")
	fs.BoolVar(&f.noTrunc, "no-trunc", false, "do not shorten")
	fs.BoolVar(&f.orphans, "orphans", true, "containers of services that are not in the file too")
	return c
}

func (p *program) ps(c *cobra.Command, f psFlags, services []string) error {
	statuses, err := f.wanted(c)
	if err != nil {
		return err
	}
	oneOff := f.all || len(statuses) > 0
	project, list, err := p.listed(c, stack.Selection{Services: services, OneOff: oneOff})
	if err != nil {
		return err
	}
	if len(statuses) == 0 && !f.all {
		statuses = alive
	}
	list = slices.DeleteFunc(list, func(c engine.Listing) bool {
		return len(statuses) > 0 && !slices.Contains(statuses, c.Status) || !f.orphans && !active(project, c.Service)
	})
	text, err := f.render(project, list, p)
	if err != nil {
		return &UsageError{fmt.Sprintf("--format %q: %v", f.format, err), usage(c)}
	}
	p.answer(text)
	return nil
}

// active reports whether the service is one of the file, and of an active
// profile. Without a file each is.
func active(project stack.Project, service string) bool {
	return project.Desired == nil || project.Desired.Declares(service) && !slices.Contains(project.Desired.Inactive, service)
}

// alive are the statuses that are listed when none is named.
var alive = []engine.Status{engine.StatusRunning, engine.StatusPaused, engine.StatusRestarting}

var allStatuses = []engine.Status{
	engine.StatusCreated, engine.StatusRunning, engine.StatusPaused, engine.StatusRestarting,
	engine.StatusExited, engine.StatusRemoving, engine.StatusDead,
}

// wanted are the statuses that flags name.
func (f psFlags) wanted(c *cobra.Command) ([]engine.Status, error) {
	names := slices.Clone(f.statuses)
	if f.filter != "" {
		key, value, _ := strings.Cut(f.filter, "=")
		if key != "status" {
			return nil, &UsageError{fmt.Sprintf("--filter %q: want status=STATUS", f.filter), usage(c)}
		}
		names = append(names, value)
	}
	var out []engine.Status
	for _, name := range names {
		status := engine.Status(strings.ToLower(name))
		if !slices.Contains(allStatuses, status) {
			return nil, &UsageError{fmt.Sprintf("status %q: want one of %s", name, join(allStatuses)), usage(c)}
		}
		out = append(out, status)
	}
	return out, nil
}

func join(statuses []engine.Status) string {
	var names []string
	for _, s := range statuses {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func (f psFlags) render(project stack.Project, list []engine.Listing, p *program) (string, error) {
	if f.quiet || f.services {
		return f.names(list), nil
	}
	rows := make([]psRow, len(list))
	for i, c := range list {
		rows[i] = newPSRow(project.Name, c, p.Now(), f.noTrunc)
	}
	return format(f.format, psColumns, rows)
}

// names are IDs, or names of services, each once.
func (f psFlags) names(list []engine.Listing) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, c := range list {
		name := c.ID
		if f.services {
			name = c.Service
		}
		if !seen[name] {
			seen[name] = true
			b.WriteString(name + "\n")
		}
	}
	return b.String()
}
