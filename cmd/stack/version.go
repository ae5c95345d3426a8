package main

import (
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

// versionRow is the answer as JSON.
type versionRow struct {
	Version string `json:"version"`
	Context string `json:"context"`        // the docker command's name for where the engine is
	Host    string `json:"host,omitempty"` // where it answers; absent where that cannot be told
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
				return p.answerJSON(p.versionRow())
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

func (p *program) versionRow() versionRow {
	row := versionRow{Version: versionName(), Context: p.contextName()}
	if at, err := p.endpoint(); err == nil {
		row.Host = or(at.Host, docker.DefaultHost)
	}
	return row
}

// noArguments refuses arguments by name.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &UsageError{fmt.Sprintf("%s: unexpected argument %q", c.Name(), args[0]), usage(c)}
}
