package compose

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/errdefs"
	"github.com/compose-spec/compose-go/v2/types"
)

// check finds what is wrong in a project: references to what is not there, and
// values that contradict each other. One of scale and replicas is taken over by
// the other. Of several errors it gives always the same one.
func check(project *types.Project) error {
	c := checker{project}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		if err := c.service(project.Services[name]); err != nil {
			return err
		}
	}
	if err := c.jobs(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(project.Secrets)) {
		if s := project.Secrets[name]; !s.External && s.File == "" && s.Environment == "" {
			return invalid("secret %q must declare either `file` or `environment`", name)
		}
	}
	return c.cycles()
}

func invalid(text string, args ...any) error {
	return fmt.Errorf(text+": %w", append(args, errdefs.ErrInvalid)...)
}

type checker struct{ *types.Project }

func (c checker) service(s types.ServiceConfig) error {
	if s.Build == nil && s.Image == "" && s.Provider == nil {
		return invalid("service %q has neither an image nor a build context specified", s.Name)
	}
	for _, check := range []func(types.ServiceConfig) error{
		c.build, c.namespaces, c.dependencies, c.resources, c.scale, c.limits, c.watches, c.mounts,
	} {
		if err := check(s); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) build(s types.ServiceConfig) error {
	if s.Build == nil {
		return nil
	}
	if s.Build.DockerfileInline != "" && s.Build.Dockerfile != "" {
		return invalid("service %q declares mutualy exclusive dockerfile and dockerfile_inline", s.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Build.AdditionalContexts)) {
		name, ok := strings.CutPrefix(s.Build.AdditionalContexts[key], types.ServicePrefix)
		if !ok {
			continue
		}
		target, ok := c.either(name)
		switch {
		case !ok:
			return fmt.Errorf("service %q declares unknown service %q as additional contexts %s", s.Name, name, key)
		case target.Build == nil:
			return fmt.Errorf("service %q declares non-buildable service %q as additional contexts %s", s.Name, name, key)
		}
	}
	if len(s.Build.Platforms) > 0 && s.Platform != "" && !slices.Contains(s.Build.Platforms, s.Platform) {
		return invalid("service.build.platforms MUST include service.platform %q", s.Platform)
	}
	return nil
}

// either is a service, active or not.
func (c checker) either(name string) (types.ServiceConfig, bool) {
	if s, ok := c.Services[name]; ok {
		return s, true
	}
	s, ok := c.DisabledServices[name]
	return s, ok
}

func (c checker) namespaces(s types.ServiceConfig) error {
	if s.NetworkMode != "" && len(s.Networks) > 0 {
		return invalid("service %s declares mutually exclusive `network_mode` and `networks`", s.Name)
	}
	if name, ok := strings.CutPrefix(s.NetworkMode, types.ServicePrefix); ok {
		if _, ok := c.Services[name]; !ok {
			return fmt.Errorf("service %q not found for network_mode 'service:%s'", name, name)
		}
	}
	if s.HealthCheck != nil && len(s.HealthCheck.Test) > 0 {
		if !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, s.HealthCheck.Test[0]) {
			return errors.New(`healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"`)
		}
	}
	return nil
}

func (c checker) dependencies(s types.ServiceConfig) error {
	for _, name := range slices.Sorted(maps.Keys(s.DependsOn)) {
		_, active := c.Services[name]
		_, disabled := c.DisabledServices[name]
		_, job := c.Jobs[name]
		switch {
		case active, disabled && !s.DependsOn[name].Required:
		case job:
			return invalid("service %q cannot depend on job %q: services can only depend on other services", s.Name, name)
		default:
			return invalid("service %q depends on undefined service %q", s.Name, name)
		}
	}
	return nil
}

// resources checks that what a service uses is defined.
func (c checker) resources(s types.ServiceConfig) error {
	undefined := func(what, name string) error {
		return invalid("service %q refers to undefined %s %s", s.Name, what, name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Networks)) {
		if _, ok := c.Networks[name]; !ok {
			return undefined("network", name)
		}
	}
	for _, v := range s.Volumes {
		if _, ok := c.Volumes[v.Source]; !ok && v.Type == types.VolumeTypeVolume && v.Source != "" {
			return undefined("volume", v.Source)
		}
	}
	if s.Build != nil {
		for _, secret := range s.Build.Secrets {
			if _, ok := c.Secrets[secret.Source]; !ok {
				return undefined("build secret", secret.Source)
			}
		}
	}
	for _, config := range s.Configs {
		if _, ok := c.Configs[config.Source]; !ok {
			return undefined("config", config.Source)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Models)) {
		if _, ok := c.Models[name]; !ok {
			return undefined("model", name)
		}
	}
	for _, secret := range s.Secrets {
		if _, ok := c.Secrets[secret.Source]; !ok {
			return undefined("secret", secret.Source)
		}
	}
	return nil
}

func (c checker) jobs() error {
	for name := range c.AllJobs() {
		if _, ok := c.either(name); ok {
			return invalid("%q is declared both as a service and a job: service and job names must be unique", name)
		}
	}
	for name, job := range c.Jobs {
		for on, d := range job.DependsOn {
			_, sibling := c.Jobs[on]
			_, active := c.Services[on]
			_, disabled := c.DisabledServices[on]
			if !sibling && !active && (!disabled || d.Required) {
				return invalid("job %q depends on undefined service or job %q", name, on)
			}
		}
	}
	return nil
}

// cycles finds a circle of dependencies.
func (c checker) cycles() error {
	done := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		if err := c.circle([]string{name}, done); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) circle(path []string, done map[string]bool) error {
	name := path[len(path)-1]
	if done[name] {
		return nil
	}
	for _, next := range slices.Sorted(maps.Keys(c.Services[name].DependsOn)) {
		if _, ok := c.Services[next]; !ok {
			continue
		}
		if i := slices.Index(path, next); i >= 0 {
			return fmt.Errorf("dependency cycle detected: %s -> %s", strings.Join(path[i:], " -> "), next)
		}
		if err := c.circle(append(path, next), done); err != nil {
			return err
		}
	}
	done[name] = true
	return nil
}
