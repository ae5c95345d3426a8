package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// planFlags are those that decide what an up would do. up, plan and create
// share them.
type planFlags struct {
	options              planner.Options
	scale                []string
	timeout, waitTimeout int
}

// add defines the flags that create has too.
func (f *planFlags) add(p *program, fs *pflag.FlagSet) {
	o := &f.options
	fs.BoolVar(&o.Build, "build", false, "build images before starting")
	fs.BoolVar(&o.NoBuild, "no-build", false, "never build; a missing image is an error")
	fs.StringVar(&o.Pull, "pull", "", "`WHEN` to pull images: always, missing or never (default: as the file says)")
	fs.BoolVar(&o.ForceRecreate, "force-recreate", false, "replace containers that need no change too")
	fs.BoolVar(&o.NoRecreate, "no-recreate", false, "replace no container, even if it differs from the file")
	fs.BoolVar(&o.RemoveOrphans, "remove-orphans", p.enabled("COMPOSE_REMOVE_ORPHANS"), "remove containers of services that are not in the file")
	fs.StringArrayVar(&f.scale, "scale", nil, "how many replicas, `SERVICE=N`, in place of what the file says")
}

// addUp defines those that only up and plan have.
func (f *planFlags) addUp(fs *pflag.FlagSet) {
	o := &f.options
	fs.BoolVar(&o.RecreateDeps, "always-recreate-deps", false, "with --force-recreate and services: replace what they depend on too")
	fs.BoolVarP(&o.RenewAnonymous, "renew-anon-volumes", "V", false, "make anonymous volumes anew")
	fs.BoolVar(&o.NoDeps, "no-deps", false, "leave alone what the services depend on")
	fs.BoolVar(&o.NoStart, "no-start", false, "create, and do not start")
	fs.BoolVar(&o.Rerun, "rerun", false, "run jobs again that are done: those that are named, or else all")
	fs.StringVar((*string)(&o.OnFailure), "on-failure", "", "`WHAT` to do about a replacement that fails: rollback, stop or continue (default: as the file says, else rollback)")
	fs.BoolVar(&o.Wait, "wait", false, "be done when each service is ready; implies --detach")
	fs.IntVar(&f.waitTimeout, "wait-timeout", 0, "`SECONDS` that a wait may take, 0 for no limit")
	fs.IntVarP(&f.timeout, "timeout", "t", 0, "`SECONDS` that a container has to stop (default: its own, else 10)")
}

// read returns the planner's options for the services that are named.
func (f *planFlags) read(p *program, c *cobra.Command, services []string) (planner.Options, error) {
	o := f.options
	o.Services = services
	o.IgnoreOrphans = p.enabled("COMPOSE_IGNORE_ORPHANS")
	o.WaitTimeout = time.Duration(f.waitTimeout) * time.Second
	o.StopTimeout = seconds(c, "timeout", f.timeout)
	var err error
	if o.Scale, err = scales(f.scale); err != nil {
		return o, err
	}
	err = f.check(c, &o)
	return o, err
}

func (f *planFlags) check(c *cobra.Command, o *planner.Options) error {
	switch {
	case o.Build && o.NoBuild:
		return exclusive(c, "build", "no-build")
	case o.ForceRecreate && o.NoRecreate:
		return exclusive(c, "force-recreate", "no-recreate")
	case o.IgnoreOrphans && c.Flags().Changed("remove-orphans") && o.RemoveOrphans:
		return &UsageError{"--remove-orphans and COMPOSE_IGNORE_ORPHANS: not both", usage(c)}
	case o.Rerun && o.NoRecreate:
		return exclusive(c, "rerun", "no-recreate")
	case f.waitTimeout < 0:
		return &UsageError{fmt.Sprintf("--wait-timeout %d: below 0", f.waitTimeout), usage(c)}
	}
	switch o.OnFailure {
	case "", spec.Rollback, spec.Stop, spec.Continue:
	default:
		return &UsageError{fmt.Sprintf("--on-failure %q: want rollback, stop or continue", o.OnFailure), usage(c)}
	}
	switch o.Pull {
	case "policy":
		o.Pull = "" // docker compose's word for: as the file says
	case "if_not_present":
		o.Pull = "missing"
	case "", "always", "missing", "never":
	default:
		return &UsageError{fmt.Sprintf("--pull %q: want always, missing or never", o.Pull), usage(c)}
	}
	return nil
}

func exclusive(c *cobra.Command, a, b string) error {
	return &UsageError{fmt.Sprintf("--%s and --%s: not both", a, b), usage(c)}
}

// seconds is a timeout in seconds, nil when the flag is not given.
func seconds(c *cobra.Command, flag string, value int) *time.Duration {
	if !c.Flags().Changed(flag) {
		return nil
	}
	d := time.Duration(value) * time.Second
	return &d
}

func scales(args []string) (map[string]int, error) {
	out := map[string]int{}
	for _, arg := range args {
		service, count, _ := strings.Cut(arg, "=")
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 || service == "" {
			return nil, &UsageError{fmt.Sprintf("--scale %q: want SERVICE=N", arg), ""}
		}
		out[service] = n
	}
	return out, nil
}

// quieter leaves pulls or builds out of the progress.
func quieter(pull, build bool) func(kind string) bool {
	return func(kind string) bool {
		return (pull && kind == "PullImage") || (build && kind == "BuildImage")
	}
}
