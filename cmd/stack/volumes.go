package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// volumeRow is a volume, under docker's names. What only a swarm knows, and what
// takes long to find out, is N/A there too.
type volumeRow struct {
	Availability string
	Driver       string
	Group        string
	Labels       string
	Links        string
	Mountpoint   string
	Name         string
	Scope        string
	Size         string
	Status       string
	labelled
}

var volumeColumns = columns{
	table: "{{.Driver}}\t{{.Name}}", heads: map[string]string{"Name": "VOLUME NAME"},
	raw: "name: {{.Name}}\ndriver: {{.Driver}}\n",
}

func newVolumeRow(v engine.VolumeListing) volumeRow {
	const none = "N/A"
	return volumeRow{
		Availability: none, Group: none, Links: none, Size: none, Status: none,
		Driver: v.Driver, Labels: labels(v.Labels), Mountpoint: v.Mountpoint, Name: v.Name, Scope: v.Scope, labelled: labelled{v.Labels},
	}
}

func volumesCommand(p *program) *cobra.Command {
	var quiet bool
	var form string
	c := &cobra.Command{
		Use:   "volumes [FLAGS] [SERVICE...]",
		Short: "List the project's volumes",
		Long: `volumes lists the volumes that the project has made; given services, those that
their containers use. Those that keep generations are left out.

--format takes table, json (one object a line), raw, a Go template, or 'table
TEMPLATE' with a heading. With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error { return p.volumes(c, services, quiet, form) },
	}
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "names only")
	c.Flags().StringVar(&form, "format", "table", "`FORM` of the list: table, json or a template")
	return c
}

func (p *program) volumes(c *cobra.Command, services []string, quiet bool, form string) error {
	project, err := p.project(c.Context(), services)
	if err != nil {
		return err
	}
	e, err := p.open(c.Context())
	if err != nil {
		return err
	}
	found, err := stack.Volumes(c.Context(), e, project, services)
	if err != nil {
		return err
	}
	rows := make([]volumeRow, len(found))
	for i, v := range found {
		rows[i] = newVolumeRow(v)
	}
	if quiet {
		form = "{{.Name}}"
	}
	text, err := format(form, volumeColumns, rows)
	if err != nil {
		return &UsageError{fmt.Sprintf("--format %q: %v", form, err), usage(c)}
	}
	p.answer(text)
	return nil
}
