package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
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
}

func versionLine() string { return "stack version " + versionName() + "\n" }

func versionCommand(p *program) *cobra.Command {
	var format string
	var short bool
	c := &cobra.Command{
		Use:   "version [FLAGS]",
		Short: "Print the version",
		Long:  "version prints the version of this program. It asks no engine.",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			switch {
			case short:
				p.answer(versionName() + "\n")
			case format == "json":
				return p.answerJSON(versionRow{versionName()})
			case format == "" || format == "pretty":
				p.answer(versionLine())
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

// noArguments refuses arguments by name.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &UsageError{fmt.Sprintf("%s: unexpected argument %q", c.Name(), args[0]), usage(c)}
}
