package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/remote"
	"github.com/stackfile/stack/spec"
)

type publishFlags struct {
	oci                    string
	digests, withEnv, sure bool
	app, insecure          bool
}

func publishCommand(p *program) *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use:   "publish [FLAGS] REPOSITORY[:TAG]",
		Short: "Publish the stack file in a registry",
		Long: `publish pushes the images that the services build, and then the stack file itself,
merged into one and with its variables left as they are. -f oci://REPOSITORY[:TAG]
reads it, and docker compose does too.

It asks before mounts of this machine's folders, values that look secret, or values
of the environment become known to others; without an answer it publishes nothing.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &UsageError{"publish: want REPOSITORY[:TAG]", usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if f.oci != "" && f.oci != "1.0" && f.oci != "1.1" {
				return &UsageError{fmt.Sprintf("--oci-version %q: want 1.0 or 1.1", f.oci), usage(c)}
			}
			return p.publish(c.Context(), &f, args[0])
		},
	}
	fs := c.Flags()
	fs.BoolVar(&f.app, "app", false, "copy the images into the repository, too")
	fs.BoolVar(&f.insecure, "insecure-registry", false, "the registry may be talked to without TLS")
	_ = fs.MarkHidden("insecure-registry") // it is defined above
	fs.StringVar(&f.oci, "oci-version", "", "`VERSION` of the image specification: 1.0 or 1.1 (default: what the registry takes)")
	fs.BoolVar(&f.digests, "resolve-image-digests", false, "publish which digest each image has now, too")
	fs.BoolVar(&f.withEnv, "with-env", false, "publish env files and values of the environment, too")
	fs.BoolVarP(&f.sure, "yes", "y", false, "answer each question with yes")
	return c
}

func (p *program) publish(ctx context.Context, f *publishFlags, name string) error {
	p.globals.profiles = []string{"*"}
	desired, err := p.load(ctx, nil)
	if err != nil {
		return err
	}
	publication, err := spec.Publish(ctx, p.loadOptions(nil), desired.WorkingDir)
	if err != nil {
		return err
	}
	if err := f.check(publication); err != nil {
		return err
	}
	if p.globals.dryRun {
		p.answer(fmt.Sprintf("publish %s: %s, %s\n", name, plural(len(desired.Services), "service"), plural(len(publication.EnvFiles), "env file")))
		return nil
	}
	if !f.sure && !p.agreed(publication) {
		p.say("note", "nothing is published")
		return nil
	}
	return p.bring(ctx, f, name, desired, publication)
}

// check is an error for what may not be published at all.
func (f *publishFlags) check(p *spec.Publication) error {
	if len(p.Unnamed) > 0 {
		return &UsageError{"publish: no image in the file, only a build section: " + strings.Join(p.Unnamed, ", "), "say in image what the built one is called"}
	}
	if f.withEnv || len(p.EnvFilesOf)+len(p.Environment) == 0 {
		return nil
	}
	var all []string
	for _, service := range p.EnvFilesOf {
		all = append(all, "service "+service+" has an env_file")
	}
	return &UsageError{
		"publish: values of the environment would become known:\n  " + strings.Join(append(all, p.Environment...), "\n  "),
		"allow it with --with-env, or take them out of the file",
	}
}

// agreed asks about each kind of thing that others would see.
func (p *program) agreed(made *spec.Publication) bool {
	for _, question := range []struct {
		about string
		found []string
	}{
		{"mounts of this machine's folders (their paths, not what is in them)", made.Binds},
		{"values that look secret", made.Secret},
		{"values of the environment", made.Environment},
	} {
		if len(question.found) == 0 {
			continue
		}
		text := fmt.Sprintf("Going to publish %s:\n  %s\nAre you sure? [yN] ", question.about, strings.Join(question.found, "\n  "))
		if !p.confirm(text) {
			return false
		}
	}
	return true
}

// bring pushes the images, as far as that goes, and publishes the file.
func (p *program) bring(ctx context.Context, f *publishFlags, name string, desired *spec.Stack, made *spec.Publication) error {
	_, err := p.converge(ctx, stack.Push(desired, planner.ImageOptions{}), nil)
	if err := p.forgive(err); err != nil {
		return err
	}
	application := remote.Application{
		Files: []remote.File{{Name: "compose.yaml", Text: made.Text}}, OCI: f.oci, Created: p.Now(),
	}
	if f.withEnv {
		application.EnvFiles = made.EnvFiles
	}
	if host, _, _ := strings.Cut(name, "/"); f.insecure {
		p.globals.insecure = append(p.globals.insecure, host)
	}
	store := p.store()
	if f.digests {
		over, err := digests(ctx, store, desired)
		if err != nil {
			return err
		}
		application.Files = append(application.Files, remote.File{Name: "image-digests.yaml", Text: over})
	}
	sum, err := store.Publish(ctx, name, application)
	if err != nil {
		return fmt.Errorf("publish %s: %w", name, err)
	}
	if f.app {
		if err := store.PublishImages(ctx, name, sum, images(desired)); err != nil {
			return fmt.Errorf("publish the images of %s: %w", name, err)
		}
	}
	p.say("note", "published "+name+" as "+sum)
	return nil
}

// images are those of the services, each once, sorted.
func images(desired *spec.Stack) []string {
	refs := map[string]bool{}
	for _, s := range desired.Services {
		refs[s.Container.Image] = true
	}
	return slices.Sorted(maps.Keys(refs))
}

// digests is a file that says of each service which digest its image has now.
func digests(ctx context.Context, store *remote.Store, desired *spec.Stack) ([]byte, error) {
	services := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(desired.Services)) {
		s := desired.Services[name]
		ref, _, pinned := strings.Cut(s.Container.Image, "@")
		if s.Of != "" || pinned {
			continue
		}
		sum, err := store.Digest(ctx, ref)
		if err != nil {
			return nil, err
		}
		services[name] = map[string]string{"image": ref + "@" + sum}
	}
	return json.Marshal(map[string]any{"services": services}) // which is YAML
}
