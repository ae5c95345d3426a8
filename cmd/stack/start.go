package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func startCommand(p *program) *cobra.Command {
	var o planner.StartOptions
	var waitTimeout int
	c := &cobra.Command{
		Use:   "start [FLAGS] [SERVICE...]",
		Short: "Start containers that stand still",
		Long: `start starts stopped containers as they are, dependencies first. It creates
none and changes none; up does.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			o.Services, o.WaitTimeout = services, time.Duration(waitTimeout)*time.Second
			project, err := p.project(c.Context(), services)
			if err != nil {
				return err
			}
			_, err = p.converge(c.Context(), stack.Start(project, o), nil)
			return err
		},
	}
	c.Flags().BoolVar(&o.Wait, "wait", false, "be done when each service is ready")
	c.Flags().IntVar(&waitTimeout, "wait-timeout", 0, "`SECONDS` that a wait may take, 0 for no limit")
	return c
}
