package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// rollbackFlags are those of rollback.
type rollbackFlags struct {
	options              planner.RollbackOptions
	set                  []string
	timeout, waitTimeout int
	list                 bool
	format               string
}

func rollbackCommand(p *program) *cobra.Command {
	var f rollbackFlags
	c := &cobra.Command{
		Use:   "rollback [FLAGS] [SERVICE...]",
		Short: "Bring back what ran before",
		Long: `rollback brings the stack back to an earlier generation: what an up has reached,
kept on the engine with its images. Without --to it is the newest one that
differs from what runs: the one before the last up, or, when an up failed
half-way, the one that it started from. --list shows what there is. With
services named, only they go back.

Each container is replaced as up does it: the old one is kept until the new one
has proved itself. Nothing is built and nothing is pulled. The stack file stays
as it is: the next up follows it again, and stack plan says what that changes.
A rollback is a generation too, so a second one goes forward again.

Secret values are not recorded. They are read from the containers that have the
same ones; for what none has any more, rollback asks in a terminal, and takes
--set elsewhere.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error { return p.rollback(c, &f, services) },
	}
	f.add(p, c.Flags())
	return c
}

func (f *rollbackFlags) add(p *program, fs *pflag.FlagSet) {
	o := &f.options
	fs.IntVar(&o.To, "to", 0, "`NUMBER` of the generation to go back to")
	fs.BoolVar(&f.list, "list", false, "list the generations, and do nothing")
	fs.StringVar(&f.format, "format", "", "`FORM` of the list: table or json")
	fs.StringArrayVar(&f.set, "set", nil, "a secret value that is not to be had any more: `NAME=VALUE`, NAME=@FILE, or NAME for the one of the environment")
	fs.BoolVar(&o.RemoveOrphans, "remove-orphans", p.enabled("COMPOSE_REMOVE_ORPHANS"), "remove containers of services that the generation does not have")
	fs.StringVar((*string)(&o.OnFailure), "on-failure", "", "`WHAT` to do about a replacement that fails: rollback, stop or continue (default: as the generation says, else rollback)")
	fs.IntVar(&f.waitTimeout, "wait-timeout", 0, "`SECONDS` that a wait may take, 0 for no limit")
	fs.IntVarP(&f.timeout, "timeout", "t", 0, "`SECONDS` that a container has to stop (default: its own, else 10)")
}

func (f *rollbackFlags) read(p *program, c *cobra.Command, services []string) (o planner.RollbackOptions, err error) {
	o = f.options
	o.Services, o.StopTimeout = services, seconds(c, "timeout", f.timeout)
	o.WaitTimeout = time.Duration(f.waitTimeout) * time.Second
	o.IgnoreOrphans = p.enabled("COMPOSE_IGNORE_ORPHANS")
	switch {
	case o.To < 0 || c.Flags().Changed("to") && o.To == 0:
		return o, &UsageError{fmt.Sprintf("--to %d: generations are counted from 1", o.To), "see: stack rollback --list"}
	case f.waitTimeout < 0:
		return o, &UsageError{fmt.Sprintf("--wait-timeout %d: below 0", f.waitTimeout), usage(c)}
	case f.format != "" && !f.list:
		return o, &UsageError{"--format: it is for --list", usage(c)}
	case f.format != "" && f.format != "table" && f.format != "json":
		return o, &UsageError{fmt.Sprintf("--format %q: want table or json", f.format), usage(c)}
	}
	switch o.OnFailure {
	case "", spec.Rollback, spec.Stop, spec.Continue:
	default:
		return o, &UsageError{fmt.Sprintf("--on-failure %q: want rollback, stop or continue", o.OnFailure), usage(c)}
	}
	o.Values, err = p.values(f.set)
	return o, err
}

// values reads what --set gives.
func (p *program) values(set []string) (map[string]string, error) {
	out := map[string]string{}
	for _, entry := range set {
		name, value, ok := strings.Cut(entry, "=")
		if name == "" {
			return nil, &UsageError{"--set: want NAME=VALUE, NAME=@FILE or NAME", ""}
		}
		if file, is := strings.CutPrefix(value, "@"); is {
			if !filepath.IsAbs(file) {
				file = filepath.Join(p.Dir, file)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("--set %s: %w", name, err)
			}
			value = string(text)
		}
		if !ok {
			if value, ok = p.Env[name]; !ok {
				return nil, &UsageError{fmt.Sprintf("--set %s: there is no such variable", name), "give the value with --set " + name + "=VALUE"}
			}
		}
		out[name] = value
	}
	return out, nil
}

func (p *program) rollback(c *cobra.Command, f *rollbackFlags, services []string) error {
	o, err := f.read(p, c, services)
	if err != nil {
		return err
	}
	project, err := p.project(c.Context(), nil)
	if err != nil {
		return err
	}
	if f.list {
		return p.history(c.Context(), project.Name, f.format)
	}
	if err := p.askMissing(c.Context(), project.Name, &o); err != nil {
		return err
	}
	result, err := p.converge(c.Context(), stack.Rollback(project.Name, o), nil)
	if err != nil || p.globals.dryRun {
		return err
	}
	return p.summarize(c.Context(), project, result)
}

// askMissing asks for the secret values that are not to be had any more, where
// somebody can answer. Otherwise the plan itself will say which they are.
func (p *program) askMissing(ctx context.Context, project string, o *planner.RollbackOptions) error {
	in, ok := p.Stdin.(*os.File)
	if !ok || !terminal(in) || !terminal(p.Stderr) {
		return nil
	}
	_, err := p.plan(ctx, stack.Rollback(project, *o))
	missing := new(planner.MissingError)
	if !errors.As(err, &missing) {
		return nil // whatever it is, the plan says it again
	}
	_, _ = fmt.Fprintf(p.Stderr, "generation %d has secret values that are not recorded:\n", missing.Generation)
	for _, name := range missing.Names {
		_, _ = fmt.Fprintf(p.Stderr, "  %s: ", name)
		answer, err := term.ReadPassword(int(in.Fd()))
		_, _ = io.WriteString(p.Stderr, "\n")
		if err != nil {
			return fmt.Errorf("value %s: %w", name, err)
		}
		o.Values[name] = string(answer)
	}
	return nil
}

// missingHint says how to give the values that no container has any more.
func missingHint(e *planner.MissingError) string {
	return fmt.Sprintf("give each with --set, such as --set %s=VALUE, --set %s=@FILE, or choose another one: stack rollback --list", e.Names[0], e.Names[0])
}

// pastHint says what to do without a generation to go back to.
func pastHint(e *planner.GenerationError) string {
	if len(e.Known) == 0 {
		return "an up that changes something records one; docker volume prune takes them away"
	}
	return "see: stack rollback --list"
}
