package main

import (
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/plan"
)

// planRun is what the flags of one plan ask for.
type planRun struct {
	up               upFlags
	asJSON, exitCode bool
	out              string
}

func planCommand(p *program) *cobra.Command {
	var f planRun
	c := &cobra.Command{
		Use:     "plan [FLAGS] [SERVICE...]",
		Aliases: []string{"diff"},
		Short:   "Say what up would do, and why",
		Long:    planHelp,
		RunE:    func(c *cobra.Command, services []string) error { return p.runPlan(c, &f, services) },
	}
	f.up.plan.add(p, c.Flags())
	f.up.plan.addUp(c.Flags())
	f.up.addHidden(c.Flags())
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the plan as JSON")
	c.Flags().StringVar(&f.out, "out", "", "save the plan in `FILE`, for up --plan")
	c.Flags().BoolVar(&f.exitCode, "exit-code", false, "exit with 2 when there are changes")
	return c
}

const planHelp = `plan prints what up would do with the same flags, service by service, each
change with its reasons down to the field of the file, what it does to what is
there, and what is unavailable meanwhile. It changes nothing. docs/plan.md
explains it, docs/plan.schema.json describes the JSON.

A change that hangs on an image to be built or pulled says so: "replace
container web-1, if the image changes".

With --out the plan is saved as well, for stack up --plan FILE, which carries out
exactly that plan, or refuses when something has moved since. The file holds the
values that this takes, secret ones too; only its owner can read it.

plan takes each flag of up but --plan. Those that only say what up shows, and how
it ends, have no effect.

EXIT STATUS
  0  there is nothing to do; without --exit-code, there is a plan
  1  no plan could be made
  2  with --exit-code: there are changes`

func (p *program) runPlan(c *cobra.Command, f *planRun, services []string) error {
	if err := f.check(p, c); err != nil {
		return err
	}
	options, err := f.up.plan.read(p, c, services)
	if err != nil {
		return err
	}
	desired, err := p.loadForPlan(c.Context(), services)
	if err != nil {
		return err
	}
	if desired, err = p.ready(c.Context(), desired, services, false); err != nil {
		return err
	}
	var made *plan.Plan
	if c.Flags().Changed("out") {
		made, err = p.savePlan(c.Context(), desired, options, f.out)
	} else {
		made, err = p.plan(c.Context(), stack.Up(desired, options))
	}
	if err != nil {
		return err
	}
	return p.showPlan(made, f.asJSON, f.exitCode)
}

func (f *planRun) check(p *program, c *cobra.Command) error {
	switch {
	case c.Flags().Changed("plan"):
		return &UsageError{"--plan: plan makes a plan, and reads none", "to see a saved one: stack up --dry-run --plan FILE"}
	case p.globals.dryRun && c.Flags().Changed("out"):
		return exclusive(c, "dry-run", "out")
	}
	return f.up.check(c)
}

func (p *program) showPlan(made *plan.Plan, asJSON, exitCode bool) error {
	text := p.colored(made.Text())
	if asJSON {
		encoded, err := made.JSON()
		if err != nil {
			return err
		}
		text = string(encoded)
	}
	p.answer(text)
	if exitCode && !made.Empty() {
		return statusError(statusChanges)
	}
	return nil
}
