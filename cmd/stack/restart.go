package main

import (
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func restartCommand(p *program) *cobra.Command {
	var o planner.StopOptions
	var timeout int
	c := &cobra.Command{
		Use:   "restart [FLAGS] [SERVICE...]",
		Short: "Stop containers and start them again, as they are",
		Long: `restart stops and starts containers. It does not look at what has changed in the
file; up does.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			o.Services, o.Timeout = services, seconds(c, "timeout", timeout)
			return p.act(c, services, func(project stack.Project) stack.Goal { return stack.Restart(project, o) }, "no container to restart")
		},
	}
	c.Flags().BoolVar(&o.NoDeps, "no-deps", false, "leave alone what depends on the services with restart: true")
	c.Flags().IntVarP(&timeout, "timeout", "t", 0, "`SECONDS` that a container has to stop (default: its own, else 10)")
	return c
}
