package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

func buildCommand(p *program) *cobra.Command {
	var o planner.ImageOptions
	var args, ssh []string
	var quiet, printed bool
	c := &cobra.Command{
		Use:   "build [FLAGS] [SERVICE...]",
		Short: "Build the images of services that have a build section",
		Long: `build makes images, in parallel, through BuildKit in the engine. It starts
nothing; up replaces the containers whose image has changed.`,
		RunE: func(c *cobra.Command, services []string) error {
			var err error
			o.Services = services
			if o.Args, err = p.buildArgs(args); err != nil {
				return err
			}
			o.SSH = sshKeys(ssh)
			desired, err := p.load(c.Context(), services)
			if err != nil {
				return err
			}
			if printed {
				text, err := bake(desired, o)
				p.answer(text)
				return err
			}
			_, err = p.converge(c.Context(), stack.Build(desired, o), quieter(false, quiet))
			return err
		},
	}
	fs := c.Flags()
	fs.StringArrayVar(&args, "build-arg", nil, "`NAME=VALUE` in place of the file's; NAME alone takes the environment's")
	fs.BoolVar(&o.NoCache, "no-cache", false, "do not use the cache")
	fs.BoolVar(&o.Pull, "pull", false, "look for newer base images")
	fs.BoolVar(&o.WithDependencies, "with-dependencies", false, "build what the services depend on too")
	fs.BoolVar(&printed, "print", false, "print the builds as a file for docker buildx bake, and build nothing")
	fs.BoolVar(&o.Push, "push", false, "push the images that have a registry's name afterwards")
	fs.StringArrayVar(&ssh, "ssh", nil, "`ID[=PATH]` of an SSH key or agent for the builds; default for the agent")
	fs.StringVar(&o.Provenance, "provenance", "", "`OPTIONS` of a provenance attestation, true or false, in place of the file's")
	fs.StringVar(&o.SBOM, "sbom", "", "`OPTIONS` of an SBOM attestation, true or false, in place of the file's")
	fs.BoolVarP(&quiet, "quiet", "q", false, "show no output of the builds")
	refuseBuild(p, fs)
	return c
}

// refuseBuild names what docker compose's build takes and this does not.
func refuseBuild(p *program, fs *pflag.FlagSet) {
	refuse(fs, "builder", "string", "images are built by BuildKit in the engine itself; use: docker buildx build")
	refuse(fs, "check", "bool", "use: docker buildx build --check")
	refuseP(fs, "memory", "m", "string", "BuildKit has no such limit")
	for _, name := range []string{"compress", "force-rm", "no-rm", "parallel"} {
		useless(p, fs, name)
	}
}

// sshKeys reads ID[=PATH]; without a path it is the agent's.
func sshKeys(args []string) map[string]string {
	out := map[string]string{}
	for _, arg := range args {
		id, path, _ := strings.Cut(arg, "=")
		out[id] = path
	}
	return out
}

func (p *program) buildArgs(args []string) (map[string]string, error) {
	out := map[string]string{}
	for _, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		if name == "" {
			return nil, &UsageError{fmt.Sprintf("--build-arg %q: want NAME=VALUE", arg), ""}
		}
		if !given {
			if value, given = p.Env[name]; !given {
				continue // as docker compose: a name without a value asks for nothing
			}
		}
		out[name] = value
	}
	return out, nil
}
