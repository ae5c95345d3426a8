// Package enginetest is what every engine must do, as one suite of tests: each
// operation of the seam with its idempotence and its errors, what a snapshot
// shows, and what waits wait for. It never knows which engine it runs on: Env
// says what the suite may expect.
package enginetest

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// An Env says how to run the suite on one engine. Engine, Image and Prefix are
// required.
//
// The image's entrypoint is a program, /probe, that e2e/probe has in full. The
// suite uses of it:
//
//	(no argument)          serve until SIGTERM; print "serving", then "ready"
//	-ready-after 300ms     the same, but fail the healthcheck for so long
//	-unhealthy             the same, but fail the healthcheck always
//	-ignore-term           the same, but do not end on SIGTERM
//	-exit 3 -exit-after D  serve for so long, and exit with the code
//	health                 the healthcheck: exit with 0 if the server is ready
//	cat FILE               print a file; on stderr why that cannot be
//	env KEY                print a variable of the environment
//	say TEXT               print a line
//	exit CODE              exit with it
type Env struct {
	// Engine gives the engine under test. It is called by each test, from its
	// own goroutine; the tests run in parallel.
	Engine func(t *testing.T) engine.Engine
	Image  string // a local reference of the image
	// Prefix begins the name of everything that the suite makes, and its
	// project labels. The suite removes what it makes.
	Prefix string

	// Pause pauses a container behind the back of an engine that Engine gave.
	// nil: not tested.
	Pause func(ctx context.Context, e engine.Engine, name string) error
	// Pull is a reference that a pull brings; "": no registry, not tested.
	Pull string
	// Build makes some image, the same each time; nil: not tested.
	Build *spec.Build
	// Subnet is free for a network, with room for 200 addresses: the first
	// three parts of an IPv4 address, such as 10.231.77; "": not tested.
	Subnet string
}

// Run runs the whole suite, one subtest for each promise.
func Run(t *testing.T, env Env) {
	for _, group := range []map[string]func(*suite){containers(), shares(), changes(), waits(), networks(), volumes(), images(), streams(), archives(), acts(), files(), inspects()} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(newSuite(t, env, name))
			})
		}
	}
}

// patience is how long a test may take. It is no measure of speed: slow
// machines are slow.
const patience = 2 * time.Minute

// suite is one test of the suite: an engine, and a project of its own.
type suite struct {
	*testing.T
	engine.Engine
	env     Env
	ctx     context.Context
	project string
}

func newSuite(t *testing.T, env Env, name string) *suite {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return &suite{T: t, Engine: env.Engine(t), env: env, ctx: ctx, project: env.Prefix + "-" + strings.ToLower(name)}
}

// definition is that of a container that runs the probe, which serves when it
// has no arguments.
func (s *suite) definition(args ...string) spec.Container {
	c := spec.Container{Image: s.env.Image}
	if len(args) > 0 {
		c.Command = &args
	}
	return c
}

// creation is the call that makes a container of the suite's project.
func (s *suite) creation(service string, c spec.Container) engine.CreateContainer {
	s.Helper()
	label, err := engine.EncodeDefinition(c)
	if err != nil {
		s.Fatal(err)
	}
	op := engine.CreateContainer{Name: s.project + "-" + service + "-1", Definition: c}
	op.Labels = engine.With(c.Labels, map[string]string{
		engine.LabelProject: s.project, engine.LabelService: service, engine.LabelNumber: "1",
		engine.LabelOneOff: "False", engine.LabelDefinition: label,
	})
	for name := range c.Networks {
		op.Connect = append(op.Connect, name)
	}
	return op
}

// create makes a container, and returns its name.
func (s *suite) create(service string, c spec.Container, edit ...func(*engine.CreateContainer)) string {
	s.Helper()
	op := s.creation(service, c)
	for _, f := range edit {
		f(&op)
	}
	s.clean(engine.RemoveContainer{Name: op.Name, Volumes: true})
	s.ok(op)
	return op.Name
}

// start makes and starts a container, and returns its name.
func (s *suite) start(service string, c spec.Container, edit ...func(*engine.CreateContainer)) string {
	s.Helper()
	name := s.create(service, c, edit...)
	s.ok(engine.StartContainer{Name: name})
	return name
}

// serve is start for a container that serves and has nothing special.
func (s *suite) serve(service string) string {
	s.Helper()
	return s.start(service, s.definition())
}

// ok performs an operation that must succeed.
func (s *suite) ok(op plan.Op) plan.Outcome {
	s.Helper()
	out, err := s.try(op)
	if err != nil {
		s.Fatalf("%s: %v", op.Kind(), err)
	}
	return out
}

// twice performs an operation that must succeed also when its work is done.
func (s *suite) twice(op plan.Op) {
	s.Helper()
	s.ok(op)
	if _, err := s.try(op); err != nil {
		s.Errorf("%s, once more: %v", op.Kind(), err)
	}
}

func (s *suite) try(op plan.Op) (plan.Outcome, error) {
	return engine.Perform(s.ctx, s.Engine, op, func(plan.Progress) {})
}

// clean performs an operation at the end of the test.
func (s *suite) clean(op plan.Op) {
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := engine.Perform(ctx, s.Engine, op, func(plan.Progress) {}); err != nil {
			s.Errorf("cleaning up: %v", err)
		}
	})
}

// snapshot reads the suite's project.
func (s *suite) snapshot() engine.State {
	s.Helper()
	return s.read(engine.Query{Project: s.project})
}

func (s *suite) read(q engine.Query) engine.State {
	s.Helper()
	state, err := s.Snapshot(s.ctx, q)
	if err != nil {
		s.Fatalf("snapshot: %v", err)
	}
	return state
}

// container reads one container of the project, which must be there.
func (s *suite) container(name string) engine.Container {
	s.Helper()
	for _, c := range s.snapshot().Containers {
		if c.Name == name {
			return c
		}
	}
	s.Fatalf("container %s is not in the snapshot", name)
	return engine.Container{}
}

// has reports whether a container of the project is there.
func (s *suite) has(name string) bool {
	s.Helper()
	for _, c := range s.snapshot().Containers {
		if c.Name == name {
			return true
		}
	}
	return false
}

// labels are those of an object of the project with more of them.
func (s *suite) labels(more map[string]string) map[string]string {
	out := map[string]string{engine.LabelProject: s.project}
	maps.Copy(out, more)
	return out
}
