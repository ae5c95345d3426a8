package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/outside"
	"github.com/stackfile/stack/planner"
)

func downCommand(p *program) *cobra.Command {
	var o planner.DownOptions
	var timeout int
	c := &cobra.Command{
		Use:   "down [FLAGS] [SERVICE...]",
		Short: "Stop and remove containers and networks",
		Long: `down stops and removes the project's containers, dependents first, and then its
networks. Volumes stay, unless --volumes is given. With services named, only
their containers go.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			if o.Images != "" && o.Images != "local" && o.Images != "all" {
				return &UsageError{fmt.Sprintf("--rmi %q: want local or all", o.Images), usage(c)}
			}
			o.Services, o.StopTimeout = services, seconds(c, "timeout", timeout)
			o.IgnoreOrphans = p.enabled("COMPOSE_IGNORE_ORPHANS")
			project, err := p.project(c.Context(), services)
			if err != nil {
				return err
			}
			if _, err = p.converge(c.Context(), stack.Down(project, o), nil); err != nil {
				return err
			}
			return p.end(c.Context(), outside.Down, project.Desired, services)
		},
	}
	fs := c.Flags()
	refuse(fs, "out", "string", "a plan is saved by stack plan --out; down --dry-run prints what down would do")
	fs.BoolVarP(&o.Volumes, "volumes", "v", false, "remove the project's volumes and what is in them")
	fs.StringVar(&o.Images, "rmi", "", "remove `WHICH` images: local (those built by the stack) or all")
	fs.BoolVar(&o.RemoveOrphans, "remove-orphans", p.enabled("COMPOSE_REMOVE_ORPHANS"), "remove containers of services that are not in the file")
	fs.IntVarP(&timeout, "timeout", "t", 0, "`SECONDS` that a container has to stop (default: its own, else 10)")
	return c
}
