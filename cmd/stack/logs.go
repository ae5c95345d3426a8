package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

func logsCommand(p *program) *cobra.Command {
	var o engine.LogOptions
	var sel stack.Selection
	var lines lineFlags
	c := &cobra.Command{
		Use:   "logs [FLAGS] [SERVICE...]",
		Short: "Print what containers have written",
		Long: `logs prints the output of containers, in the order in which it was written over
all of them. With --follow it goes on with what comes, from containers that
start later too, until none runs. What a program writes to its standard error is
in standard output too.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			sel.Services, o.Timestamps = services, lines.timestamps
			return p.logs(c, sel, o, lines)
		},
	}
	fs := c.Flags()
	fs.BoolVarP(&o.Follow, "follow", "f", false, "go on with what comes")
	fs.StringVarP(&o.Tail, "tail", "n", "all", "only the last `N` lines of each container")
	fs.StringVar(&o.Since, "since", "", "only from this `TIME` on: 2026-01-02T13:23:37Z, or 42m ago")
	fs.StringVar(&o.Until, "until", "", "only up to this `TIME`")
	fs.BoolVarP(&lines.timestamps, "timestamps", "t", false, "show when each line was written")
	fs.IntVar(&sel.Index, "index", 0, "only of the replica with number `N`")
	lines.add(fs)
	return c
}

func (p *program) logs(c *cobra.Command, sel stack.Selection, o engine.LogOptions, lines lineFlags) error {
	if err := checkLogs(c, sel, o); err != nil {
		return err
	}
	project, err := p.project(c.Context(), sel.Services)
	if err != nil {
		return err
	}
	e, err := p.open(c.Context())
	if err != nil {
		return err
	}
	if active, ok := project.Active(); ok && len(sel.Services) == 0 {
		if sel.Services = active; len(active) == 0 {
			return nil
		}
	}
	printer := p.printer(project.Name, lines)
	known, err := stack.Containers(c.Context(), e, project, sel)
	if err != nil {
		return err
	}
	for _, container := range known {
		printer.expect(container.Name, container.Service)
	}
	if sel.Index > 0 && len(known) == 0 {
		return &stack.NotRunningError{Service: sel.Services[0], Index: sel.Index}
	}
	return stack.Logs(c.Context(), e, project, sel, o, func(l stack.Line) {
		l.Stderr = false // the log is the answer, whichever way the program wrote it
		printer.line(l)
	})
}

// checkLogs refuses what the engine would take for something else.
func checkLogs(c *cobra.Command, sel stack.Selection, o engine.LogOptions) error {
	if sel.Index > 0 && len(sel.Services) != 1 {
		return &UsageError{"--index: want one service with it", usage(c)}
	}
	if err := instants(c); err != nil {
		return err
	}
	if n, err := strconv.Atoi(o.Tail); o.Tail != "all" && (err != nil || n < -1) {
		return &UsageError{fmt.Sprintf("--tail %q: want a number, or all", o.Tail), usage(c)}
	}
	return nil
}
