// Package outside brings up what the services of a stack need and no engine
// runs: providers, and models of the engine's model runner. It runs the programs
// that do so, and hands on the variables by which services reach them. It never
// talks to an engine, and never changes a stack.
package outside

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stackfile/stack/spec"
)

// Options of Up and Down. Env and Dir are those of the programs that are run.
type Options struct {
	Dir     string
	Env     []string
	Plugins []string // the docker command's folders of plugins; the first that has one wins
	// Say is called with what a program says, from the caller's goroutine; nil:
	// nobody wants to know.
	Say func(who, text string)
}

// Up brings up the providers and models that some services of a stack need, one
// after the other, and returns the variables that lead to them, by service.
// With no services named it is all of them, and all providers. Before the first
// one is run, all programs have been found, and told what options they want; what
// is missing is a *spec.FileError.
func Up(ctx context.Context, s *spec.Stack, services []string, o Options) (map[string]map[string]string, error) {
	needs := needed(s, services)
	found, err := o.find(ctx, s, "up", needs)
	if err != nil {
		return nil, err
	}
	out := variables{}
	for _, name := range needs.providers {
		values, err := o.provider(ctx, found[name], "up", s.Name, s.Providers[name])
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", name, err)
		}
		out.provided(s, name, values)
	}
	if len(needs.models) > 0 {
		err = o.models(ctx, found[modelRunner].path, s, needs.models, out)
	}
	return out, err
}

// Down ends the providers among some services of a stack, or all of them for
// none named. Models stay with their runner, as with docker compose.
func Down(ctx context.Context, s *spec.Stack, services []string, o Options) error {
	return o.end(ctx, s, "down", services, func(tool) bool { return true })
}

// Stop is Down for the providers that are to stop and not to go, as far as their
// programs say that they can.
func Stop(ctx context.Context, s *spec.Stack, services []string, o Options) error {
	return o.end(ctx, s, "stop", services, func(t tool) bool { return t.Stop != nil })
}

func (o Options) end(ctx context.Context, s *spec.Stack, verb string, services []string, does func(tool) bool) error {
	needs := needs{providers: slices.Sorted(maps.Keys(s.Providers))}
	if len(services) > 0 {
		needs.providers = slices.DeleteFunc(needs.providers, func(name string) bool { return !slices.Contains(services, name) })
	}
	found, err := o.find(ctx, s, verb, needs)
	if err != nil {
		return err
	}
	for _, name := range slices.Backward(needs.providers) {
		if !does(found[name]) {
			continue
		}
		if _, err := o.provider(ctx, found[name], verb, s.Name, s.Providers[name]); err != nil {
			return fmt.Errorf("provider %s: %w", name, err)
		}
	}
	return nil
}

// variables are by service.
type variables map[string]map[string]string

func (v variables) set(service, key, value string) {
	if v[service] == nil {
		v[service] = map[string]string{}
	}
	v[service][key] = value
}

// provided gives the values of a provider to the services that depend on it.
func (v variables) provided(s *spec.Stack, provider string, values map[string]string) {
	for name, service := range s.Services {
		if slices.Contains(service.Providers, provider) {
			for key, value := range values {
				v.set(name, key, value)
			}
		}
	}
}

// needs are sorted names.
type needs struct{ providers, models []string }

// needed are the providers and models of some services and of what these depend
// on; of all for none named.
func needed(s *spec.Stack, services []string) needs {
	providers, models := map[string]bool{}, map[string]bool{}
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		_, providers[name] = s.Providers[name]
		if seen[name] {
			return
		}
		seen[name] = true
		for _, provider := range s.Services[name].Providers {
			providers[provider] = true
		}
		for model := range s.Services[name].Models {
			models[model] = true
		}
		for dependency := range s.Services[name].DependsOn {
			visit(dependency)
		}
	}
	if len(services) == 0 {
		services = slices.Concat(slices.Collect(maps.Keys(s.Services)), slices.Collect(maps.Keys(s.Providers)))
	}
	for _, name := range services {
		visit(name)
	}
	maps.DeleteFunc(providers, func(_ string, needed bool) bool { return !needed })
	return needs{slices.Sorted(maps.Keys(providers)), slices.Sorted(maps.Keys(models))}
}
