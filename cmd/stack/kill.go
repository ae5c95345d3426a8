package main

import (
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func killCommand(p *program) *cobra.Command {
	var o planner.KillOptions
	c := &cobra.Command{
		Use:   "kill [FLAGS] [SERVICE...]",
		Short: "Send a signal to containers, SIGKILL if none is named",
		Long: `kill sends a signal to running containers, to all at once, without the hooks and
the patience of stop. The next up starts again what has ended.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			o.Services = services
			return p.act(c, services, func(project stack.Project) stack.Goal { return stack.Kill(project, o) }, "no container to kill")
		},
	}
	c.Flags().StringVarP(&o.Signal, "signal", "s", "SIGKILL", "`SIGNAL` to send, by name or number")
	c.Flags().BoolVar(&o.RemoveOrphans, "remove-orphans", p.enabled("COMPOSE_REMOVE_ORPHANS"), "containers of services that are not in the file too; none is removed")
	return c
}

// act reaches a goal of the project, and says when there was nothing to do.
func (p *program) act(c *cobra.Command, services []string, goal func(stack.Project) stack.Goal, idle string) error {
	project, err := p.project(c.Context(), services)
	if err != nil {
		return err
	}
	result, err := p.converge(c.Context(), goal(project), nil)
	if err == nil && result.Plan != nil && result.Plan.Empty() {
		p.say("note", idle)
	}
	return err
}
