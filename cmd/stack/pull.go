package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func pullCommand(p *program) *cobra.Command {
	var o planner.ImageOptions
	var quiet, ignoreFailures bool
	c := &cobra.Command{
		Use:   "pull [FLAGS] [SERVICE...]",
		Short: "Pull the images of services",
		Long: `pull brings images from their registries, in parallel. It starts nothing; up
replaces the containers whose image has changed.`,
		RunE: func(c *cobra.Command, services []string) error {
			if o.Policy != "" && o.Policy != "missing" && o.Policy != "always" {
				return &UsageError{fmt.Sprintf("--policy %q: want missing or always", o.Policy), usage(c)}
			}
			o.Services = services
			desired, err := p.load(c.Context(), services)
			if err != nil {
				return err
			}
			_, err = p.converge(c.Context(), stack.Pull(desired, o), quieter(quiet, false))
			if ignoreFailures {
				return p.forgive(err)
			}
			return err
		},
	}
	fs := c.Flags()
	fs.BoolVar(&o.IgnoreBuildable, "ignore-buildable", false, "leave out images that can be built")
	fs.BoolVar(&ignoreFailures, "ignore-pull-failures", false, "warn about images that cannot be pulled")
	fs.BoolVar(&o.WithDependencies, "include-deps", false, "pull for what the services depend on too")
	fs.StringVar(&o.Policy, "policy", "", "`WHICH` images to pull: missing or always (default always)")
	fs.BoolVarP(&quiet, "quiet", "q", false, "show no progress")
	useless(p, fs, "no-parallel")
	useless(p, fs, "parallel")
	return c
}

// forgive makes failed actions warnings. An interruption stays what it is.
func (p *program) forgive(err error) error {
	var apply *stack.ApplyError
	if !errors.As(err, &apply) || errors.Is(err, context.Canceled) {
		return err
	}
	for _, f := range stack.Failures(apply, nil) {
		p.say("warning", f.Error)
	}
	return nil
}
