package main

import (
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
)

func pauseCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "pause [FLAGS] [SERVICE...]",
		Short: "Freeze running containers where they are",
		Long: `pause freezes the programs of running containers. unpause, and up, let them go
on. Those that are paused already are left alone.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			goal := func(project stack.Project) stack.Goal { return stack.Paused(project, services) }
			return p.act(c, services, goal, "no container to pause")
		},
	}
}

func unpauseCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "unpause [FLAGS] [SERVICE...]",
		Short: "Let paused containers go on",
		Long: `unpause lets the programs of paused containers go on. Those that run are left
alone.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			goal := func(project stack.Project) stack.Goal { return stack.Unpaused(project, services) }
			return p.act(c, services, goal, "no container to unpause")
		},
	}
}
