package memory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
)

// Version names the engine.
func (e *Engine) Version(ctx context.Context) (engine.Version, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	return engine.Version{Engine: Target, API: e.api(), Host: Target, OS: "linux", Arch: "amd64"}, ctx.Err()
}

// ID is what SetID says, the same for all engines in memory otherwise.
func (e *Engine) ID(ctx context.Context) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	return e.id, ctx.Err()
}

func (w *world) api() string {
	if w.connectOne {
		return "1.41"
	}
	return "1.47"
}

// Snapshot reads what q asks for. Containers are in the order of their names.
func (e *Engine) Snapshot(ctx context.Context, q engine.Query) (engine.State, error) {
	if err := ctx.Err(); err != nil {
		return engine.State{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	q = q.Extended(e.labelled())
	s := engine.State{
		Target: Target, API: e.api(), Taken: e.now(), ConnectAfterCreate: e.connectOne,
		Listening: slices.Clone(e.listening), Records: maps.Clone(e.records),
		Host:     e.machine(q),
		Networks: map[string]engine.Network{}, Volumes: map[string]engine.Volume{}, Images: map[string]engine.Image{},
	}
	for _, read := range []func(engine.Query, *engine.State) error{e.readContainers, e.readNetworks, e.readVolumes} {
		if err := read(q, &s); err != nil {
			return engine.State{}, err
		}
	}
	if q.Brief {
		s = engine.State{Target: s.Target, API: s.API, Taken: s.Taken, Host: s.Host, ConnectAfterCreate: s.ConnectAfterCreate, Containers: listed(s.Containers), Images: s.Images}
	}
	if q.Enough != nil {
		short := s
		if short.Containers = listed(s.Containers); q.Enough(short) {
			return short, nil
		}
	}
	e.readImages(q, &s)
	if len(e.records) > 0 && !q.Brief { // what a test says goes before what was measured
		measured := s.Records
		s.Records = maps.Clone(e.records)
		for service, r := range measured {
			if _, said := s.Records[service]; !said {
				s.Records[service] = r
			}
		}
	}
	return s, nil
}

// machine is one of two cores and 4 GiB without labels.
func (w *world) machine(q engine.Query) *engine.Host {
	if !q.Host {
		return nil
	}
	return &engine.Host{ID: Target, Hostname: Target, OS: "linux", Arch: "amd64", CPUs: 2e9, Memory: 4 << 30}
}

func listed(all []engine.Container) (out []engine.Container) {
	for _, c := range all {
		out = append(out, c.Listed())
	}
	return out
}

func (w *world) readImages(q engine.Query, s *engine.State) {
	for _, ref := range q.Images {
		if i, ok := w.image(ref); ok {
			i.References = w.references(i.ID)
			s.Images[ref] = i
		}
	}
	for ref, i := range w.images {
		if repository, _, _ := strings.Cut(ref, ":"); q.Repository != "" && repository == q.Repository {
			i.References = w.references(i.ID)
			s.Images[ref] = i
		}
	}
}

// labelled are the volumes with their labels only, by name.
func (w *world) labelled() map[string]engine.Volume {
	out := make(map[string]engine.Volume, len(w.volumes))
	for name, v := range w.volumes {
		out[name] = engine.Volume{Labels: v.labels}
	}
	return out
}

// within reports whether something with these labels is in the project, or, for
// "", in any.
func within(labels map[string]string, project string) bool {
	of, ok := labels[engine.LabelProject]
	return ok && (project == "" || of == project)
}

func (w *world) readContainers(q engine.Query, s *engine.State) error {
	for _, c := range w.sorted() {
		if !within(c.labels, q.Project) {
			s.Foreign = append(s.Foreign, engine.Foreign{Name: c.name, Project: c.labels[engine.LabelProject], Ports: slices.Clone(c.ports)})
			continue
		}
		found, err := c.snapshot(w.networks)
		if err != nil {
			return err
		}
		if q.Contents {
			found.Contents = w.contents(c, found)
		}
		s.Containers = append(s.Containers, found)
	}
	return nil
}

func (w *world) readNetworks(q engine.Query, s *engine.State) error {
	for name, n := range w.networks {
		if !within(n.labels, q.Project) && !slices.Contains(q.Networks, name) {
			continue
		}
		found, err := n.snapshot(w.members(name, n.id))
		if err != nil {
			return err
		}
		s.Networks[name] = found
	}
	return nil
}

func (w *world) readVolumes(q engine.Query, s *engine.State) error {
	for name, v := range w.volumes {
		if of, ok := v.labels[engine.LabelLock]; ok && of == q.Project {
			s.Locks = append(s.Locks, name)
		}
		if !within(v.labels, q.Project) && !slices.Contains(q.Volumes, name) {
			continue
		}
		found, err := v.snapshot()
		if err != nil {
			return err
		}
		s.AddVolume(name, found)
	}
	slices.Sort(s.Locks)
	return nil
}
