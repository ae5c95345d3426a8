package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackfile/stack/spec"
)

// configFlags are those of config.
type configFlags struct {
	render   spec.RenderOptions
	listings map[spec.Listing]*bool
	hash     string
	output   string
	quiet    bool
	explain  bool
	digests  bool
}

func configCommand(p *program) *cobra.Command {
	f := configFlags{listings: map[spec.Listing]*bool{}}
	c := &cobra.Command{
		Use: "config [FLAGS] [SERVICE...]", Aliases: []string{"convert"},
		Short: "Print the file as it is understood, or check it",
		Long: `config prints the stack file merged, with variables and defaults filled in. The
flags for lists print one aspect of it instead, a line each. --quiet only
checks; each finding is printed with its place in the file.

--explain writes behind each value where it comes from: the file, line and column
where it stands, the variables in it with their own files and lines, or "default"
for what stands nowhere. With --format json it prints a list of values, each with
path, value, file, line, column, and variables with name, from (environment,
env_file, default, file, flag or unset), file and line. What looks secret is masked.
With --strict-env a variable that is not set, and has no default, is an error.

Without --explain values of the environment are printed as they are. No engine is
asked, but with --resolve-image-digests and --lock-image-digests, for which it asks
the registries.

--variables with --format json prints one object, by name: Name, DefaultValue,
PresenceValue, Required.`,
		RunE: func(c *cobra.Command, services []string) error { return p.config(c, &f, services) },
	}
	f.add(c.Flags())
	return c
}

func (f *configFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.render.Format, "format", "", "`FORM` of the file: yaml (the default) or json")
	fs.BoolVar(&f.explain, "explain", false, "say of each value which file, line and variable it comes from")
	fs.StringVarP(&f.output, "output", "o", "", "write to `FILE` in place of standard output")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "only check")
	fs.BoolVar(&f.render.NoInterpolate, "no-interpolate", false, "leave variables as they are")
	fs.BoolVar(&f.render.NoNormalize, "no-normalize", false, "do not fill in defaults")
	fs.BoolVar(&f.render.NoPathResolution, "no-path-resolution", false, "leave relative paths as they are")
	fs.BoolVar(&f.render.NoEnvResolution, "no-env-resolution", false, "do not read env files of services")
	fs.BoolVar(&f.render.NoConsistency, "no-consistency", false, "do not check references between parts of the file")
	for _, list := range []struct {
		listing spec.Listing
		text    string
	}{
		{spec.ListServices, "list the services, dependencies first"},
		{spec.ListVolumes, "list the volumes"},
		{spec.ListNetworks, "list the networks"},
		{spec.ListImages, "list the images, one for each service"},
		{spec.ListModels, "list the models"},
		{spec.ListProfiles, "list the profiles"},
		{spec.ListVariables, "list the variables that the file uses"},
		{spec.ListEnvironment, "list the variables that there are"},
	} {
		f.listings[list.listing] = fs.Bool(string(list.listing), false, list.text)
	}
	fs.StringVar(&f.hash, "hash", "", "list the digests of these `SERVICES`, separated by commas, or of *")
	fs.BoolVar(&f.digests, "resolve-image-digests", false, "write images with their digests")
	fs.BoolVar(&f.render.Images, "lock-image-digests", false, "write only an override file that has the images with their digests")
}

func (p *program) config(c *cobra.Command, f *configFlags, services []string) error {
	if f.hash != "" && f.hash != "*" {
		services = strings.Split(f.hash, ",")
	}
	text, err := p.configText(c.Context(), f, services)
	if err != nil || f.quiet && f.listing() == "" {
		return err
	}
	if f.output == "" {
		p.answer(text)
		return nil
	}
	file := f.output
	if !filepath.IsAbs(file) {
		file = filepath.Join(p.Dir, file)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return nil
}

// configText is the whole file, or the one list that was asked for. A plain
// check goes the way of up, so that it finds what up would.
func (p *program) configText(ctx context.Context, f *configFlags, services []string) (string, error) {
	what := f.listing()
	if what != "" && f.explain {
		return "", fmt.Errorf("--explain: not together with --%s: a list has no places", what)
	}
	if (f.digests || f.render.Images) && (what != "" || f.explain || f.render.NoInterpolate) {
		return "", fmt.Errorf("digests of images: not together with --explain, --no-interpolate and the lists")
	}
	if what == spec.ListVariables && f.render.Format == "json" {
		return p.variables(ctx, services)
	}
	if what != "" {
		lines, err := spec.List(ctx, p.loadOptions(services), what)
		if err == nil && f.hash != "" && f.hash != "*" {
			lines = slices.DeleteFunc(lines, func(line string) bool {
				name, _, _ := strings.Cut(line, " ")
				return !slices.Contains(services, name)
			})
		}
		return aligned(lines), err
	}
	if f.whole() {
		if _, err := p.load(ctx, services); err != nil {
			return "", err
		}
	}
	if f.digests || f.render.Images {
		e, err := p.open(ctx)
		if err != nil {
			return "", err
		}
		f.render.Pin = e.PinImage
	}
	render := spec.Render
	if f.explain {
		render = spec.Explain
	}
	text, err := render(ctx, p.loadOptions(services), f.render)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return string(text), err
}

func (f *configFlags) listing() spec.Listing {
	if f.hash != "" {
		return spec.ListHash
	}
	for listing, on := range f.listings {
		if *on {
			return listing
		}
	}
	return ""
}

// whole reports whether nothing of what up does with the file is left out.
func (f *configFlags) whole() bool {
	o := f.render
	return !o.NoInterpolate && !o.NoNormalize && !o.NoPathResolution && !o.NoEnvResolution && !o.NoConsistency
}

// variables are those that the file uses, as one object.
func (p *program) variables(ctx context.Context, services []string) (string, error) {
	found, err := spec.UsedVariables(ctx, p.loadOptions(services))
	if err != nil {
		return "", err
	}
	byName := map[string]spec.UsedVariable{}
	for _, v := range found {
		byName[v.Name] = v
	}
	text, err := json.MarshalIndent(byName, "", "    ")
	return string(text) + "\n", err
}

// aligned puts tab-separated lines in columns.
func aligned(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return tabbed(lines, 20, 3)
}
