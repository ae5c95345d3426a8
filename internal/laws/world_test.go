package laws

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// A world is one random case while it is being made: a stack that was brought
// up, what was done since, and the stack that is desired now.
type world struct {
	testing.TB
	*rand.Rand
	ground
	project string
	before  *spec.Stack
	after   *spec.Stack
	options planner.Options
	deeds   []deed // in their order
}

// A ground is what a world stands on: an engine, by the hands of others.
type ground interface {
	on() engine.Engine
	// image makes an image, in the n-th version of a service, and returns its
	// reference.
	image(service string, version int) string
	// retag has a reference mean the image of another version.
	retag(service string, version int)
	// subnet is one that nothing else uses.
	subnet() string
	// real says that an engine runs the containers, and that it is of the
	// kind that cannot do everything.
	real() bool

	stop(container string)
	pause(container string)
	remove(container string)
	rename(container, to string)
	limit(container string, memory int64)
	disconnect(container, network string)
	connect(container, network string, e spec.Endpoint)
	starting(container string)
	foreign(name, port string)
}

func (w *world) chance(percent int) bool { return w.IntN(100) < percent }

func oneOf[T any](w *world, list ...T) T { return list[w.IntN(len(list))] }

// clone is a copy that shares nothing.
func clone[T any](w *world, v T) T {
	text, err := json.Marshal(v)
	if err != nil {
		w.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(text, &out); err != nil {
		w.Fatal(err)
	}
	return out
}

var serviceNames = []string{"a", "b", "c", "d", "e"}

// stack makes a stack of up to five services; each may depend on those before
// it.
func (w *world) stack() *spec.Stack {
	s := &spec.Stack{
		Name: w.project, Services: map[string]spec.Service{},
		Networks: map[string]spec.Network{
			"default": {Name: w.network("default")},
			"other":   {Name: w.network("other"), IPAM: spec.IPAM{Config: []spec.Pool{{Subnet: w.subnet() + ".0/24"}}}},
		},
		Volumes: map[string]spec.Volume{"data": {Name: w.project + "_data"}},
	}
	n := len(serviceNames)
	if w.real() {
		n = 3
	}
	for i := range 1 + w.IntN(n) {
		s.Services[serviceNames[i]] = w.service(i, s)
	}
	keepLenders(s)
	markJobs(s)
	for name, service := range s.Services {
		if w.real() { // two of one namespace cannot listen at one address
			service.Container.Command = &[]string{"-address", ":818" + fmt.Sprint(slices.Index(serviceNames, name))}
			s.Services[name] = service
		}
		if service.Job && w.real() { // over before a hook could run in it
			service.Container.Command, service.PostStart, service.PreStop = &[]string{"exit", "0"}, nil, nil
			s.Services[name] = service
		}
	}
	return s
}

func (w *world) network(key string) string { return w.project + "_" + key }

func ends(s *spec.Stack, name string) bool {
	for _, service := range s.Services {
		if service.DependsOn[name].Condition == spec.Completed {
			return true
		}
	}
	return false
}

// keepLenders has nothing wait for the end of a service whose namespace another
// one shares, nor for the health of one that ends: such a stack cannot run.
func keepLenders(s *spec.Stack) {
	lends := map[string]bool{}
	for _, service := range s.Services {
		for name, d := range service.DependsOn {
			lends[name] = lends[name] || d.Namespace || len(service.Container.VolumesFrom) > 0
		}
	}
	for _, service := range s.Services {
		for name, d := range service.DependsOn {
			if lends[name] && d.Condition == spec.Completed || ends(s, name) && d.Condition == spec.Healthy {
				d.Condition = spec.Started
				service.DependsOn[name] = d
			}
		}
	}
}

// markJobs makes a job of each service whose success something waits for, as
// spec.Load does. A job that is always restarted has no end.
func markJobs(s *spec.Stack) {
	for name, service := range s.Services {
		service.Job = ends(s, name)
		if service.Job {
			service.Container.Restart = ""
		}
		s.Services[name] = service
	}
}

func (w *world) service(i int, s *spec.Stack) spec.Service {
	name := serviceNames[i]
	service := spec.Service{
		Name: name, Replicas: 1 + w.IntN(3), PullPolicy: "missing",
		Container: spec.Container{Image: w.image(name, 1), Networks: map[string]spec.Endpoint{w.network("default"): {Aliases: []string{name}}}},
		DependsOn: map[string]spec.Dependency{},
	}
	if w.real() {
		service.Replicas = 1 + w.IntN(2)
	}
	for _, other := range serviceNames[:i] {
		if w.chance(40) {
			service.DependsOn[other] = w.dependency(&service, other, s.Services[other])
		}
	}
	w.furnish(&service)
	w.limits(&service.Container)
	w.contested(&service)
	return service
}

func (w *world) dependency(service *spec.Service, other string, on spec.Service) spec.Dependency {
	d := spec.Dependency{Condition: spec.Started, Restart: w.chance(30), Required: true}
	switch {
	case w.chance(20):
		d.Condition = spec.Completed
	case on.Container.Healthcheck != nil && w.chance(60):
		d.Condition = spec.Healthy
	case w.chance(20) && service.Container.NetworkMode == "":
		d.Namespace = true
		service.Container.NetworkMode, service.Container.Networks = "service:"+other, nil
		if w.real() {
			service.Replicas = 1 // nor can its replicas
		}
	case w.chance(10) && service.Container.PID == "":
		d.Namespace = true
		service.Container.PID = "service:" + other
	case w.chance(10):
		service.Container.VolumesFrom = []string{other}
	}
	return d
}

// furnish gives a service some of what makes a difference to a planner.
func (w *world) furnish(s *spec.Service) {
	c := &s.Container
	if w.chance(40) {
		c.Healthcheck = &spec.Healthcheck{Test: []string{"CMD", "/probe", "id"}}
	}
	if w.chance(40) && c.Networks != nil {
		c.Networks[w.network("other")] = spec.Endpoint{Aliases: []string{s.Name}, Priority: w.IntN(3)}
	}
	c.Mounts = map[string]spec.Mount{}
	if w.chance(30) {
		c.Mounts["/data"] = spec.Mount{Type: "volume", Source: w.project + "_data", ReadOnly: w.chance(50)}
	}
	if w.chance(35) {
		c.Mounts["/scratch"] = spec.Mount{Type: "volume"}
	}
	if w.chance(20) && c.Networks != nil {
		c.Ports = map[string][]string{"80/tcp": {""}}
	}
	if w.chance(20) {
		w.file(s, "x")
	}
	if w.chance(20) {
		value := "1"
		c.Env = map[string]*string{"OF_A_FILE": &value}
	}
	s.Update.StartFirst = w.chance(30)
	s.Update.SharedVolumes = w.chance(30)
	if w.chance(20) {
		s.PreStop, s.PostStart = []spec.Hook{{Command: []string{"/probe", "id"}}}, []spec.Hook{{Command: []string{"/probe", "id"}}}
	}
}

// file gives a service a secret that is copied into its containers.
func (w *world) file(s *spec.Service, text string) {
	s.Files = map[string]spec.FileContent{"/secret": {Content: []byte(text)}}
	s.Container.Files = map[string]spec.File{"/secret": {Source: "secrets.x", Digest: digest([]byte(text))}}
}

// limits are what an engine can change later.
func (w *world) limits(c *spec.Container) {
	if w.chance(30) {
		c.Restart = oneOf(w, "always", "unless-stopped", "on-failure:3")
	}
	if w.chance(35) {
		c.Memory = 64 << 20
	}
	if w.chance(20) {
		c.CPUs = 5e8
	}
	if w.chance(20) {
		c.PidsLimit = 100
	}
	if w.chance(15) {
		c.CPUSet = "0"
	}
}

// contested gives a service what only one container can have: a fixed host
// port, a static address, a name of its own.
func (w *world) contested(s *spec.Service) {
	c := &s.Container
	_, onOther := c.Networks[w.network("other")]
	switch {
	case w.chance(10) && c.Networks != nil && c.Ports == nil:
		c.Ports = map[string][]string{"90/tcp": {w.port(s.Name)}}
	case w.chance(10) && onOther:
		e := c.Networks[w.network("other")]
		e.IPv4 = w.subnet() + "." + fmt.Sprint(50+slices.Index(serviceNames, s.Name))
		c.Networks[w.network("other")] = e
	case w.chance(7):
		s.ContainerName = w.project + "-the-" + s.Name
	default:
		return
	}
	s.Replicas = 1
}

// port is a host port that only this service publishes.
func (w *world) port(service string) string {
	return w.portBase() + fmt.Sprint(slices.Index(serviceNames, service))
}

// single reports whether a service can have one replica only.
func single(s spec.Service) bool {
	for _, e := range s.Container.Networks {
		if e.IPv4 != "" {
			return true
		}
	}
	return s.ContainerName != "" || s.Container.NetworkMode != "" || len(s.Container.Ports["90/tcp"]) > 0
}

func dependedOn(s *spec.Stack, name string) bool {
	for _, other := range s.Services {
		if _, ok := other.DependsOn[name]; ok {
			return true
		}
	}
	return false
}

// name is a container of a service before, by its number.
func (w *world) name(s spec.Service, n int) string {
	return Case{Desired: w.before}.name(s, n)
}

// ask chooses the flags.
func (w *world) ask() {
	w.options = planner.Options{
		ForceRecreate: w.chance(8), RemoveOrphans: w.chance(40), Build: w.chance(20), Wait: w.chance(40),
		NoStart: w.chance(4), RenewAnonymous: w.chance(4), Rerun: w.chance(8), NoRecreate: w.chance(4), NoDeps: w.chance(5),
	}
	names := slices.Sorted(maps.Keys(w.after.Services))
	if w.chance(20) {
		w.options.OnFailure = oneOf(w, spec.Rollback, spec.Stop, spec.Continue)
	}
	if name := oneOf(w, names...); w.chance(15) && !single(w.after.Services[name]) {
		w.options.Scale = map[string]int{name: w.IntN(4)}
	}
	if w.chance(10) {
		w.options.Services = []string{oneOf(w, names...)}
	}
	if w.chance(5) {
		w.options.Pull = oneOf(w, "always", "missing", "never")
	}
	if w.real() {
		w.options.Pull, w.options.Build = "", false // there is no registry
	}
}

func (w *world) portBase() string {
	if w.real() {
		return "27" + w.subnet()[len(w.subnet())-2:]
	}
	return "808"
}
