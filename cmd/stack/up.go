package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/spec"
)

// upFlags are those that only up has: what shows, and how it ends.
type upFlags struct {
	plan                          planFlags
	detach                        bool
	attach, noAttach              []string
	attachDependencies            bool
	abortOnExit, abortOnFailure   bool
	codeFrom                      string
	lines                         lineFlags
	quietPull, quietBuild, assume bool
	saved                         string // the file of a saved plan
	timings                       bool
	watch, menu                   bool
}

func upCommand(p *program) *cobra.Command {
	var f upFlags
	c := &cobra.Command{
		Use:   "up [FLAGS] [SERVICE...]",
		Short: "Create and start what the file describes, and bring the rest in line with it",
		Long: `up makes the engine's containers, networks and volumes what the stack file asks
for. What is right already is left alone; what differs is changed in place or
replaced; the old container goes when the new one has proved itself. stack plan
says beforehand what up would do.

With --plan it carries out a plan that stack plan --out saved: exactly that, or,
when something has moved since, nothing. No stack file is needed then.

Without --detach it stays, shows the output of all containers, and stops them
on Ctrl-C; a second Ctrl-C kills them.

EXIT STATUS
  0    done
  1    something failed; the rest has been done
  130  interrupted
  With --exit-code-from, the exit code of that service; with
  --abort-on-container-exit or --abort-on-container-failure, that of the
  container that ended the run.`,
		RunE: func(c *cobra.Command, services []string) error { return p.up(c.Context(), c, &f, services) },
	}
	f.plan.add(p, c.Flags())
	f.plan.addUp(c.Flags())
	f.add(c.Flags())
	return c
}

// addHidden defines them for plan, where they have no effect.
func (f *upFlags) addHidden(fs *pflag.FlagSet) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.add(own)
	own.VisitAll(func(flag *pflag.Flag) { flag.Hidden = true })
	fs.AddFlagSet(own)
}

func (f *upFlags) add(fs *pflag.FlagSet) {
	fs.BoolVarP(&f.detach, "detach", "d", false, "be done when all is started")
	fs.StringArrayVar(&f.attach, "attach", nil, "show the output of these `SERVICE`s only")
	fs.StringArrayVar(&f.noAttach, "no-attach", nil, "do not show the output of this `SERVICE`")
	fs.BoolVar(&f.attachDependencies, "attach-dependencies", false, "show the output of what the services depend on too")
	fs.BoolVar(&f.abortOnExit, "abort-on-container-exit", false, "stop all when a container ends; a job that ends well does not count")
	fs.BoolVar(&f.abortOnFailure, "abort-on-container-failure", false, "stop all when a container ends with an exit code other than 0")
	fs.StringVar(&f.codeFrom, "exit-code-from", "", "exit with the code of this `SERVICE`; implies --abort-on-container-exit")
	fs.StringVar(&f.saved, "plan", "", "carry out the plan in `FILE`, which plan --out saved")
	f.lines.add(fs)
	fs.BoolVar(&f.lines.timestamps, "timestamps", false, "show when each line was written")
	fs.BoolVar(&f.quietPull, "quiet-pull", false, "show no progress of pulls")
	fs.BoolVar(&f.quietBuild, "quiet-build", false, "show no progress of builds")
	fs.BoolVar(&f.timings, "timings", false, "say at the end where the time went")
	fs.BoolVarP(&f.assume, "yes", "y", false, "answer each question with yes; up asks none")
	fs.BoolVarP(&f.watch, "watch", "w", false, "build, and then act on changes of files as develop.watch says")
	fs.BoolVar(&f.menu, "menu", false, "has no effect: there is no menu; --watch watches, Ctrl-C stops")
	_ = fs.MarkHidden("menu") // it is defined above
}

func (p *program) up(ctx context.Context, c *cobra.Command, f *upFlags, services []string) error {
	p.timed = f.timings
	if c.Flags().Changed("plan") {
		return p.upSaved(ctx, c, f, services)
	}
	if err := f.check(c); err != nil {
		return err
	}
	options, err := f.plan.read(p, c, services)
	if err != nil {
		return err
	}
	load := p.load
	if p.globals.dryRun {
		load = p.loadForPlan
	}
	desired, err := load(ctx, services)
	if err != nil {
		return err
	}
	if len(desired.Services)+len(desired.Providers) == 0 {
		return &UsageError{"nothing to bring up: the file has no service in an active profile", noneActive(desired)}
	}
	desired, err = p.ready(ctx, desired, services, true)
	if err != nil {
		return err
	}
	if f.menu {
		p.say("warning", "--menu has no effect: there is no menu")
	}
	options.Build = options.Build || f.watch && !options.NoBuild
	f.plan.options = options
	if f.detached() || p.globals.dryRun {
		return p.upDetached(ctx, desired, stack.Up(desired, options), f)
	}
	return p.upAttached(ctx, desired, stack.Up(desired, options), f)
}

// noneActive says what could be brought up.
func noneActive(desired *spec.Stack) string {
	if len(desired.Inactive) == 0 {
		return "add one below services"
	}
	return "activate a profile with --profile, or name one of: " + strings.Join(desired.Inactive, ", ")
}

func (f *upFlags) detached() bool { return f.detach || f.plan.options.Wait || f.plan.options.NoStart }

func (f *upFlags) check(c *cobra.Command) error {
	switch {
	case f.detached() && f.abortOnExit:
		return exclusive(c, f.detacher(), "abort-on-container-exit")
	case f.detached() && f.abortOnFailure:
		return exclusive(c, f.detacher(), "abort-on-container-failure")
	case f.detached() && f.codeFrom != "":
		return exclusive(c, f.detacher(), "exit-code-from")
	case f.detached() && f.watch:
		return exclusive(c, f.detacher(), "watch")
	case f.detached() && len(f.attach) > 0:
		return exclusive(c, f.detacher(), "attach")
	case f.detached() && f.attachDependencies:
		return exclusive(c, f.detacher(), "attach-dependencies")
	case f.abortOnExit && f.abortOnFailure:
		return exclusive(c, "abort-on-container-exit", "abort-on-container-failure")
	}
	return nil
}

func (f *upFlags) detacher() string {
	switch {
	case f.plan.options.Wait:
		return "wait"
	case f.plan.options.NoStart:
		return "no-start"
	}
	return "detach"
}

func (p *program) upDetached(ctx context.Context, desired *spec.Stack, goal stack.Goal, f *upFlags) error {
	result, err := p.converge(ctx, goal, quieter(f.quietPull, f.quietBuild))
	if err != nil || p.globals.dryRun {
		return err
	}
	return p.summarize(ctx, stack.Project{Name: desired.Name, Desired: desired}, result)
}

func (p *program) upAttached(ctx context.Context, desired *spec.Stack, goal stack.Goal, f *upFlags) error {
	e, err := p.open(ctx)
	if err != nil {
		return err
	}
	apply, err := p.applyOptions(quieter(f.quietPull, f.quietBuild))
	if err != nil {
		return err
	}
	for _, name := range append(slices.Clone(f.attach), f.codeFrom) {
		if _, ok := desired.Services[name]; !ok && name != "" {
			return &stack.UnknownServiceError{Project: desired.Name, Services: []string{name}}
		}
	}
	beside, end, err := p.beside(desired, apply, f)
	if err != nil {
		return err
	}
	defer end()
	printer := p.printer(desired.Name, f.lines)
	code, err := stack.Foreground(ctx, e, desired, f.plan.options, stack.ForegroundOptions{
		Options: apply, Goal: &goal, Timestamps: f.lines.timestamps, Silent: f.silent(desired),
		Line:   printer.line,
		Exited: func(x stack.Exit) { p.answer(printer.exit(x)) },
		Converged: func(result stack.Result) {
			p.warn(result)
			// Its only error is that of a snapshot, which the run meets itself.
			_ = p.summarize(ctx, stack.Project{Name: desired.Name, Desired: desired}, result)
		},
		Stopping: func(cause string) { p.say("note", "stopping, because: "+cause+" (Ctrl-C again kills)") },
		Beside:   beside,
		Until:    f.until(), CodeFrom: f.codeFrom, StopTimeout: f.plan.options.StopTimeout,
	})
	if err == nil && code != 0 {
		return statusError(code)
	}
	return err
}

func (f *upFlags) until() stack.Until {
	switch {
	case f.abortOnFailure:
		return stack.FirstFailure
	case f.abortOnExit || f.codeFrom != "":
		return stack.FirstExit
	}
	return stack.AllExit
}

// silent says whose output does not show: with --attach all others; with
// services named, what they depend on; and services whose attach is false.
func (f *upFlags) silent(desired *spec.Stack) func(service string) bool {
	named := f.plan.options.Services
	return func(service string) bool {
		switch {
		case slices.Contains(f.noAttach, service):
			return true
		case len(f.attach) > 0:
			return !slices.Contains(f.attach, service)
		case len(named) > 0 && !f.attachDependencies && !slices.Contains(named, service):
			return true
		}
		return !desired.Services[service].Attach
	}
}

// since is the time that the command has taken; 0 when the clock was set back.
func (p *program) since() time.Duration { return max(0, p.Now().Sub(p.began)) }

func plural(n int, one string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %ss", n, one)
}
