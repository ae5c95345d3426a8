package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func commitCommand(p *program) *cobra.Command {
	var o planner.CommitOptions
	var pause bool
	c := &cobra.Command{
		Use:   "commit [FLAGS] SERVICE [REPOSITORY[:TAG]]",
		Short: "Make an image of a service's container as it is",
		Long: `commit makes an image of what a container has changed in its image. Volumes are
not part of it. It prints nothing; the progress says the image's ID.

With -p NAME no file is needed.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return &UsageError{"commit: want a service, and perhaps the image's name", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.Service, o.Image, o.Running = args[0], strings.Join(args[1:], ""), !pause
			project, err := p.project(c.Context(), args[:1])
			if err != nil {
				return err
			}
			result, err := p.converge(c.Context(), stack.Commit(project, o), nil)
			if err != nil {
				return err
			}
			for _, outcome := range result.Outcomes {
				p.say("note", "committed as "+outcome.ImageID)
			}
			return nil
		},
	}
	fs := c.Flags()
	fs.StringVarP(&o.Author, "author", "a", "", "`AUTHOR` of the image, such as \"Ada <ada@example.com>\"")
	fs.StringArrayVarP(&o.Changes, "change", "c", nil, "`INSTRUCTION` of a Dockerfile to apply, such as \"ENV A=1\"")
	fs.IntVar(&o.Index, "index", 0, "the replica with number `N`")
	fs.StringVarP(&o.Message, "message", "m", "", "`TEXT` that goes with the image")
	fs.BoolVarP(&pause, "pause", "p", true, "pause the container meanwhile")
	return c
}
