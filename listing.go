package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
)

// List returns the project's containers as the engine lists them, the newest
// first. It asks once, whatever there is. A service that neither the file nor any
// container knows is an *UnknownServiceError.
func List(ctx context.Context, e engine.Inspector, p Project, sel Selection) ([]engine.Listing, error) {
	all, err := list(ctx, e, p.Name)
	if err != nil {
		return nil, err
	}
	containers := make([]engine.Container, len(all))
	for i, l := range all {
		containers[i] = l.Container
	}
	if err := p.known(containers, sel.Services); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(l engine.Listing) bool { return !sel.has(l.Container) }), nil
}

func list(ctx context.Context, e engine.Inspector, project string) (all []engine.Listing, err error) {
	err = Retry(ctx, nil, func() error {
		all, err = e.List(ctx, project)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look at the engine: %w", err)
	}
	return all, nil
}

// Runs reports whether a container has a process, if only a paused one, or is
// about to have one again.
func Runs(c engine.Container) bool { return alive(c) }

// A Presence is what an engine has of one project.
type Presence struct {
	Name     string
	Statuses map[engine.Status]int // how many containers are how
	Files    []string              // that they were made from
}

// Projects returns the projects that have containers, by name: containers that
// run, or with all the others too.
func Projects(ctx context.Context, e engine.Inspector, all bool) ([]Presence, error) {
	found, err := list(ctx, e, "")
	if err != nil {
		return nil, err
	}
	byName := map[string]*Presence{}
	slices.Reverse(found)
	for _, c := range found {
		if !all && !Runs(c.Container) {
			continue
		}
		name := c.Labels[engine.LabelProject]
		if byName[name] == nil {
			byName[name] = &Presence{Name: name, Statuses: map[engine.Status]int{}}
		}
		byName[name].count(c)
	}
	var out []Presence
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, *byName[name])
	}
	return out, nil
}

func (p *Presence) count(c engine.Listing) {
	p.Statuses[c.Status]++
	for file := range strings.SplitSeq(c.Labels[engine.LabelFiles], ",") {
		if file != "" && !slices.Contains(p.Files, file) {
			p.Files = append(p.Files, file)
		}
	}
}

// Volumes returns the volumes of a project, by name; given services, those that
// their containers use. Those that keep generations are not among them.
func Volumes(ctx context.Context, e engine.Inspector, p Project, services []string) ([]engine.VolumeListing, error) {
	containers, err := List(ctx, e, p, Selection{Services: services, OneOff: true})
	if err != nil {
		return nil, err
	}
	volumes, err := e.ListVolumes(ctx, p.Name)
	if err != nil {
		return nil, err
	}
	used := func(name string) bool {
		return slices.ContainsFunc(containers, func(c engine.Listing) bool { return slices.Contains(c.Mounts, name) })
	}
	return slices.DeleteFunc(volumes, func(v engine.VolumeListing) bool {
		_, generation := v.Labels[engine.LabelGeneration]
		return generation || len(services) > 0 && !used(v.Name)
	}), nil
}

// Published returns the place on the host where a container's port is
// published: its address, and its number.
func Published(c engine.Listing, private uint16, protocol string) (engine.Port, error) {
	var there []string
	for _, port := range c.Ports {
		if port.Private == private && port.Protocol == protocol {
			return port, nil
		}
		there = append(there, fmt.Sprintf("%d/%s", port.Private, port.Protocol))
	}
	return engine.Port{}, &PortError{Container: c.Name, Port: fmt.Sprintf("%d/%s", private, protocol), There: slices.Compact(there)}
}

// A PortError says that a container has no such port.
type PortError struct {
	Container, Port string
	There           []string // those that it has
}

func (e *PortError) Error() string {
	return fmt.Sprintf("port %s: container %s has none", e.Port, e.Container)
}
