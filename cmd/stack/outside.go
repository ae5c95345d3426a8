package main

import (
	"context"
	"maps"
	"path/filepath"
	"slices"

	"github.com/stackfile/stack/outside"
	"github.com/stackfile/stack/spec"
)

// ready brings up what some services, or all for none named, need from outside
// the engine, and returns the stack with the variables that lead there. For a
// plan, and with --dry-run, nothing is asked.
func (p *program) ready(ctx context.Context, desired *spec.Stack, services []string, ask bool) (*spec.Stack, error) {
	if len(desired.Providers)+len(desired.Models) == 0 {
		return desired, nil
	}
	if !ask || p.globals.dryRun {
		p.unasked(desired)
		return desired, nil
	}
	variables, err := outside.Up(ctx, desired, services, p.outside())
	return desired.WithVariables(variables), err
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

// end has the providers among some services, or all for none named, go or stop.
func (p *program) end(ctx context.Context, how func(context.Context, *spec.Stack, []string, outside.Options) error, desired *spec.Stack, services []string) error {
	if desired == nil || len(desired.Providers) == 0 || p.globals.dryRun {
		return nil
	}
	return how(ctx, desired, services, p.outside())
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
