package main

import (
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
)

func createCommand(p *program) *cobra.Command {
	var f planFlags
	var quietPull, assume bool
	c := &cobra.Command{
		Use:   "create [FLAGS] [SERVICE...]",
		Short: "Create containers, networks and volumes, and start nothing",
		Long:  "create does what up --no-start does.",
		RunE: func(c *cobra.Command, services []string) error {
			options, err := f.read(p, c, services)
			if err != nil {
				return err
			}
			desired, err := p.load(c.Context(), services)
			if err != nil {
				return err
			}
			if desired, err = p.ready(c.Context(), desired, services, true); err != nil {
				return err
			}
			options.NoStart = true
			_, err = p.converge(c.Context(), stack.Up(desired, options), quieter(quietPull, false))
			return err
		},
	}
	f.add(p, c.Flags())
	c.Flags().BoolVar(&quietPull, "quiet-pull", false, "show no progress of pulls")
	c.Flags().BoolVarP(&assume, "yes", "y", false, "answer each question with yes; create asks none")
	return c
}
