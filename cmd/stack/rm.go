package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

func rmCommand(p *program) *cobra.Command {
	var o planner.StopOptions
	var force bool
	c := &cobra.Command{
		Use:   "rm [FLAGS] [SERVICE...]",
		Short: "Remove stopped containers",
		Long: `rm removes containers that do not run, after asking. Networks and named volumes
stay; down removes networks too.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			o.Services = services
			project, err := p.project(c.Context(), services)
			if err != nil {
				return err
			}
			goal := stack.Remove(project, o)
			if !force && !p.globals.dryRun {
				if ok, err := p.confirmRemoval(c.Context(), goal); !ok || err != nil {
					return err
				}
			}
			_, err = p.converge(c.Context(), goal, nil)
			return err
		},
	}
	fs := c.Flags()
	fs.BoolVarP(&force, "force", "f", false, "do not ask")
	fs.BoolVarP(&o.Stop, "stop", "s", false, "stop running containers first")
	fs.BoolVarP(&o.Volumes, "volumes", "v", false, "remove their anonymous volumes too")
	uselessP(p, fs, "all", "a")
	return c
}

// confirmRemoval names the containers and asks. Without any it says so and the
// answer is no.
func (p *program) confirmRemoval(ctx context.Context, goal stack.Goal) (bool, error) {
	made, err := p.plan(ctx, goal)
	if err != nil {
		return false, err
	}
	var names []string
	for _, change := range made.Changes() {
		if change.Verb == plan.Remove {
			names = append(names, change.Name)
		}
	}
	if len(names) == 0 {
		p.say("note", "no stopped containers")
		return false, nil
	}
	return p.confirm(fmt.Sprintf("Going to remove %s\nAre you sure? [yN] ", strings.Join(names, ", "))), nil
}

// confirm asks on standard error. The end of the input is no.
func (p *program) confirm(question string) bool {
	_, _ = fmt.Fprint(p.Stderr, question)
	if p.answers == nil {
		p.answers = bufio.NewReader(p.Stdin) // one for all questions: it reads ahead
	}
	line, _ := p.answers.ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	return false
}
