package enginetest

import (
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

func shares() map[string]func(*suite) {
	return map[string]func(*suite){
		"AnonymousVolumes":            anonymousVolumes,
		"AnonymousVolumesCarriedOver": anonymousCarriedOver,
		"EphemeralPort":               ephemeralPort,
		"PortTaken":                   portTaken,
		"SharedNamespace":             sharedNamespace,
		"SharedNamespaceWithNothing":  sharedWithNothing,
	}
}

// anonymousVolumes stay with a removal that does not name them. Named ones stay
// anyhow.
func anonymousVolumes(s *suite) {
	named := s.volume("data")
	c := s.definition()
	c.Mounts = map[string]spec.Mount{"/data": {Type: "volume", Source: named}, "/anonymous": {Type: "volume"}}
	for volumes, left := range map[bool]bool{false: true, true: false} {
		name := s.start("web", c)
		anonymous := s.container(name).Anonymous
		if len(anonymous) != 1 || anonymous["/anonymous"] == "" {
			s.Fatalf("anonymous volumes: %v", anonymous)
		}
		s.clean(engine.RemoveVolume{Name: anonymous["/anonymous"]})
		s.ok(engine.RemoveContainer{Name: name, Volumes: volumes})
		found := s.read(engine.Query{Volumes: []string{anonymous["/anonymous"], named}}).Volumes
		if _, ok := found[anonymous["/anonymous"]]; ok != left {
			s.Errorf("removed with volumes %v: the anonymous one is there: %v", volumes, ok)
		}
		if _, ok := found[named]; !ok {
			s.Error("the named volume is gone")
		}
	}
}

// anonymousCarriedOver: the volume of the old container is that of the new one,
// and outlives both.
func anonymousCarriedOver(s *suite) {
	c := s.definition()
	c.Mounts = map[string]spec.Mount{"/anonymous": {Type: "volume"}}
	before := s.start("old", c)
	volume := s.container(before).Anonymous["/anonymous"]
	s.ok(engine.StopContainer{Name: before})
	after := s.start("new", c, func(op *engine.CreateContainer) {
		op.Anonymous = map[string]string{"/anonymous": volume}
		op.Labels[engine.LabelAnonymous] = engine.EncodeMap(op.Anonymous)
	})
	s.clean(engine.RemoveVolume{Name: volume})
	if got := s.container(after).Anonymous["/anonymous"]; got != volume {
		s.Errorf("carried over %q, got %q", volume, got)
	}
	for _, name := range []string{before, after} {
		s.ok(engine.RemoveContainer{Name: name, Volumes: true})
		if _, ok := s.read(engine.Query{Volumes: []string{volume}}).Volumes[volume]; !ok {
			s.Fatalf("the volume went with %s", name)
		}
	}
}

// published is a definition with a port that the engine chooses. Ports need a
// network.
func (s *suite) published() spec.Container {
	c := s.definition()
	c.Networks = map[string]spec.Endpoint{s.network("net"): {}}
	c.Ports = map[string][]string{"8080/tcp": {"127.0.0.1:"}}
	return c
}

// ephemeralPort: the engine chooses one at the start.
func ephemeralPort(s *suite) {
	name := s.start("web", s.published())
	ports := s.container(name).Ports
	if len(ports) != 1 || ports[0].Public == 0 || ports[0].Private != 8080 || ports[0].Protocol != "tcp" || ports[0].IP != "127.0.0.1" {
		s.Errorf("ports: %+v", ports)
	}
}

func portTaken(s *suite) {
	c := s.published()
	first := s.start("first", c)
	c.Ports = map[string][]string{"8080/tcp": {"127.0.0.1:" + decimal(s.container(first).Ports[0].Public)}}
	second := s.create("second", c)
	if _, err := s.try(engine.StartContainer{Name: second}); err == nil {
		s.Error("two containers have one host port")
	}
	s.ok(engine.RemoveContainer{Name: first})
	s.ok(engine.StartContainer{Name: second})
}

func sharedNamespace(s *suite) {
	first := s.serve("first")
	c := s.definition("say", "hello")
	c.NetworkMode = "service:first"
	second := s.create("second", c, func(op *engine.CreateContainer) { op.NetworkMode = "container:" + first })
	if joins := s.container(second).Joins; len(joins) != 1 || joins[0] != s.container(first).ID {
		s.Errorf("joins %v", joins)
	}
	s.reads(second, c, c)
	s.ok(engine.StopContainer{Name: first})
	if _, err := s.try(engine.StartContainer{Name: second}); err == nil {
		s.Error("started in the namespace of a stopped container")
	}
}

func sharedWithNothing(s *suite) {
	op := s.creation("web", s.definition())
	op.NetworkMode = "container:" + s.project + "-none"
	s.clean(engine.RemoveContainer{Name: op.Name})
	s.fails(op, engine.ErrNotFound)
}
