package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// remarks notes what is worth knowing of the services of this run beside their
// changes.
func (u *up) remarks(order []string) {
	for _, name := range order {
		s := u.desired.Services[name]
		u.remarkSources(s)
		u.remarkPorts(s)
		u.remarkEphemeral(s)
		u.remarkLocal(s)
	}
	u.remarkReservations(order)
}

// nameable is how many of several things a note names.
const nameable = 3

// remarkSources tells that an image that the plan takes as it is was built
// before its sources were written.
func (u *up) remarkSources(s spec.Service) {
	ref := s.Container.Image
	found, there := u.observed.Images[ref]
	if s.Sources == nil || !there || u.images[ref].action != "" {
		return
	}
	if s.Sources.Unread != "" {
		u.note(s.Name, "whether the build context changed since image %s was built was not looked at: %s", ref, s.Sources.Unread)
		return
	}
	built := found.Tagged
	if built.IsZero() {
		built = found.Created
	}
	var newer []string
	for _, file := range sortedKeys(s.Sources.Written) {
		if s.Sources.Written[file].After(built) {
			newer = append(newer, file)
		}
	}
	if len(newer) > 0 {
		u.note(s.Name, "the build context changed since image %s was built: %s (--build builds it)", ref, some(newer))
	}
}

// some names the first of several things, and counts the others.
func some(names []string) string {
	if len(names) <= nameable {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:nameable], ", "), len(names)-nameable)
}

// remarkPorts tells of the host ports that the plan binds and that a program of
// the host has, which is no container: else it would be a conflict.
func (u *up) remarkPorts(s spec.Service) {
	if !slices.ContainsFunc(u.turns[s.Name], func(r *replica) bool { return r.begun != "" }) {
		return
	}
	for _, b := range fixedPorts(s.Container) {
		if slices.ContainsFunc(u.observed.Listening, b.clash) && !u.published(b) {
			u.note(s.Name, "host port %s is taken by a program on this host that is no container; the start is going to fail", b)
		}
	}
}

// published reports whether a container has the host port.
func (u *up) published(b binding) bool {
	return slices.ContainsFunc(u.before.Containers, func(c engine.Container) bool { return slices.ContainsFunc(c.Ports, b.clash) }) ||
		slices.ContainsFunc(u.before.Foreign, func(f engine.Foreign) bool { return slices.ContainsFunc(f.Ports, b.clash) })
}

// remarkEphemeral tells of host ports that the engine chose, and chooses anew at
// the next start.
func (u *up) remarkEphemeral(s spec.Service) {
	var moving []string
	for _, r := range u.turns[s.Name] {
		if r.begun == "" || !r.certain() || !ephemeral(s.Container) {
			continue
		}
		for _, p := range r.found.Ports {
			if text := fmt.Sprintf("%d -> %d/%s", p.Public, p.Private, p.Protocol); p.Public != 0 && !u.fixes(s, p) && !slices.Contains(moving, text) {
				moving = append(moving, text)
			}
		}
	}
	if len(moving) > 0 {
		u.note(s.Name, "the engine chooses these host ports, and is going to choose others: %s", some(moving))
	}
}

func (u *up) fixes(s spec.Service, p engine.Port) bool {
	return slices.ContainsFunc(fixedPorts(s.Container), func(b binding) bool { return b.clash(p) })
}
