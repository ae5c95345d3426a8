package main

import (
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/outside"
	"github.com/stackfile/stack/planner"
)

func stopCommand(p *program) *cobra.Command {
	var o planner.StopOptions
	var timeout int
	c := &cobra.Command{
		Use:   "stop [FLAGS] [SERVICE...]",
		Short: "Stop containers, and keep them",
		Long: `stop stops running containers, dependents first. start brings them back.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			o.Services, o.Timeout = services, seconds(c, "timeout", timeout)
			project, err := p.project(c.Context(), services)
			if err != nil {
				return err
			}
			if _, err = p.converge(c.Context(), stack.Stop(project, o), nil); err != nil {
				return err
			}
			return p.end(c.Context(), outside.Stop, project.Desired, services)
		},
	}
	c.Flags().IntVarP(&timeout, "timeout", "t", 0, "`SECONDS` that a container has to stop (default: its own, else 10)")
	return c
}
