package spec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// resolve makes the Stack of files that were found to be right. They are merged
// anew, by the rules of docker compose; what is still found wrong is one finding.
func (r *reading) resolve(ctx context.Context) (*Stack, error) {
	project, err := r.project(loadModes{})
	if err != nil {
		return nil, r.fileError(err)
	}
	s := &Stack{
		Name: r.name, WorkingDir: r.home, Distance: r.distance, Services: map[string]Service{}, Warnings: r.warnings,
		Networks: map[string]Network{}, Volumes: map[string]Volume{},
	}
	if r.reader.compatible {
		s.Separator = "_"
	}
	for _, src := range r.sources {
		s.Files = append(s.Files, cmpOr(src.path, src.name))
	}
	s.Inactive = slices.Sorted(maps.Keys(project.DisabledServices))
	resolver := &resolver{reading: r, project: project}
	for name, service := range project.Services {
		if service.Provider != nil {
			s.Providers = with(s.Providers, name, resolver.provider(service))
			continue
		}
		resolved := resolver.service(service)
		resolver.outside(service, &resolved)
		for _, step := range resolver.steps(service, &resolved) {
			s.Services[step.Name] = step
		}
		s.Services[name] = resolved
	}
	if len(resolver.findings) > 0 {
		return nil, &FileError{Findings: sorted(resolver.findings)}
	}
	s.Warnings = sorted(append(s.Warnings, resolver.warnings...))
	resolver.used(s)
	resolver.models(s)
	markJobs(s)
	addInputs(s)
	s.Positions = r.positions(s)
	return s, nil
}

// positions are the lines at which the services' names stand.
func (r *reading) positions(s *Stack) map[string]Position {
	out := make(map[string]Position, len(s.Services))
	services := r.tree.get("services")
	for name := range s.Services {
		if services == nil || services.fields[cmp.Or(s.Services[name].Of, name)].at.src == nil {
			continue
		}
		at := services.fields[cmp.Or(s.Services[name].Of, name)].at
		out[name] = Position{File: at.src.name, Line: at.line, Column: at.column}
	}
	return out
}

// markJobs marks the services whose success another one waits for.
func markJobs(s *Stack) {
	for _, service := range s.Services {
		for name, dependency := range service.DependsOn {
			if target, ok := s.Services[name]; ok && dependency.Condition == Completed {
				target.Job = true
				s.Services[name] = target
			}
		}
	}
}

// loadModes are the steps that a rendering can leave out.
type loadModes struct{ noNormalize, noPaths, noCheck bool }

// recovered makes a panic of compose-go's an error: its merge asserts types
// before anything has checked them. We check first, and this is for what slips
// through: a file must never end the process.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("compose-go: %v", p)
	}
}

// fileError makes an error of compose-go's a finding, at the service or
// definition that it names, as far as that can be told.
func (r *reading) fileError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f := place{r.sources[0], 1, 1}.finding("", err.Error(), "")
	if at, path, ok := r.mentioned(f.Message); ok {
		f = at.finding(path, f.Message, "")
	}
	return &FileError{Findings: []Finding{f}, Causes: []error{err}}
}

// mentioned looks for the longest path, or else a service's name, in a text.
func (r *reading) mentioned(text string) (at place, path string, ok bool) {
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \"'`,;", c) }) {
		steps := strings.Split(strings.Trim(word, ":"), ".")
		n := r.tree
		for i, step := range steps {
			if n == nil || n.kind != mapNode || n.fields[step].value == nil {
				break
			}
			f := n.fields[step]
			if n = f.value; i > 0 {
				at, path, ok = f.at, strings.Join(steps[:i+1], "."), true
			}
		}
		if service := r.tree.get("services"); !ok && service.get(word) != nil {
			at, path, ok = service.fields[word].at, "services."+word, true
		}
	}
	return at, path, ok
}

// A resolver turns the parts of a compose-go project into ours.
type resolver struct {
	*reading
	project  *types.Project
	findings []Finding
	warnings []Finding
}

// used adds the networks and volumes that active services use: docker compose
// makes no others, unless it is asked for all.
func (r *resolver) used(s *Stack) {
	if r.reader.all {
		for key, n := range r.project.Networks {
			s.Networks[key] = network(n)
		}
		for key, v := range r.project.Volumes {
			s.Volumes[key] = volume(v)
		}
	}
	for _, service := range r.project.Services {
		r.usedBy(service.ContainerSpec, s)
		for _, step := range service.PreStart {
			r.usedBy(step.ContainerSpec, s)
		}
	}
}

func (r *resolver) usedBy(c types.ContainerSpec, s *Stack) {
	for key := range c.Networks {
		s.Networks[key] = network(r.project.Networks[key])
	}
	for _, v := range c.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			s.Volumes[v.Source] = volume(r.project.Volumes[v.Source])
		}
	}
}

func network(n types.NetworkConfig) Network {
	if n.External {
		return Network{Name: n.Name, External: true}
	}
	out := Network{
		Name: n.Name, Driver: n.Driver, DriverOpts: n.DriverOpts, Internal: n.Internal, Attachable: n.Attachable,
		EnableIPv4: n.EnableIPv4, EnableIPv6: n.EnableIPv6, Labels: n.Labels,
		IPAM: IPAM{Driver: n.Ipam.Driver, Options: n.Ipam.Options},
	}
	for _, p := range n.Ipam.Config {
		if p != nil {
			out.IPAM.Config = append(out.IPAM.Config, Pool{Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddresses: p.AuxiliaryAddresses})
		}
	}
	return out
}

func volume(v types.VolumeConfig) Volume {
	if v.External {
		return Volume{Name: v.Name, External: true}
	}
	return Volume{Name: v.Name, Driver: v.Driver, DriverOpts: v.DriverOpts, Labels: v.Labels}
}

// node is the service's own node, for what compose-go's types cannot tell.
func (r *resolver) node(service string, keys ...string) *node {
	return r.tree.get(append([]string{"services", service}, keys...)...)
}

func (r *resolver) fail(service, key string, i int, message string) {
	r.findings = append(r.findings, r.finding(service, key, i, message))
}

func (r *resolver) warn(service, key string, i int, message string) {
	r.warnings = append(r.warnings, r.finding(service, key, i, message))
}

// unsetIn tells of a variable without a value in a file that an entry names.
func (r *resolver) unsetIn(service, key string, i int, file, variable string) {
	if r.reader.strict {
		f := r.finding(service, key, i, file+unsetStrictly(variable))
		f.Hint = unsetHint(variable)
		r.findings = append(r.findings, f)
		return
	}
	r.warn(service, key, i, file+unsetText(variable))
}

// finding stands at the entry i of a service's list, or at the list; i is -1 for
// what is no list.
func (r *resolver) finding(service, key string, i int, message string) Finding {
	n := r.node(service, key)
	if n == nil {
		return Finding{Field: "services." + service + "." + key, Message: message}
	}
	if i < 0 {
		return n.at.finding("services."+service+"."+key, message, "")
	}
	field := fmt.Sprintf("services.%s.%s[%d]", service, key, i)
	if list := listed(n); n.kind != mapNode && i < len(list.items) {
		n = list.items[i]
	}
	if n.kind == mapNode && n.get("path") != nil {
		n = n.get("path")
	}
	return n.at.finding(field, message, "")
}

// abs is an absolute path for one that compose-go left relative.
func (r *resolver) abs(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.dir, path)
}
