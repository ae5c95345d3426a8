package laws

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

var (
	cases  = flag.Int("cases", 80, "how many random stacks the laws are held on")
	points = flag.Int("points", 10, "at how many points of each plan it is killed, and made to fail; 0 for all")
)

// TestRandomStacks holds the laws on random stacks, drifts and options: each
// case brings one stack up, lets things happen to it, and plans another one
// that was made from the first.
func TestRandomStacks(t *testing.T) {
	for seed := range *cases {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := world{T: t, Rand: rand.New(rand.NewPCG(uint64(seed), 1)), engine: memory.New()}
			before := w.stack()
			w.up(before)
			w.drift()
			c := Case{Engine: w.engine, Desired: w.changed(before), Options: w.options(before), Points: *points}
			if _, err := c.Hold(t); err != nil {
				t.Logf("refused: %v", err)
			}
		})
	}
}

type world struct {
	*testing.T
	*rand.Rand
	engine *memory.Engine
}

func (w *world) chance(percent int) bool { return w.IntN(100) < percent }

var serviceNames = []string{"a", "b", "c", "d", "e"}

// stack makes a stack of up to five services; each may depend on those before
// it.
func (w *world) stack() *spec.Stack {
	s := &spec.Stack{
		Name: "p", Services: map[string]spec.Service{},
		Networks: map[string]spec.Network{"default": {Name: "p_default"}, "other": {Name: "p_other"}},
		Volumes:  map[string]spec.Volume{"data": {Name: "p_data"}},
	}
	w.engine.ConnectAfterCreate(w.chance(50))
	for i := range 1 + w.IntN(len(serviceNames)) {
		s.Services[serviceNames[i]] = w.service(i, s)
	}
	keepLenders(s)
	markJobs(s)
	return s
}

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
			lends[name] = lends[name] || d.Namespace
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
// spec.Load does.
func markJobs(s *spec.Stack) {
	for name, service := range s.Services {
		service.Job = false
		for _, other := range s.Services {
			service.Job = service.Job || other.DependsOn[name].Condition == spec.Completed
		}
		s.Services[name] = service
	}
}

func (w *world) service(i int, s *spec.Stack) spec.Service {
	name := serviceNames[i]
	service := spec.Service{
		Name: name, Replicas: 1 + w.IntN(3), PullPolicy: "missing",
		Container: spec.Container{Image: name + ":1", Networks: map[string]spec.Endpoint{"p_default": {Aliases: []string{name}}}},
		DependsOn: map[string]spec.Dependency{},
	}
	for _, other := range serviceNames[:i] {
		if w.chance(40) {
			service.DependsOn[other] = w.dependency(&service, other, s.Services[other])
		}
	}
	w.furnish(&service)
	w.engine.SetImage(service.Container.Image, engine.Image{ID: "sha256:" + name})
	w.engine.SetRegistry(service.Container.Image, engine.Image{ID: "sha256:" + name})
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
	}
	return d
}

// furnish gives a service some of what makes a difference to a planner.
func (w *world) furnish(s *spec.Service) {
	c := &s.Container
	if w.chance(40) {
		c.Healthcheck = &spec.Healthcheck{Test: []string{"CMD", "check"}}
	}
	if w.chance(40) && c.Networks != nil {
		c.Networks["p_other"] = spec.Endpoint{Aliases: []string{s.Name}, Priority: w.IntN(3)}
	}
	if w.chance(30) {
		c.Mounts = map[string]spec.Mount{"/data": {Type: "volume", Source: "p_data", ReadOnly: w.chance(50)}}
	}
	if w.chance(20) {
		c.Mounts = map[string]spec.Mount{"/scratch": {Type: "volume"}}
	}
	if w.chance(30) {
		c.Restart = "always"
	}
	if w.chance(30) {
		c.Memory = 512 << 20
	}
	if w.chance(20) && c.Networks != nil {
		c.Ports = map[string][]string{"80/tcp": {""}}
	}
	if w.chance(20) {
		s.Files = map[string]spec.FileContent{"/secret": {Content: []byte("x")}}
		c.Files = map[string]spec.File{"/secret": {Source: "secrets.x", Digest: "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}}
	}
	s.Update.StartFirst = w.chance(30)
	if w.chance(20) {
		s.PreStop = []spec.Hook{{Command: []string{"drain"}}}
		s.PostStart = []spec.Hook{{Command: []string{"warm"}}}
	}
}

// changed is the stack with some services changed, some gone, and perhaps the
// network.
func (w *world) changed(s *spec.Stack) *spec.Stack {
	out := *s
	out.Services = map[string]spec.Service{}
	for _, name := range serviceNames {
		service, ok := s.Services[name]
		if ok && (w.chance(90) || dependedOn(s, name)) {
			out.Services[name] = w.altered(service)
		}
	}
	if w.chance(15) {
		out.Networks = map[string]spec.Network{"default": {Name: "p_default", Internal: true}, "other": s.Networks["other"]}
	}
	markJobs(&out)
	return &out
}

func dependedOn(s *spec.Stack, name string) bool {
	for _, other := range s.Services {
		if _, ok := other.DependsOn[name]; ok {
			return true
		}
	}
	return false
}

func (w *world) altered(s spec.Service) spec.Service {
	value := fmt.Sprint(w.IntN(100))
	if w.chance(25) {
		s.Container.Env = map[string]*string{"A": &value}
	}
	if w.chance(20) {
		s.Container.Memory = []int64{0, 512 << 20, 1 << 30}[w.IntN(3)]
	}
	if w.chance(15) {
		s.Container.Restart = []string{"", "always"}[w.IntN(2)]
	}
	if w.chance(15) && s.Container.Networks != nil {
		s.Container.Networks = map[string]spec.Endpoint{"p_default": {Aliases: []string{s.Name, "www"}}}
	}
	if w.chance(25) {
		s.Replicas = w.IntN(4)
	}
	if w.chance(15) {
		s.Build = &spec.Build{Context: "/src"}
		w.engine.SetBuild(s.Container.Image, engine.Image{ID: "sha256:built" + value})
	}
	return s
}

func (w *world) options(s *spec.Stack) planner.Options {
	o := planner.Options{
		ForceRecreate: w.chance(10), RemoveOrphans: w.chance(40), Build: w.chance(30), Wait: w.chance(40),
		NoStart: w.chance(5), RenewAnonymous: w.chance(5), Rerun: w.chance(10),
	}
	if w.chance(20) {
		o.OnFailure = []spec.OnFailure{spec.Rollback, spec.Stop, spec.Continue}[w.IntN(3)]
	}
	if w.chance(15) {
		o.Scale = map[string]int{"a": w.IntN(4)}
	}
	return o
}

func (w *world) up(s *spec.Stack) {
	w.Helper()
	p, err := planner.Up(s, snapshot(w, w.engine, s), planner.Options{Wait: true})
	if err != nil {
		w.Fatal(err)
	}
	perform := func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
		return engine.Perform(ctx, w.engine, op, progress)
	}
	if _, err := reconciler.Apply(context.Background(), perform, p, reconciler.Options{}); err != nil {
		w.Fatalf("up of the stack before: %v\n%s", err, p.Graph())
	}
}

// drift has others do things to some containers.
func (w *world) drift() {
	state, err := w.engine.Snapshot(context.Background(), engine.Query{Project: "p"})
	if err != nil {
		w.Fatal(err)
	}
	d := w.engine.Drift()
	for _, c := range state.Containers {
		if !w.chance(25) {
			continue
		}
		switch w.IntN(7) {
		case 0:
			d.Stop(c.Name)
		case 1:
			if c.Status == engine.StatusRunning {
				d.Pause(c.Name)
			}
		case 2:
			d.Remove(c.Name)
		case 3:
			d.Update(c.Name, func(c *spec.Container) { c.Memory = 1 << 29 })
		case 4:
			d.Disconnect(c.Name, "p_default")
		case 5:
			d.Rename(c.Name, "stray-"+c.Name)
		case 6:
			d.Update(c.Name, func(c *spec.Container) { c.Restart = "" })
		}
	}
}
