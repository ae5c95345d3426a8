package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack/spec"
)

// refusedCommand marks a command of docker compose that is known and not there;
// its value is the reason.
const refusedCommand = "refused"

// refusal is such a command: whatever its flags are, it ends with the reason.
func refusal(use, reason string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: "Not supported: " + reason, Hidden: true, DisableFlagParsing: true,
		Annotations: map[string]string{refusedCommand: reason},
		RunE: func(c *cobra.Command, _ []string) error {
			return &RefusedError{Command: strings.TrimPrefix(c.CommandPath(), "stack "), Reason: reason}
		},
	}
}

func bridgeCommand() *cobra.Command {
	const reason = "the transformations of docker compose's bridge are images of their own; use docker compose bridge, or kompose convert, with the output of: stack config"
	bridge := refusal("bridge", reason)
	transformations := refusal("transformations", reason)
	transformations.AddCommand(refusal("create", reason), refusal("list", reason))
	bridge.AddCommand(refusal("convert", reason), transformations)
	return bridge
}

// alphaCommand has what docker compose calls so, and what has become of it.
func alphaCommand(p *program) *cobra.Command {
	alpha := &cobra.Command{
		Use: "alpha", Short: "Names of docker compose for what it tries out", Hidden: true,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	dryRun := &cobra.Command{
		Use: "dry-run -- COMMAND [ARGUMENT...]", Short: "The same as stack --dry-run COMMAND",
		RunE: func(c *cobra.Command, args []string) error { return p.again(c, append([]string{"--dry-run"}, args...)) },
	}
	alpha.AddCommand(dryRun, scaleCommand(p), watchCommand(p), publishCommand(p), vizCommand(p),
		refusal("generate", "a stack file is written by hand; see what a container was made with by: docker inspect CONTAINER"))
	return alpha
}

// again runs another command line in place of this one.
func (p *program) again(c *cobra.Command, args []string) error {
	if len(args) < 2 {
		return &UsageError{"dry-run: want a command", usage(c)}
	}
	p.Args = args
	root := rootCommand(p)
	root.SetArgs(args)
	return root.ExecuteContext(c.Context())
}

// vizFlags are those of alpha viz.
type vizFlags struct {
	image, networks, ports, spaces bool
	width                          int
}

func vizCommand(p *program) *cobra.Command {
	var f vizFlags
	c := &cobra.Command{
		Use: "viz", Short: "Draw what depends on what, for graphviz",
		Long: "viz prints the services, and what each depends on, in the language dot of graphviz:\nstack alpha viz | dot -Tsvg >stack.svg",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			desired, err := p.load(c.Context(), nil)
			if err == nil {
				p.answer(f.graph(desired))
			}
			return err
		},
	}
	fs := c.Flags()
	fs.BoolVar(&f.image, "image", false, "with the image of each service")
	fs.BoolVar(&f.networks, "networks", false, "with the networks of each service")
	fs.BoolVar(&f.ports, "ports", false, "with the published ports of each service")
	fs.BoolVar(&f.spaces, "spaces", false, "indent with spaces, not tabs")
	fs.IntVar(&f.width, "indentation-size", 1, "indent by `N`")
	return c
}

func (f vizFlags) graph(s *spec.Stack) string {
	indent := strings.Repeat(map[bool]string{true: " ", false: "\t"}[f.spaces], max(0, f.width))
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %q {\n%slayout=dot;\n", s.Name, indent)
	names := slices.Sorted(maps.Keys(s.Services))
	for _, name := range names {
		fmt.Fprintf(&b, "%s%q [style=\"filled\" label=<<font point-size=\"15\">%s</font>%s>];\n", indent, name, name, f.details(s, s.Services[name]))
	}
	b.WriteString("\n")
	for _, name := range names {
		for _, dependency := range slices.Sorted(maps.Keys(s.Services[name].DependsOn)) {
			fmt.Fprintf(&b, "%s%q -> %q;\n", indent, name, dependency)
		}
	}
	return b.String() + "}\n"
}

// details are what the flags ask for beside the name.
func (f vizFlags) details(s *spec.Stack, service spec.Service) (out string) {
	add := func(wanted bool, title string, lines []string) {
		if wanted && len(lines) > 0 {
			out += fmt.Sprintf("<font point-size=\"10\"><br/><br/><b>%s:</b><br/>%s</font>", title, strings.Join(lines, "<br/>"))
		}
	}
	var networks, ports []string
	for key, n := range s.Networks {
		if _, on := service.Container.Networks[n.Name]; on {
			networks = append(networks, key)
		}
	}
	slices.Sort(networks)
	for _, target := range slices.Sorted(maps.Keys(service.Container.Ports)) {
		port, protocol, _ := strings.Cut(target, "/")
		for _, published := range service.Container.Ports[target] {
			ports = append(ports, fmt.Sprintf("%s:%s (%s)", published, port, protocol))
		}
	}
	add(f.networks, "Networks", networks)
	add(f.ports, "Ports", ports)
	add(f.image, "Image", []string{service.Container.Image})
	return out
}
