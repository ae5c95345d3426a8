package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// rootCommand is the whole command tree.
func rootCommand(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:   "stack [FLAGS] COMMAND",
		Short: "Bring up what a stack file describes",
		Long: `stack brings several containers to the state that a stack file describes, and
keeps to what is already right: a second up changes nothing.

It reads stack.yaml, compose.yaml or docker-compose.yaml of the working folder
or of one above it, and understands the files and commands of docker compose.

EXIT STATUS
  0    done
  1    tried, and failed
  2    plan --exit-code, and there are changes
  130  interrupted
  exec, wait, and up with --exit-code-from or --abort-on-container-exit, end with
  the exit code of the container's program.`,
		SilenceUsage: true, SilenceErrors: true, TraverseChildren: true, DisableFlagsInUseLine: true,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			if p.globals.version {
				p.answer(versionLine())
				return nil
			}
			return c.Help()
		},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			p.command = c.CommandPath()
			if err := p.choose(); err != nil {
				return err
			}
			return p.check()
		},
	}
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: p.name()}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	p.globals.add(root.Flags(), p.Env)
	root.Flags().BoolVarP(&p.globals.version, "version", "v", false, "print the version")
	if p.Name == compose {
		p.docker.add(root.Flags())
	}
	root.AddCommand(commands(p)...)
	p.globals.spread(root, p.Args)
	if completing(p.Args) {
		p.completable(root)
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return &flagError{c, err} })
	for _, c := range all(root) {
		c.DisableFlagsInUseLine = true
		c.SetUsageTemplate(root.UsageTemplate() + "\nThe flags of stack itself may follow the command too; see: " + p.name() + " --help\n")
	}
	return root
}

func commands(p *program) []*cobra.Command {
	return []*cobra.Command{
		upCommand(p), downCommand(p), planCommand(p), whyCommand(p), psCommand(p), logsCommand(p), configCommand(p),
		buildCommand(p), pullCommand(p), pushCommand(p), createCommand(p), startCommand(p), stopCommand(p),
		restartCommand(p), killCommand(p), pauseCommand(p), unpauseCommand(p), rmCommand(p), rollbackCommand(p),
		scaleCommand(p), waitCommand(p), execCommand(p), runCommand(p), attachCommand(p), watchCommand(p),
		imagesCommand(p), lsCommand(p), topCommand(p), portCommand(p), statsCommand(p), eventsCommand(p), volumesCommand(p),
		cpCommand(p), commitCommand(p), exportCommand(p), publishCommand(p),
		lockCommand(p), unlockCommand(p), versionCommand(p), alphaCommand(p), bridgeCommand(),
	}
}

// An UsageError is a command line that makes no sense.
type UsageError struct{ Text, Hint string }

func (e *UsageError) Error() string { return e.Text }

func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	name := args[0]
	return &UsageError{fmt.Sprintf("command %q: unknown", name), or(suggestion(root, name), "see: stack --help")}
}

// usage is the hint for a wrong flag or argument of a command.
func usage(c *cobra.Command) string { return "see: " + c.CommandPath() + " --help" }

// suggestion names the command that a misspelt one was meant to be.
func suggestion(root *cobra.Command, name string) string {
	near := root.SuggestionsFor(name)
	if len(near) == 0 {
		return ""
	}
	best := slices.MaxFunc(near, func(a, b string) int { return shared(a, name) - shared(b, name) })
	return "did you mean: stack " + best
}

// shared is how many letters two words begin with alike.
func shared(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
