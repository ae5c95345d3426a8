package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func scaleCommand(p *program) *cobra.Command {
	var noDeps bool
	c := &cobra.Command{
		Use:   "scale [FLAGS] SERVICE=REPLICAS...",
		Short: "Set how many replicas of services there are",
		Long: `scale does what up -d --scale does for the services that it names: it starts and
removes replicas, and brings these services, and what they depend on, in line with
the file. The next up without --scale goes back to what the file says.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &UsageError{"scale: want SERVICE=REPLICAS", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return p.scale(c, args, noDeps) },
	}
	c.Flags().BoolVar(&noDeps, "no-deps", false, "leave alone what the services depend on")
	return c
}

func (p *program) scale(c *cobra.Command, args []string, noDeps bool) error {
	counts, err := replicas(args)
	if err != nil {
		return err
	}
	services := slices.Sorted(maps.Keys(counts))
	desired, err := p.load(c.Context(), services)
	if err != nil {
		return err
	}
	if desired, err = p.ready(c.Context(), desired, services, !noDeps); err != nil {
		return err
	}
	options := planner.Options{Services: services, Scale: counts, NoDeps: noDeps, IgnoreOrphans: p.enabled("COMPOSE_IGNORE_ORPHANS")}
	result, err := p.converge(c.Context(), stack.Up(desired, options), nil)
	if err != nil || p.globals.dryRun {
		return err
	}
	return p.summarize(c.Context(), stack.Project{Name: desired.Name, Desired: desired}, result)
}

// replicas reads SERVICE=N, as scales does, and names what is wrong as an
// argument.
func replicas(args []string) (map[string]int, error) {
	for _, arg := range args {
		if _, err := scales([]string{arg}); err != nil {
			return nil, &UsageError{fmt.Sprintf("scale %q: want SERVICE=REPLICAS", arg), ""}
		}
	}
	return scales(args)
}
