package main

import (
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func pushCommand(p *program) *cobra.Command {
	var o planner.ImageOptions
	var quiet, ignoreFailures bool
	c := &cobra.Command{
		Use:   "push [FLAGS] [SERVICE...]",
		Short: "Push the images that services build",
		Long: `push brings the images of services that have a build section, and an image with
a registry's name, to their registries, in parallel, with build.tags too. Others
are left out. It builds nothing: build does, and build --push does both.`,
		RunE: func(c *cobra.Command, services []string) error {
			o.Services = services
			desired, err := p.load(c.Context(), services)
			if err != nil {
				return err
			}
			_, err = p.converge(c.Context(), stack.Push(desired, o), hidden(quiet, "PushImage"))
			if ignoreFailures {
				return p.forgive(err)
			}
			return err
		},
	}
	fs := c.Flags()
	fs.BoolVar(&ignoreFailures, "ignore-push-failures", false, "warn about images that cannot be pushed")
	fs.BoolVar(&o.WithDependencies, "include-deps", false, "push for what the services depend on too")
	fs.BoolVarP(&quiet, "quiet", "q", false, "show no progress")
	return c
}

// hidden leaves one kind of operation out of the progress.
func hidden(yes bool, wanted string) func(kind string) bool {
	return func(kind string) bool { return yes && kind == wanted }
}
