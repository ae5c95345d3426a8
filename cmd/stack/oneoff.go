package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// runFlags are those of run.
type runFlags struct {
	options                           planner.Options
	detach, remove, interactive       bool
	noTTY, tty, ports, aliases        bool
	quiet, quietBuild, quietPull      bool
	name, entrypoint, user, dir       string
	env, envFiles, labels             []string
	publish, volumes, capAdd, capDrop []string
	command                           []string
}

func runCommand(p *program) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [FLAGS] SERVICE [COMMAND] [ARGUMENT...]",
		Short: "Run a service once, with another command perhaps",
		Long: `run makes one more container of a service, runs it in the foreground, and ends
with the exit code of its program. What the service depends on is brought up
first, and waited for, as up does.

The container is no replica: it has neither the ports of the service nor its
names and fixed addresses on networks, unless that is asked for, and it is not
restarted. In a terminal its program gets a terminal of its own; ctrl-p ctrl-q
leaves it running. Without one, an interruption is sent on to the program.

EXIT STATUS
  The program's own; 1 when it could not be started, 0 after a detach.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 {
				return &UsageError{"run: want a service", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.command = args[1:]
			return p.runOnce(c, args[0], &f)
		},
	}
	f.add(p, c.Flags())
	return c
}

func (f *runFlags) add(p *program, fs *pflag.FlagSet) {
	fs.SetInterspersed(false) // what follows the service belongs to the command
	o := &f.options
	fs.BoolVar(&o.Build, "build", false, "build the image first")
	fs.StringVar(&o.Pull, "pull", "", "`WHEN` to pull the image: always, missing or never (default: as the file says)")
	fs.BoolVar(&o.NoDeps, "no-deps", false, "leave alone what the service depends on")
	fs.BoolVar(&o.RemoveOrphans, "remove-orphans", p.enabled("COMPOSE_REMOVE_ORPHANS"), "remove containers of services that are not in the file")
	fs.BoolVarP(&f.detach, "detach", "d", false, "run it in the background, and print the container's ID")
	fs.BoolVar(&f.remove, "rm", false, "remove the container, and its anonymous volumes, when the program has ended")
	fs.StringVar(&f.name, "name", "", "`NAME` of the container")
	fs.StringVar(&f.entrypoint, "entrypoint", "", "`COMMAND` in place of the image's entrypoint")
	fs.StringArrayVarP(&f.env, "env", "e", nil, "`NAME=VALUE` for the program; NAME alone takes the environment's")
	fs.StringArrayVar(&f.envFiles, "env-from-file", nil, "`FILE` of variables for the program")
	fs.StringArrayVarP(&f.labels, "label", "l", nil, "`NAME=VALUE` that the container is labelled with")
	fs.StringArrayVarP(&f.publish, "publish", "p", nil, "publish a `PORT`, as in the file")
	fs.BoolVarP(&f.ports, "service-ports", "P", false, "publish the ports of the service")
	fs.BoolVar(&f.aliases, "use-aliases", false, "take the service's names on its networks")
	fs.StringArrayVarP(&f.volumes, "volume", "v", nil, "mount a `VOLUME`, as in the file")
	fs.StringSliceVar(&f.capAdd, "cap-add", nil, "add a `CAPABILITY`")
	fs.StringSliceVar(&f.capDrop, "cap-drop", nil, "drop a `CAPABILITY`")
	fs.StringVarP(&f.user, "user", "u", "", "run as `USER`")
	fs.StringVarP(&f.dir, "workdir", "w", "", "run in this `FOLDER`")
	fs.BoolVarP(&f.interactive, "interactive", "i", true, "keep standard input open")
	fs.BoolVarP(&f.noTTY, "no-tty", "T", false, "no terminal for the program")
	fs.BoolVarP(&f.tty, "tty", "t", true, "a terminal for the program, if there is one")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "show nothing of what is done before the program starts")
	fs.BoolVar(&f.quietBuild, "quiet-build", false, "show no progress of builds")
	fs.BoolVar(&f.quietPull, "quiet-pull", false, "show no progress of pulls")
	_ = fs.MarkHidden("tty") // it is defined above
}

func (p *program) runOnce(c *cobra.Command, service string, f *runFlags) error {
	if f.quiet {
		p.globals.progress = "quiet"
	}
	desired, err := p.load(c.Context(), []string{service})
	if err != nil {
		return err
	}
	if desired, err = p.ready(c.Context(), desired, []string{service}, !f.options.NoDeps); err != nil {
		return err
	}
	slug := make([]byte, 32)
	_, _ = rand.Read(slug) // it never fails
	one := spec.OneOff{Service: service, Slug: hex.EncodeToString(slug), Stdin: f.interactive && !f.detach, NoDeps: f.options.NoDeps}
	own := desired.Services[service]
	once, err := stack.NewOnce(desired, one, func(s *spec.Service) error { return f.edit(p, desired, own, s) })
	if err != nil {
		return err
	}
	f.options.IgnoreOrphans = p.enabled("COMPOSE_IGNORE_ORPHANS")
	if _, err := p.converge(c.Context(), once.Goal(f.options), quieter(f.quietPull, f.quietBuild)); err != nil || p.globals.dryRun {
		p.discard(c.Context(), once, f)
		return err
	}
	if f.detach {
		return p.startOnce(c.Context(), once)
	}
	return p.attachOnce(c.Context(), once, f)
}

// discard removes the container of a run that never began, as far as that goes. One
// with a name that the user chose may be somebody else's.
func (p *program) discard(ctx context.Context, once *stack.Once, f *runFlags) {
	if p.engine != nil && !p.globals.dryRun && f.name == "" {
		_ = once.Discard(ctx, p.engine) // why the run never began is what is told
	}
}

// terminal reports whether the program gets a terminal of its own.
func (f *runFlags) terminal(p *program) bool {
	return f.tty && !f.noTTY && f.interactive && !f.detach && terminal(p.Stdout) && terminal(p.Stdin)
}

// edit makes the container what the flags ask for. own is the service itself.
func (f *runFlags) edit(p *program, desired *spec.Stack, own spec.Service, s *spec.Service) error {
	c := &s.Container
	if f.name != "" {
		s.ContainerName = f.name
	}
	c.Tty, c.StdinOpen = f.terminal(p), f.interactive
	f.program(c)
	c.WithCaps(f.capAdd, f.capDrop)
	if f.aliases {
		c.Networks = own.Container.Networks
	}
	for _, edit := range []func(*program, *spec.Stack, spec.Service, *spec.Container) error{f.environment, f.labelled, f.published, f.mounted} {
		if err := edit(p, desired, own, c); err != nil {
			return err
		}
	}
	return nil
}

// program says what runs. A new entrypoint has none of the old one's arguments.
func (f *runFlags) program(c *spec.Container) {
	if f.entrypoint != "" {
		words := strings.Fields(f.entrypoint)
		c.Entrypoint, c.Command = &words, &[]string{}
	}
	if len(f.command) > 0 {
		c.Command = &f.command
	}
	c.User, c.WorkingDir = or(f.user, c.User), or(f.dir, c.WorkingDir)
}

func (f *runFlags) environment(p *program, _ *spec.Stack, _ spec.Service, c *spec.Container) error {
	files := make([]string, len(f.envFiles))
	for i, name := range f.envFiles {
		files[i] = p.path(name)
	}
	read, err := spec.ReadEnv(files, func(name string) (string, bool) { value, ok := p.Env[name]; return value, ok })
	if err != nil {
		return err
	}
	if c.Env == nil {
		c.Env = map[string]*string{}
	}
	for name, value := range read {
		c.Env[name] = &value
	}
	for _, entry := range p.execEnv(f.env) {
		name, value, _ := strings.Cut(entry, "=")
		c.Env[name] = &value
	}
	return nil
}

func (f *runFlags) labelled(_ *program, _ *spec.Stack, _ spec.Service, c *spec.Container) error {
	labels := maps.Clone(c.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	for _, text := range f.labels {
		name, value, _ := strings.Cut(text, "=")
		if name == "" {
			return &UsageError{fmt.Sprintf("--label %q: want NAME=VALUE", text), ""}
		}
		labels[name] = value
	}
	c.Labels = labels
	return nil
}

func (f *runFlags) published(_ *program, _ *spec.Stack, own spec.Service, c *spec.Container) error {
	ports, err := spec.ParsePorts(f.publish)
	if err != nil {
		return &UsageError{fmt.Sprintf("--publish: %v", err), ""}
	}
	c.Ports = ports
	if !f.ports {
		return nil
	}
	c.Ports = maps.Clone(own.Container.Ports)
	if c.Ports == nil {
		c.Ports = map[string][]string{}
	}
	for target, published := range ports {
		c.Ports[target] = append(c.Ports[target], published...)
	}
	return nil
}

func (f *runFlags) mounted(p *program, desired *spec.Stack, _ spec.Service, c *spec.Container) error {
	for _, text := range f.volumes {
		target, m, err := desired.Mount(text, p.Dir)
		if err != nil {
			return &UsageError{fmt.Sprintf("--volume %q: %v", text, err), "want SOURCE:TARGET, as in the file"}
		}
		if c.Mounts == nil {
			c.Mounts = map[string]spec.Mount{}
		}
		c.Mounts[target] = m
	}
	return nil
}

// startOnce starts it in the background.
func (p *program) startOnce(ctx context.Context, once *stack.Once) error {
	if err := p.engine.StartContainer(ctx, engine.StartContainer{Name: once.Container()}); err != nil {
		return err
	}
	id, err := once.ID(ctx, p.engine)
	if err != nil {
		return err
	}
	p.answer(id + "\n")
	return nil
}

// attachOnce runs it in the foreground. An interruption is the program's, so the
// run is not cut off by it.
func (p *program) attachOnce(ctx context.Context, once *stack.Once, f *runFlags) error {
	streams, restore, err := p.streams(ctx, f.interactive, f.terminal(p), "")
	if err != nil {
		return err
	}
	defer restore()
	opts := stack.OnceOptions{AttachOptions: streams, Remove: f.remove, Signals: p.signals(ctx)}
	code, err := once.Run(context.WithoutCancel(ctx), p.engine, opts)
	if errors.Is(err, engine.ErrDetached) {
		return nil
	}
	if err == nil && code != 0 {
		return statusError(code)
	}
	return err
}
