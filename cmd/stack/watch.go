package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/cmd/stack/internal/progress"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// watchFlags are those of watch.
type watchFlags struct {
	noUp, prune, quiet bool
}

func watchCommand(p *program) *cobra.Command {
	var f watchFlags
	c := &cobra.Command{
		Use:   "watch [FLAGS] [SERVICE...]",
		Short: "Act on changes of files, as develop.watch says",
		Long: `watch builds and starts the services, and then does what the file's
develop.watch asks for whenever a file of this machine changes: copies it into
the containers (sync), restarts them, runs a command in them, or builds the
image and replaces them (rebuild). It ends on Ctrl-C, and leaves all running.

Saves that come close together are one change. Copies are made at once; what
follows them, when nothing more comes. A rebuild is an up of that service: an
image that is as it was replaces nothing, and when the build fails or the new
container is not good, the old one goes on.

A container that is made meanwhile gets what was copied into those before it.

EXIT STATUS
  1    a rule of the file makes no sense, or the services could not be started
  130  interrupted`,
		RunE: func(c *cobra.Command, services []string) error { return p.watch(c.Context(), f, services) },
	}
	fs := c.Flags()
	fs.BoolVar(&f.noUp, "no-up", false, "do not build and start the services first")
	fs.BoolVar(&f.prune, "prune", true, "remove the images of this run that later ones have replaced")
	fs.BoolVar(&f.quiet, "quiet", false, "show no progress of builds")
	return c
}

func (p *program) watch(ctx context.Context, f watchFlags, services []string) error {
	desired, err := p.load(ctx, services)
	if err != nil {
		return err
	}
	options := stack.WatchOptions{Services: services, Keep: !f.prune, Told: p.watched}
	if p.globals.dryRun {
		return p.watchPreview(ctx, desired, options, f)
	}
	if options.Options, err = p.applyOptions(quieter(false, f.quiet)); err != nil {
		return err
	}
	w, err := p.newWatch(desired, options)
	if err != nil {
		return err
	}
	defer w.Close()
	e, err := p.open(ctx)
	if err != nil {
		return err
	}
	if desired, err = p.ready(ctx, desired, services, true); err != nil {
		return err
	}
	if !f.noUp {
		if err := p.upFirst(ctx, desired, options.Options, services); err != nil {
			return err
		}
	}
	p.say("note", "watching for "+strings.Join(w.Services(), ", "))
	return w.Run(ctx, e, desired)
}

// watchUp is how the services are brought up before they are watched.
func watchUp(desired *spec.Stack, services []string) stack.Goal {
	return stack.Up(desired, planner.Options{Services: services, Build: true})
}

func (p *program) upFirst(ctx context.Context, desired *spec.Stack, apply stack.Options, services []string) error {
	result, err := stack.Apply(ctx, p.engine, watchUp(desired, services), apply)
	p.warn(result)
	if err != nil {
		return err
	}
	return p.summarize(ctx, stack.Project{Name: desired.Name, Desired: desired}, result)
}

// watchPreview says what would be done at first, and then at changes.
func (p *program) watchPreview(ctx context.Context, desired *spec.Stack, options stack.WatchOptions, f watchFlags) error {
	w, err := p.newWatch(desired, options)
	if err != nil {
		return err
	}
	defer w.Close()
	if !f.noUp {
		if err := p.preview(ctx, watchUp(desired, options.Services)); err != nil {
			return err
		}
	}
	for _, line := range w.Rules() {
		p.answer("watch " + line + "\n")
	}
	return nil
}

// newWatch begins to watch the files, and warns of what is bound already.
func (p *program) newWatch(desired *spec.Stack, options stack.WatchOptions) (*stack.Watch, error) {
	w, err := stack.NewWatch(desired, options)
	if err != nil {
		return nil, err
	}
	for _, f := range w.Bound() {
		p.say("warning", f.String())
	}
	return w, nil
}

// beside is what an up with --watch does once all is up; nil without the flag.
func (p *program) beside(desired *spec.Stack, apply stack.Options, f *upFlags) (run func(context.Context) error, end func(), err error) {
	if !f.watch {
		return nil, func() {}, nil
	}
	options := stack.WatchOptions{Options: apply, Services: f.plan.options.Services, Told: p.watched}
	options.Plan.StopTimeout, options.Plan.OnFailure = f.plan.options.StopTimeout, f.plan.options.OnFailure
	options.Plan.Scale = f.plan.options.Scale
	w, err := p.newWatch(desired, options)
	if err != nil {
		return nil, nil, err
	}
	run = func(ctx context.Context) error {
		p.say("note", "watching for "+strings.Join(w.Services(), ", "))
		return w.Run(ctx, p.engine, desired)
	}
	return run, func() { _ = w.Close() }, nil // nothing was written
}

// watched tells what was done about a change.
func (p *program) watched(done stack.Watched) {
	var apply *stack.ApplyError
	switch {
	case errors.As(done.Err, &apply) && len(apply.Failed) > 0:
		p.failures(apply)
	case done.Err != nil:
		p.fail(fmt.Sprintf("%s: %s: %v", done.Service, done.Act, done.Err), "")
	default:
		p.say("note", fmt.Sprintf("%s: %s %s", done.Service, watchWord(done), progress.Seconds(done.Elapsed)))
	}
}

func watchWord(done stack.Watched) string {
	switch done.Act {
	case spec.Sync:
		return "synced " + plural(done.Files, "file")
	case spec.Rebuild:
		return "rebuilt"
	case spec.RestartOnly:
		return "restarted"
	}
	return "command run"
}
