package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

type cpFlags struct {
	options stack.CopyOptions
	index   int
	all     bool
}

func cpCommand(p *program) *cobra.Command {
	var f cpFlags
	c := &cobra.Command{
		Use:   "cp [FLAGS] SERVICE:PATH TARGET|-  or  cp [FLAGS] SOURCE|- SERVICE:PATH",
		Short: "Copy files into containers and out of them",
		Long: `cp copies a file or a folder between this machine and the containers of a service,
running or not: into all of them, or out of the first; --index names one.

A target that is a folder gets the source in it; one that is not there is what
the source is called then. Of a source that ends in /. the contents are copied.
With - a tar archive is read from standard input, or written to standard output.

With -p NAME no file is needed.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &UsageError{"cp: want a source and a target", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return p.cp(c, &f, args[0], args[1]) },
	}
	fs := c.Flags()
	fs.BoolVar(&f.all, "all", false, "containers made by run, too")
	fs.BoolVarP(&f.options.Owned, "archive", "a", false, "what is copied into a container belongs to its user")
	fs.BoolVarP(&f.options.FollowLink, "follow-link", "L", false, "copy what a link leads to, if the source is one")
	fs.IntVar(&f.index, "index", 0, "only the replica with number `N`")
	return c
}

func (p *program) cp(c *cobra.Command, f *cpFlags, source, target string) error {
	from, source := splitPath(source)
	to, target := splitPath(target)
	switch {
	case from != "" && to != "":
		return &UsageError{"cp: from one service to another: not supported", "copy by way of this machine"}
	case from == "" && to == "":
		return &UsageError{"cp: neither the source nor the target names a service", usage(c)}
	case from != "":
		return p.cpFrom(c.Context(), f, from, source, target)
	}
	return p.cpInto(c.Context(), f, to, source, target)
}

// splitPath takes the service off a path. A path that begins with . or / is one of
// this machine, and so is C:\ on Windows.
func splitPath(arg string) (service, path string) {
	service, path, ok := strings.Cut(arg, ":")
	if !ok || strings.HasPrefix(arg, ".") || filepath.IsAbs(arg) {
		return "", arg
	}
	return service, path
}

// copied are the containers that a copy is about.
func (p *program) copied(ctx context.Context, f *cpFlags, service string) (engine.Engine, []engine.Container, error) {
	project, err := p.project(ctx, []string{service})
	if err != nil {
		return nil, nil, err
	}
	e, err := p.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	list, err := stack.Containers(ctx, e, project, stack.Selection{Services: []string{service}, Index: f.index, OneOff: f.all})
	if err == nil && len(list) == 0 {
		err = &stack.NotRunningError{Service: service, Index: f.index}
	}
	return e, list, err
}

func (p *program) cpFrom(ctx context.Context, f *cpFlags, service, source, target string) error {
	e, list, err := p.copied(ctx, f, service)
	if err != nil {
		return err
	}
	c := list[0]
	what := fmt.Sprintf("%s:%s to %s", c.Name, source, target)
	if p.globals.dryRun {
		p.answer("copy " + what + "\n")
		return nil
	}
	if target == "-" {
		return stack.CopyOut(ctx, e, c, source, p.Stdout, f.options)
	}
	left, err := stack.CopyFrom(ctx, e, c, source, p.here(target), f.options)
	if len(left) > 0 {
		p.say("warning", "devices and pipes are left out: "+strings.Join(left, ", "))
	}
	if err != nil {
		return err
	}
	p.say("note", "copied "+what)
	return nil
}

// here is a path as seen from the working folder.
func (p *program) here(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	joined := filepath.Join(p.Dir, path)
	if end := filepath.ToSlash(path); strings.HasSuffix(end, "/.") || end == "." {
		return joined + "/."
	} else if strings.HasSuffix(end, "/") {
		return joined + "/"
	}
	return joined
}

func (p *program) cpInto(ctx context.Context, f *cpFlags, service, source, target string) error {
	e, list, err := p.copied(ctx, f, service)
	if err != nil {
		return err
	}
	archive, done, err := p.archive(source, len(list))
	if err != nil {
		return err
	}
	defer done()
	for _, c := range list {
		what := fmt.Sprintf("%s to %s:%s", source, c.Name, target)
		if p.globals.dryRun {
			p.answer("copy " + what + "\n")
			continue
		}
		if source == "-" {
			err = stack.CopyArchive(ctx, e, c, archive(), target, f.options)
		} else {
			err = stack.CopyInto(ctx, e, c, p.here(source), target, f.options)
		}
		if err != nil {
			return err
		}
		p.say("note", "copied "+what)
	}
	return nil
}

// archive returns standard input, from its beginning each time it is asked: for
// several containers it is kept aside meanwhile.
func (p *program) archive(source string, times int) (again func() io.Reader, done func(), err error) {
	if source != "-" || times < 2 || p.globals.dryRun {
		return func() io.Reader { return p.Stdin }, func() {}, nil
	}
	kept, err := os.CreateTemp("", "stack-cp-*")
	if err != nil {
		return nil, nil, err
	}
	done = func() {
		_ = kept.Close()
		_ = os.Remove(kept.Name())
	}
	if _, err := io.Copy(kept, p.Stdin); err != nil {
		done()
		return nil, nil, fmt.Errorf("standard input: %w", err)
	}
	return func() io.Reader { return io.NewSectionReader(kept, 0, 1<<62) }, done, nil
}
