package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack/engine"
)

func exportCommand(p *program) *cobra.Command {
	var output string
	var index int
	c := &cobra.Command{
		Use:   "export [FLAGS] SERVICE",
		Short: "Write a container's file system as a tar archive",
		Long: `export writes the file system of a service's container, running or not, to
standard output or into a file. What is mounted in it is left out.

With -p NAME no file is needed.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &UsageError{"export: want one service", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			e, list, err := p.copied(c.Context(), &cpFlags{index: index}, args[0])
			if err != nil {
				return err
			}
			if output == "" && terminal(p.Stdout) && !p.globals.dryRun {
				return &UsageError{"export: an archive is not for a terminal", "write it into a file with -o FILE"}
			}
			return p.export(c, e, list[0], output)
		},
	}
	c.Flags().IntVar(&index, "index", 0, "the replica with number `N`")
	c.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` in place of standard output")
	return c
}

func (p *program) export(c *cobra.Command, e engine.Engine, from engine.Container, output string) error {
	switch {
	case p.globals.dryRun:
		p.answer(fmt.Sprintf("export container %s to %s\n", from.Name, or(output, "standard output")))
		return nil
	case output == "":
		return e.ExportContainer(c.Context(), from.ID, p.Stdout)
	}
	file, err := os.OpenFile(p.here(output), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // as docker compose: there may be secrets in it
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	to := bufio.NewWriterSize(file, 1<<20)
	err = e.ExportContainer(c.Context(), from.ID, to)
	return errors.Join(err, to.Flush(), file.Close())
}
