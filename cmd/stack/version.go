package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack/engine/docker"
)

// version is set by the linker.
var version string

// versionName is the version of this program: the release's, or the commit's.
func versionName() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func versionLine() string { return "stack version " + versionName() + "\n" }

func versionCommand(p *program) *cobra.Command {
	var format string
	var short bool
	c := &cobra.Command{
		Use:   "version [FLAGS]",
		Short: "Print the version",
		Long: `version prints the version of this program, and where it looks for an engine. It
asks no engine.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			switch {
			case short:
				p.answer(versionName() + "\n")
			case format == "json":
				return p.versionJSON()
			case format == "" || format == "pretty":
				p.answer(versionLine() + p.whereLine())
			default:
				return &UsageError{fmt.Sprintf("--format %q: want pretty or json", format), ""}
			}
			return nil
		},
	}
	c.Flags().StringVarP(&format, "format", "f", "", "`FORM` of the answer: pretty or json")
	c.Flags().BoolVar(&short, "short", false, "the version only")
	return c
}

// whereLine says where the engine is, or why that cannot be told.
func (p *program) whereLine() string {
	at, err := p.endpoint()
	if err != nil {
		return fmt.Sprintf("engine at an unknown place: %v\n", err)
	}
	return fmt.Sprintf("engine at %s (context %s)\n", or(at.Host, docker.DefaultHost), p.contextName())
}

func (p *program) versionJSON() error {
	out := map[string]string{"version": versionName(), "context": p.contextName()}
	if at, err := p.endpoint(); err == nil {
		out["host"] = or(at.Host, docker.DefaultHost)
	}
	text, err := json.Marshal(out)
	p.answer(string(text) + "\n")
	return err
}

// noArguments refuses arguments by name.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &UsageError{fmt.Sprintf("%s: unexpected argument %q", c.Name(), args[0]), usage(c)}
}
