package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// savePlan plans, and writes the plan into a file for up --plan.
func (p *program) savePlan(ctx context.Context, desired *spec.Stack, options planner.Options, file string) (*plan.Plan, error) {
	e, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	saved, err := stack.Save(ctx, e, desired, options, p.Now())
	if err != nil {
		return nil, err
	}
	at, err := p.keyFile()
	if err != nil {
		return nil, err
	}
	key, err := stack.MakeKey(at)
	if err != nil {
		return nil, err
	}
	sealed, err := saved.Encode(key)
	if err != nil {
		return nil, err
	}
	if err := stack.WritePlan(p.path(file), sealed); err != nil {
		return nil, err
	}
	p.say("note", fmt.Sprintf("the plan is saved; carry it out with: stack up --plan %s", file))
	return saved.Plan, nil
}

// path is a file that the user named, from the working folder.
func (p *program) path(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(p.Dir, file)
}

// keyFile is where the key is that signs the user's plans.
func (p *program) keyFile() (string, error) {
	folder, want := "", "HOME"
	switch home := p.Env["HOME"]; {
	case runtime.GOOS == "windows":
		folder, want = p.Env["AppData"], "AppData"
	case runtime.GOOS == "darwin" && home != "":
		folder = filepath.Join(home, "Library", "Application Support")
	case filepath.IsAbs(p.Env["XDG_CONFIG_HOME"]):
		folder = p.Env["XDG_CONFIG_HOME"]
	case home != "":
		folder = filepath.Join(home, ".config")
	}
	if folder == "" {
		return "", &UsageError{"no folder for the key that signs plans", "set " + want + ", below which it is kept"}
	}
	return filepath.Join(folder, "stack", "plan.key"), nil
}

// readPlan reads a plan that savePlan wrote.
func (p *program) readPlan(file string) (*stack.Saved, error) {
	sealed, err := os.ReadFile(p.path(file))
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	at, err := p.keyFile()
	if err != nil {
		return nil, err
	}
	key, err := stack.ReadKey(at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// Without a key no plan is taken; but what is no plan at all is told as that.
	saved, err := stack.DecodeSaved(sealed, key)
	var seal *stack.SealError
	if errors.As(err, &seal) && seal.Line > 0 {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return saved, nil
}

// upSaved carries out a saved plan.
func (p *program) upSaved(ctx context.Context, c *cobra.Command, f *upFlags, services []string) error {
	if err := p.leavesPlan(c, services); err != nil {
		return err
	}
	saved, err := p.readPlan(f.saved)
	if err != nil {
		return err
	}
	wait := f.plan.options.Wait
	f.plan.options = saved.Options
	f.plan.options.Wait = wait || saved.Options.Wait
	if err := f.check(c); err != nil {
		return err
	}
	if err := p.fits(ctx, saved); err != nil {
		return fmt.Errorf("%s: %w", f.saved, err)
	}
	p.desired = saved.Desired
	goal := p.telling(saved.Goal(wait), f.saved)
	if f.detached() || p.globals.dryRun {
		return p.upDetached(ctx, saved.Desired, goal, f)
	}
	return p.upAttached(ctx, saved.Desired, goal, f)
}

// fits holds a plan to the engine, and to the project that the command line or
// the stack file here names.
func (p *program) fits(ctx context.Context, saved *stack.Saved) error {
	project, err := p.named(ctx)
	if err != nil {
		return err
	}
	e, err := p.open(ctx)
	if err != nil {
		return err
	}
	return saved.Check(ctx, e, project)
}

// named is the project that -p names or else the stack file, "" for none.
func (p *program) named(ctx context.Context) (string, error) {
	if p.globals.project != "" && len(p.globals.files) == 0 {
		return p.globals.project, nil
	}
	desired, err := stack.Load(ctx, p.loadOptions(nil))
	switch {
	case errors.As(err, new(*spec.NoFileError)) && len(p.globals.files) == 0:
		return p.Env["COMPOSE_PROJECT_NAME"], nil
	case err != nil:
		return "", err
	}
	return desired.Name, nil
}

// telling says so when there is nothing to be done, and names the file in what
// keeps the plan from being carried out.
func (p *program) telling(goal stack.Goal, file string) stack.Goal {
	made := goal.Plan
	goal.Plan = func(observed engine.State) (*plan.Plan, error) {
		what, err := made(observed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if what.Empty() && !p.globals.dryRun {
			p.say("note", "nothing to do")
		}
		return what, nil
	}
	return goal
}

// leavesPlan refuses by name what would change the plan. A wait at its end does
// not.
func (p *program) leavesPlan(c *cobra.Command, services []string) error {
	const hint = "what is done stands in the plan; give it to stack plan --out"
	if len(services) > 0 {
		return &UsageError{fmt.Sprintf("service %s and --plan: not both", services[0]), hint}
	}
	var f planFlags
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.add(p, own)
	f.addUp(own)
	var err error
	own.VisitAll(func(flag *pflag.Flag) {
		if err == nil && flag.Name != "wait" && c.Flags().Changed(flag.Name) {
			err = &UsageError{fmt.Sprintf("--%s and --plan: not both", flag.Name), hint}
		}
	})
	return err
}

// planHint says what to do about a saved plan that is not carried out.
func planHint(err error) string {
	var (
		seal     *stack.SealError
		stranger *stack.StrangerError
		key      *stack.KeyError
	)
	switch {
	case errors.As(err, new(*stack.MovedError)):
		return "nothing was touched; make a new plan with: stack plan --out FILE"
	case errors.As(err, &seal):
		return "a plan is carried out as stack plan --out wrote it, by the same user on the same machine; make a new one"
	case errors.As(err, &stranger):
		return "nothing was touched; see DOCKER_HOST for the engine, and -p for the project"
	case errors.As(err, &key):
		return "make it readable for you alone with: chmod 600 " + key.File + "; or remove it, which ends all plans that were saved with it"
	case errors.As(err, new(*stack.OverwriteError)):
		return "choose another name for the plan"
	}
	return ""
}
