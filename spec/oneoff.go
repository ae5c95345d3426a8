package spec

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
)

// OneOff makes a service a single run of another one: its container is made and
// not started, and is no replica.
type OneOff struct {
	Service string // whose labels the container has
	Slug    string // tells it from other runs of that
	Stdin   bool   // somebody is attached to its standard input
	NoDeps  bool   // it depends on nothing
}

// With returns the stack with one more service, under a name of its own, which it
// returns too: a single run of a service that depends on what that depends on,
// but for the steps of its pre_start. Its ports, aliases and fixed addresses are
// left to the replicas. edit changes what it runs as.
func (s *Stack) With(o OneOff, edit func(*Service) error) (*Stack, string, error) {
	run, ok := s.Services[o.Service]
	if !ok {
		return nil, "", &UnknownServiceError{Name: o.Service}
	}
	short := o.Slug[:min(12, len(o.Slug))]
	name := o.Service + ".run." + short
	run.Name, run.OneOff, run.Replicas = name, &o, 1
	run.ContainerName = nameOf(s.Separator, s.Name, o.Service, "run", short)
	run.Job, run.PostStart, run.PreStop, run.Watch = false, nil, nil, nil
	run.DependsOn = maps.Clone(run.DependsOn)
	if o.NoDeps {
		run.DependsOn = nil
	}
	maps.DeleteFunc(run.DependsOn, func(step string, _ Dependency) bool { return s.Services[step].Of == o.Service })
	run.Container = run.Container.Alone()
	if err := edit(&run); err != nil {
		return nil, "", err
	}
	run.Local = s.localsOf(run)
	out := *s
	out.Services = maps.Clone(s.Services)
	out.Services[name] = run
	return &out, name, nil
}

// Alone is the container without what only one can have, or only a replica is to
// have: its ports, aliases, fixed addresses and restart policy.
func (c Container) Alone() Container {
	c.Restart, c.Ports = "", nil
	c.Env, c.Labels, c.Mounts = maps.Clone(c.Env), maps.Clone(c.Labels), maps.Clone(c.Mounts)
	c.Networks = maps.Clone(c.Networks)
	for name, e := range c.Networks {
		e.Aliases, e.IPv4, e.IPv6, e.MacAddress = nil, "", "", ""
		c.Networks[name] = e
	}
	return c
}

// ParsePorts reads entries of ports in the short syntax, as Container.Ports has
// them.
func ParsePorts(texts []string) (map[string][]string, error) {
	var list []types.ServicePortConfig
	for _, text := range texts {
		if _, err := parsePorts(text); err != nil {
			return nil, err
		}
		parsed, err := types.ParsePortConfig(text)
		if err != nil {
			return nil, err
		}
		list = append(list, parsed...)
	}
	return ports(list), nil
}

// Mount reads an entry of volumes in the short syntax. A relative path is
// relative to dir; a name is that of the stack's volume, or else of the engine's.
func (s *Stack) Mount(text, dir string) (target string, m Mount, err error) {
	if err := checkMountText(text); err != nil {
		return "", Mount{}, err
	}
	v, err := format.ParseVolume(text)
	if err != nil {
		return "", Mount{}, err
	}
	m = (&resolver{project: &types.Project{}}).mount(v)
	switch {
	case v.Type == types.VolumeTypeBind && strings.HasPrefix(v.Source, "~"):
		return "", Mount{}, fmt.Errorf("%s: ~ is for the shell to replace", text)
	case v.Type == types.VolumeTypeBind && !filepath.IsAbs(v.Source):
		m.Source = filepath.Join(dir, v.Source)
	case v.Source != "":
		m.Source = v.Source
		if own, ok := s.Volumes[v.Source]; ok {
			m.Source = own.Name
		}
	}
	return v.Target, m, nil
}

// ReadEnv returns the variables of env files, later ones over earlier ones.
// lookup answers for variables in their values.
func ReadEnv(files []string, lookup func(string) (string, bool)) (map[string]string, error) {
	out := map[string]string{}
	for _, file := range files {
		if err := readEnvFile(file, "", out, lookup, nil); err != nil {
			return nil, fmt.Errorf("env file %s: %w", file, err)
		}
	}
	return out, nil
}

// WithCaps adds and drops capabilities, the last word counting.
func (c *Container) WithCaps(add, drop []string) {
	c.CapAdd = slices.Concat(lacking(c.CapAdd, drop), add)
	c.CapDrop = slices.Concat(lacking(c.CapDrop, add), drop)
}

func lacking(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(text string) bool { return slices.Contains(other, text) })
}
