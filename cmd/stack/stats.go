package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// statsRow is what a container uses, under docker's names.
type statsRow struct {
	BlockIO   string
	CPUPerc   string
	Container string
	ID        string
	MemPerc   string
	MemUsage  string
	Name      string
	NetIO     string
	PIDs      string
}

var statsColumns = columns{
	table: "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
	heads: map[string]string{
		"ID": "CONTAINER ID", "CPUPerc": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %",
		"NetIO": "NET I/O", "BlockIO": "BLOCK I/O", "PIDs": "PIDS",
	},
}

func newStatsRow(m stack.Measurement, noTrunc bool) statsRow {
	row := statsRow{
		Container: m.Container.ID, ID: m.Container.ID, Name: m.Container.Name, PIDs: fmt.Sprint(m.Processes),
		CPUPerc: fmt.Sprintf("%.2f%%", m.CPU), MemPerc: "0.00%",
		MemUsage: units.BytesSize(float64(m.Memory)) + " / " + units.BytesSize(float64(m.MemoryLimit)),
		NetIO:    pairOf(m.Received, m.Sent), BlockIO: pairOf(m.Read, m.Written),
	}
	if m.MemoryLimit > 0 {
		row.MemPerc = fmt.Sprintf("%.2f%%", float64(m.Memory)/float64(m.MemoryLimit)*100)
	}
	if !noTrunc {
		row.ID = ellipsis(row.ID, 12, "")
	}
	return row
}

func pairOf(in, out uint64) string {
	return units.HumanSizeWithPrecision(float64(in), 3) + " / " + units.HumanSizeWithPrecision(float64(out), 3)
}

// statsFlags are those of stats.
type statsFlags struct {
	all, once, noTrunc bool
	format             string
}

func statsCommand(p *program) *cobra.Command {
	var f statsFlags
	c := &cobra.Command{
		Use:   "stats [FLAGS] [SERVICE]",
		Short: "Show what containers use",
		Long: `stats measures the processor, memory, network and disk use of the project's
running containers, those that run has made too, until it is interrupted: in a
terminal as a table that is kept current, else as one table or one set of lines
after the other. --no-stream measures once.

--format takes table, json (one object a line), a Go template, or 'table
TEMPLATE' with a heading. With -p NAME no file is needed.`,
		Args: count(0, 1, "at most one service"),
		RunE: func(c *cobra.Command, services []string) error { return p.stats(c, f, services) },
	}
	fs := c.Flags()
	fs.BoolVarP(&f.all, "all", "a", false, "stopped containers too")
	fs.StringVar(&f.format, "format", "table", "`FORM` of the list: table, json or a template")
	fs.BoolVar(&f.once, "no-stream", false, "measure once")
	fs.BoolVar(&f.noTrunc, "no-trunc", false, "do not shorten")
	return c
}

func (p *program) stats(c *cobra.Command, f statsFlags, services []string) error {
	live := !f.once && terminal(p.Stdout) && p.ansi() != "never" && p.Env["TERM"] != "dumb"
	if live {
		p.answer("\x1b[2J")
	}
	for {
		text, err := p.measured(c, f, services)
		if err != nil {
			return err
		}
		if live {
			text = redrawn(text)
		}
		p.answer(text)
		if f.once {
			return nil
		}
		if err := c.Context().Err(); err != nil {
			return err
		}
	}
}

// measured is one table. Measuring takes as long as the engine needs to tell a
// processor's share: that is the pace of a table that is kept current.
func (p *program) measured(c *cobra.Command, f statsFlags, services []string) (string, error) {
	_, list, err := p.newest(c, stack.Selection{Services: services, OneOff: true})
	if err != nil {
		return "", err
	}
	list = slices.DeleteFunc(list, func(l engine.Listing) bool { return !f.all && !stack.Runs(l.Container) })
	measured, err := stack.Measure(c.Context(), p.engine, list)
	if err != nil {
		return "", err
	}
	rows := make([]statsRow, len(measured))
	for i, m := range measured {
		rows[i] = newStatsRow(m, f.noTrunc)
	}
	text, err := format(f.format, statsColumns, rows)
	if err != nil {
		return "", &UsageError{fmt.Sprintf("--format %q: %v", f.format, err), usage(c)}
	}
	return text, nil
}

// redrawn writes a table over the one before it, from the top of the terminal.
func redrawn(text string) string {
	return "\x1b[H" + strings.ReplaceAll(text, "\n", "\x1b[K\n") + "\x1b[J"
}
