package spec

import (
	"fmt"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// steps are what has to have succeeded before a service's containers start, its
// pre_start: one job each, after the one before it, of which the service is made
// to depend. Specification, chapter 05, pre_start: a step has all that the
// service has and the step does not declare itself, and is not run again once it
// has succeeded as it is now defined, unless the service is made anew.
func (r *resolver) steps(s types.ServiceConfig, of *Service) []Service {
	var out []Service
	before := maps.Clone(of.DependsOn)
	for i, hook := range s.PreStart {
		step := r.step(s, hook, *of)
		step.Name = fmt.Sprintf("%s.pre_start.%d", s.Name, i+1)
		if _, taken := r.project.Services[step.Name]; taken {
			r.fail(s.Name, "pre_start", i, fmt.Sprintf("this step is the service %s, and another one has that name", step.Name))
		}
		step.DependsOn = united(before, step.DependsOn)
		before = map[string]Dependency{step.Name: {Condition: Completed, Required: true}}
		of.DependsOn = united(of.DependsOn, before)
		out = append(out, step)
	}
	return out
}

func united(maps ...map[string]Dependency) map[string]Dependency {
	out := map[string]Dependency{}
	for _, m := range maps {
		for name, d := range m {
			out[name] = d
		}
	}
	return out
}

func (r *resolver) step(s types.ServiceConfig, hook types.PreStartHook, of Service) Service {
	config := types.ServiceConfig{Name: s.Name, ContainerSpec: hook.ContainerSpec}
	if hook.Image == s.Image {
		config.Build, config.PullPolicy = s.Build, s.PullPolicy
	}
	step := r.service(config)
	step.PullPolicy, step.PullAfter = of.PullPolicy, of.PullAfter
	step.Job, step.Of, step.PerReplica, step.Attach = true, s.Name, hook.PerReplica, of.Attach
	step.Providers, step.Models = of.Providers, of.Models
	if step.Replicas = of.Replicas; !hook.PerReplica {
		step.Replicas = min(1, of.Replicas)
	}
	step.Container.Networks = nameless(step.Container.Networks)
	for target, m := range of.Container.Mounts {
		if _, own := step.Container.Mounts[target]; !own && m.Source != "" {
			step.Container.Mounts = with(step.Container.Mounts, target, m)
		}
	}
	return step
}

// nameless are places on networks without the names and addresses that belong to
// the service's own containers, which may be running.
func nameless(networks map[string]Endpoint) map[string]Endpoint {
	var out map[string]Endpoint
	for name, e := range networks {
		e.Aliases, e.Links = nil, slices.Clone(e.Links)
		e.IPv4, e.IPv6, e.LinkLocalIPs, e.MacAddress = "", "", nil, ""
		out = with(out, name, e)
	}
	return out
}
