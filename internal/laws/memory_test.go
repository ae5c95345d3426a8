package laws

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// inMemory is the ground of a world on the memory engine.
type inMemory struct {
	testing.TB
	engine *memory.Engine
	like   model // a real one, for which it foretells what comes out; nil: none
}

// A model is what a real engine has others than one in memory.
type model interface {
	reference(service string, version int) string
	id(version int) string
	subnet() string
}

func (m inMemory) on() engine.Engine { return m.engine }
func (m inMemory) real() bool        { return m.like != nil }

func (m inMemory) subnet() string {
	if m.like != nil {
		return m.like.subnet()
	}
	return "10.0.0"
}

func (m inMemory) image(service string, version int) string {
	ref := m.reference(service, version)
	m.engine.SetImage(ref, m.content(ref, version))
	m.engine.SetRegistry(ref, m.content(ref, version))
	return ref
}

func (m inMemory) retag(service string, version int) {
	m.engine.SetImage(m.reference(service, 1), m.content(m.reference(service, version), version))
}

func (m inMemory) reference(service string, version int) string {
	if m.like != nil {
		return m.like.reference(service, version)
	}
	return fmt.Sprintf("%s:%d", service, version)
}

func (m inMemory) content(ref string, version int) engine.Image {
	if m.like != nil {
		return engine.Image{ID: m.like.id(version)}
	}
	return engine.Image{ID: "sha256:" + ref}
}

// there does something to a container. One that is not there any more is left
// alone: another deed, or an interrupted run, came first.
func (m inMemory) there(container string, do func(memory.Drift)) {
	if m.taken(container) {
		do(m.engine.Drift())
	}
}

func (m inMemory) taken(name string) bool {
	state, err := m.engine.Snapshot(context.Background(), engine.Query{})
	if err != nil {
		m.Fatal(err)
	}
	return slices.ContainsFunc(state.Containers, func(c engine.Container) bool { return c.Name == name }) ||
		slices.ContainsFunc(state.Foreign, func(f engine.Foreign) bool { return f.Name == name })
}

func (m inMemory) stop(container string) {
	m.there(container, func(d memory.Drift) { d.Stop(container) })
}

func (m inMemory) pause(container string) {
	m.there(container, func(d memory.Drift) { d.Pause(container) })
}

func (m inMemory) remove(container string) {
	m.there(container, func(d memory.Drift) { d.Remove(container) })
}

func (m inMemory) rename(container, to string) {
	m.there(container, func(d memory.Drift) { d.Rename(container, to) })
}

func (m inMemory) disconnect(container, network string) {
	m.there(container, func(d memory.Drift) { d.Disconnect(container, network) })
}

func (m inMemory) limit(container string, bytes int64) {
	m.there(container, func(d memory.Drift) { d.Update(container, func(c *spec.Container) { c.Memory = bytes }) })
}

func (m inMemory) starting(container string) {
	m.there(container, func(d memory.Drift) { d.SetHealth(container, engine.HealthStarting) })
}

func (m inMemory) connect(container, network string, e spec.Endpoint) {
	m.there(container, func(memory.Drift) {
		m.perform(engine.ConnectNetwork{Network: network, Container: container, Endpoint: e})
	})
}

func (m inMemory) foreign(name, port string) {
	if m.taken(name) {
		return
	}
	m.engine.SetImage("foreign", engine.Image{})
	create := engine.CreateContainer{Name: name, Definition: spec.Container{Image: "foreign"}}
	if port != "" {
		create.Definition.Ports = map[string][]string{"80/tcp": {port}}
	}
	m.perform(create)
	m.perform(engine.StartContainer{Name: name})
}

func (m inMemory) perform(op plan.Op) {
	m.Helper()
	if _, err := engine.Perform(context.Background(), m.engine, op, func(plan.Progress) {}); err != nil {
		m.Fatalf("%T: %v", op, err)
	}
}
