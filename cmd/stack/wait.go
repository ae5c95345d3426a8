package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
)

func waitCommand(p *program) *cobra.Command {
	var down bool
	c := &cobra.Command{
		Use:   "wait [FLAGS] SERVICE [SERVICE...]",
		Short: "Wait until the running containers of services have ended",
		Long: `wait returns when all containers of the services that run now have ended. It
prints of each its ID and exit code when it ends.

With -p NAME no file is needed.

EXIT STATUS
  The exit code of the container that ended last; 1 when none runs.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &UsageError{"wait: want a service", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, services []string) error { return p.wait(c, services, down) },
	}
	c.Flags().BoolVar(&down, "down-project", false, "take the project down when they have ended")
	return c
}

func (p *program) wait(c *cobra.Command, services []string, down bool) error {
	project, err := p.project(c.Context(), services)
	if err != nil {
		return err
	}
	e, err := p.open(c.Context())
	if err != nil {
		return err
	}
	last := 0
	if !p.globals.dryRun {
		err = stack.Wait(c.Context(), e, project, services, func(ended engine.Container, code int) {
			p.answer(fmt.Sprintf("container %q exited with status code %d\n", ended.ID, code))
			last = code
		})
	}
	if err == nil && down {
		_, err = p.converge(c.Context(), stack.Down(project, planner.DownOptions{}), nil)
	}
	if err == nil && last != 0 {
		return statusError(last)
	}
	return err
}
