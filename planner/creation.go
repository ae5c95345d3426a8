package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// creation is the call that makes a replica's container.
func (u *up) creation(r *replica, s step, name string, connect []string) engine.CreateContainer {
	c := r.service.Container
	op := engine.CreateContainer{
		Name: name, Definition: c, Image: r.service.ImageID, Labels: u.labels(r), Connect: connect,
		NetworkMode: u.shared(c.NetworkMode), PID: u.shared(c.PID), IPC: u.shared(c.IPC),
		Anonymous: u.inherited(r), StopTimeout: r.service.StopTimeout,
		StdinOnce: r.service.OneOff != nil && r.service.OneOff.Stdin,
	}
	op.Labels[engine.LabelReasons] = engine.EncodeHistory(engine.History{Verb: s.change.Verb, Reasons: s.reasons})
	for _, from := range c.VolumesFrom {
		op.VolumesFrom = append(op.VolumesFrom, u.lender(from))
	}
	return op
}

// shared turns service:x into the container of x that a namespace is shared
// with: its first replica.
func (u *up) shared(mode string) string {
	name, ok := strings.CutPrefix(mode, "service:")
	if !ok {
		return mode
	}
	return "container:" + u.containerName(u.desired.Services[name], 1)
}

// lender turns an entry of volumes_from into the name of a container, its mode
// kept.
func (u *up) lender(from string) string {
	if rest, ok := strings.CutPrefix(from, "container:"); ok {
		return rest
	}
	name, mode, hasMode := strings.Cut(strings.TrimPrefix(from, "service:"), ":")
	container := u.containerName(u.desired.Services[name], 1)
	if hasMode {
		return container + ":" + mode
	}
	return container
}

func (u *up) lendsVolumes(s spec.Service, dependency string) bool {
	return slices.ContainsFunc(s.Container.VolumesFrom, func(from string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(from, "service:"), ":")
		return name == dependency
	})
}

// inherited are the anonymous volumes that the new container takes over from
// the old one: those whose target is not mounted otherwise.
func (u *up) inherited(r *replica) map[string]string {
	if r.found == nil || u.opts.RenewAnonymous || len(r.found.Anonymous) == 0 {
		return nil
	}
	out := maps.Clone(r.found.Anonymous)
	maps.DeleteFunc(out, func(target, _ string) bool {
		m, mounted := r.service.Container.Mounts[target]
		return mounted && m.Source != ""
	})
	return out
}

// leftBehind are the anonymous volumes that the new container does not take
// over. The engine keeps them, unused, until somebody prunes them.
func (u *up) leftBehind(r *replica) (out []string) {
	inherited := u.inherited(r)
	for _, target := range sortedKeys(r.found.Anonymous) {
		if _, ok := inherited[target]; !ok {
			out = append(out, fmt.Sprintf("anonymous volume at %s of %s", target, r.name))
		}
	}
	return out
}

// labels are all labels of a replica's container.
func (u *up) labels(r *replica) map[string]string {
	s := r.service
	recorded := &s.Container
	if r.recorded != nil {
		recorded = r.recorded
	}
	definition, err := engine.EncodeDefinition(*recorded)
	if err != nil {
		panic(fmt.Sprintf("planner: service %s: %v", s.Name, err))
	}
	digest := sha256.Sum256([]byte(definition))
	labels := engine.With(s.Container.Labels, map[string]string{
		engine.LabelProject:    u.desired.Name,
		engine.LabelService:    serviceLabel(s),
		engine.LabelNumber:     strconv.Itoa(r.number),
		engine.LabelOneOff:     "False",
		engine.LabelWorkingDir: u.desired.WorkingDir,
		engine.LabelFiles:      strings.Join(u.desired.Files, ","),
		engine.LabelHash:       hex.EncodeToString(digest[:]),
		engine.LabelDependsOn:  dependsOn(s.DependsOn),
		engine.LabelDefinition: definition,
	})
	if o := s.OneOff; o != nil {
		labels[engine.LabelOneOff], labels[engine.LabelSlug] = "True", o.Slug
		delete(labels, engine.LabelNumber)
	}
	if s.Of != "" {
		labels[engine.LabelPreStart] = s.Of
	}
	if len(s.Outside) > 0 {
		labels[engine.LabelOutside] = strings.Join(s.Outside, ",")
	}
	if inherited := u.inherited(r); len(inherited) > 0 {
		labels[engine.LabelAnonymous] = engine.EncodeMap(inherited)
	}
	if len(s.PostStart)+len(s.PreStop) > 0 {
		labels[engine.LabelHooks] = encode(engine.Hooks{PostStart: s.PostStart, PreStop: s.PreStop})
	}
	if marks := u.marks(r); len(marks) > 0 {
		labels[engine.LabelMarks] = engine.EncodeMarks(marks)
	}
	return labels
}

// serviceLabel is the service that containers and images of s are of. A single run
// has the name of the service that it runs: what it builds is that one's image.
func serviceLabel(s spec.Service) string {
	if s.OneOff != nil {
		return s.OneOff.Service
	}
	return s.Name
}

// marks are those of the secret values that a new container takes over from
// others of its service: from the one that it replaces, if that has the same.
func (u *up) marks(r *replica) map[string]string {
	kin := u.kin(r)
	if len(kin) == 0 {
		return nil
	}
	s := r.service
	secrets := engine.Secrets(spec.Service{Container: s.Container, PostStart: s.PostStart, PreStop: s.PreStop})
	out := map[string]string{}
	for _, c := range kin {
		made := c.Made()
		for pointer, value := range secrets {
			if was, ok := engine.Lookup(made, pointer); ok && was == value && out[pointer] == "" {
				out[pointer] = c.Mark(pointer)
			}
		}
	}
	return out
}

// kin are the containers of the replica's service that are there, the one that
// it replaces first.
func (u *up) kin(r *replica) []engine.Container {
	var out []engine.Container
	add := func(c *engine.Container) {
		if c != nil && c.Recorded != nil {
			out = append(out, *c)
		}
	}
	add(r.found)
	if old, ok := u.asides[r.name]; ok {
		add(&old)
	}
	for _, c := range u.byService[r.service.Name] {
		add(c)
	}
	return out
}

// dependsOn is the form in which docker compose records dependencies:
// name:condition:restart, separated by commas.
func dependsOn(dependencies map[string]spec.Dependency) string {
	var parts []string
	for _, name := range sortedKeys(dependencies) {
		d := dependencies[name]
		parts = append(parts, fmt.Sprintf("%s:%s:%t", name, d.Condition, d.Restart))
	}
	return strings.Join(parts, ",")
}
