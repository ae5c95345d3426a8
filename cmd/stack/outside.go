package main

import (
	"context"
	"maps"
	"path/filepath"
	"slices"

	"github.com/stackfile/stack/outside"
	"github.com/stackfile/stack/spec"
)

// ready brings up what some services need from outside the engine, and returns
// the stack with the variables that lead there; with --dry-run nothing is
// brought up, nor for a plan. Of the services it leaves those that the engine
// runs; nothing says that these are none of several.
func (p *program) ready(ctx context.Context, desired *spec.Stack, services *[]string, ask bool) (_ *spec.Stack, nothing bool, err error) {
	if len(desired.Providers)+len(desired.Models) == 0 {
		return desired, false, nil
	}
	named := *services
	*services = slices.DeleteFunc(slices.Clone(named), func(name string) bool { _, ok := desired.Providers[name]; return ok })
	nothing = len(*services) == 0 && len(named) > 0
	if !ask || p.globals.dryRun {
		p.unasked(desired)
		return desired, nothing, nil
	}
	variables, err := outside.Up(ctx, desired, named, p.outside())
	return desired.WithVariables(variables), nothing, err
}

// unasked says what a plan does not know.
func (p *program) unasked(desired *spec.Stack) {
	for _, name := range slices.Sorted(maps.Keys(desired.Providers)) {
		p.say("note", "provider "+name+" is not asked: its variables are taken to be as they were last time")
	}
	for _, name := range slices.Sorted(maps.Keys(desired.Models)) {
		p.say("note", "model "+name+" is not looked for: its variables are taken to be as they were last time")
	}
}

// gone ends what a stack has outside the engine.
func (p *program) gone(ctx context.Context, desired *spec.Stack, services []string) error {
	if desired == nil || len(desired.Providers) == 0 || len(services) > 0 || p.globals.dryRun {
		return nil
	}
	return outside.Down(ctx, desired, p.outside())
}

func (p *program) outside() outside.Options {
	folders := []string{"/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins"}
	if config := dockerConfig(p.Env); config != "" {
		folders = append([]string{filepath.Join(config, "cli-plugins")}, folders...)
	}
	return outside.Options{
		Dir: p.Dir, Env: p.environ(), Plugins: folders,
		Say: func(who, text string) { p.say("note", who+": "+text) },
	}
}

// environ is the environment for programs that are run.
func (p *program) environ() []string {
	var env []string
	for _, key := range slices.Sorted(maps.Keys(p.Env)) {
		env = append(env, key+"="+p.Env[key])
	}
	return env
}
