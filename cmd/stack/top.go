package main

import (
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

func topCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "top [FLAGS] [SERVICE...]",
		Short: "List the processes of running containers",
		Long: `top lists what runs in the containers, those that run has made too: service,
number of the replica, and the columns of the engine's ps.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error { return p.top(c, services) },
	}
}

func (p *program) top(c *cobra.Command, services []string) error {
	_, list, err := p.listed(c, stack.Selection{Services: services, OneOff: true})
	if err != nil {
		return err
	}
	var t processTable
	for _, container := range list {
		if container.Status != engine.StatusRunning && container.Status != engine.StatusPaused {
			continue
		}
		found, err := p.engine.Processes(c.Context(), container.ID)
		if err != nil {
			return err
		}
		t.add(container, found)
	}
	p.answer(t.String())
	return nil
}

// processTable joins the tables of several containers, whose columns may
// differ: an image of another system has another ps.
type processTable struct {
	titles []string
	rows   []map[string]string
}

func (t *processTable) add(c engine.Listing, found engine.ProcessTable) {
	number := ""
	if c.Number > 0 {
		number = strconv.Itoa(c.Number)
	}
	for _, cells := range found.Rows {
		row := map[string]string{"SERVICE": c.Service, "#": number}
		for i, title := range found.Titles {
			if !slices.Contains(t.titles, title) {
				t.titles = append(t.titles, title)
			}
			if i < len(cells) {
				row[title] = cells[i]
			}
		}
		t.rows = append(t.rows, row)
	}
}

// String has the command at the right, where it may be as long as it is; ""
// where nothing runs.
func (t *processTable) String() string {
	if len(t.rows) == 0 {
		return ""
	}
	titles := append([]string{"SERVICE", "#"}, t.titles...)
	if i := slices.Index(titles, "CMD"); i >= 0 {
		titles = append(slices.Delete(titles, i, i+1), "CMD")
	}
	lines := []string{strings.Join(titles, "\t")}
	for _, row := range t.rows {
		cells := make([]string, len(titles))
		for i, title := range titles {
			value, ok := row[title]
			if !ok {
				value = "-"
			}
			cells[i] = value
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	return tabbed(lines, 4, 2)
}

// tabbed puts tab-separated lines in columns of at least a width, so far apart.
func tabbed(lines []string, width, apart int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, width, 1, apart, ' ', 0)
	_, _ = w.Write([]byte(strings.Join(lines, "\n") + "\n")) // into a builder
	_ = w.Flush()
	return b.String()
}

// section20 is a table with the wide columns that docker compose gives some of
// its lists.
func section20(rows [][]string) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.Join(row, "\t")
	}
	return tabbed(lines, 20, 3)
}
