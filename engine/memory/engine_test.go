package memory_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

var _ engine.Engine = (*memory.Engine)(nil)

var errLost = errors.New("lost")

// with returns an engine on which operations have been carried out. It has the
// images web and job.
func with(t *testing.T, ops ...plan.Op) *memory.Engine {
	t.Helper()
	e := memory.New()
	e.SetImage("web", engine.Image{})
	e.SetImage("job", engine.Image{})
	for _, op := range ops {
		if err := perform(e, op); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func perform(e *memory.Engine, op plan.Op) error {
	_, err := engine.Perform(context.Background(), e, op, func(plan.Progress) {})
	return err
}

func create(name string, c spec.Container) engine.CreateContainer {
	if c.Image == "" {
		c.Image = "web"
	}
	label, err := engine.EncodeDefinition(c)
	if err != nil {
		panic(err)
	}
	op := engine.CreateContainer{Name: name, Definition: c, Labels: map[string]string{
		engine.LabelProject: "p", engine.LabelService: name, engine.LabelDefinition: label,
	}}
	for network := range c.Networks {
		op.Connect = append(op.Connect, network)
	}
	return op
}

func start(name string) engine.StartContainer { return engine.StartContainer{Name: name} }

func state(t *testing.T, e *memory.Engine) engine.State {
	t.Helper()
	s, err := e.Snapshot(context.Background(), engine.Query{Project: "p"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func container(t *testing.T, e *memory.Engine, name string) engine.Container {
	t.Helper()
	for _, c := range state(t, e).Containers {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no container %s", name)
	return engine.Container{}
}

func TestFailedOperationIsNotCarriedOut(t *testing.T) {
	e := with(t)
	e.Fail(func(plan.Op) error { return errLost })
	if err := perform(e, create("web", spec.Container{})); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	if n := len(state(t, e).Containers); n != 0 || len(e.Ops()) != 1 {
		t.Errorf("%d containers, operations %v", n, e.Ops())
	}
}

func TestLostAnswerIsOfAnOperationThatWasCarriedOut(t *testing.T) {
	e := with(t)
	e.FailAfter(func(plan.Op) error { return errLost })
	if err := perform(e, create("web", spec.Container{})); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	container(t, e, "web")
}

func TestReadsAndWaitsAreNoOperations(t *testing.T) {
	e := with(t, create("web", spec.Container{}), start("web"))
	before := e.Reads()
	state(t, e)
	if err := perform(e, engine.WaitContainer{Name: "web", Condition: engine.Running}); err != nil {
		t.Fatal(err)
	}
	if len(e.Ops()) != 2 || e.Reads() != before+1 {
		t.Errorf("operations %v, %d reads", e.Ops(), e.Reads()-before)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	net := spec.Container{Networks: map[string]spec.Endpoint{"net": {}}}
	e := with(t, engine.CreateNetwork{Definition: spec.Network{Name: "net"}}, create("web", net), start("web"))
	before := state(t, e)
	c := e.Clone()
	if got := state(t, c); !reflect.DeepEqual(got, before) {
		t.Errorf("the copy is %+v, not %+v", got, before)
	}
	c.Drift().Disconnect("web", "net")
	c.Drift().Stop("web")
	c.Print("web", "x")
	for _, op := range []plan.Op{
		create("other", spec.Container{}), engine.CopyFiles{Name: "web", Files: map[string]spec.FileContent{"/f": {}}},
		engine.RemoveContainer{Name: "web"}, engine.RemoveNetwork{Name: "net"}, engine.CreateVolume{}, engine.BuildImage{Image: "web"},
	} {
		if err := perform(c, op); err != nil {
			t.Fatal(err)
		}
	}
	if got := state(t, e); !reflect.DeepEqual(got, before) || len(e.Ops()) != 3 || len(c.Ops()) != 6 || len(e.Files("web")) > 0 {
		t.Errorf("the original is now %+v", got)
	}
}

func TestIDsHangOnNamesOnly(t *testing.T) {
	first := container(t, with(t, create("a", spec.Container{}), create("b", spec.Container{})), "b")
	second := container(t, with(t, create("b", spec.Container{})), "b")
	if first.ID != second.ID || len(first.ID) != 64 {
		t.Errorf("%s and %s", first.ID, second.ID)
	}
	e := with(t, create("b", spec.Container{}), engine.RemoveContainer{Name: "b"}, create("b", spec.Container{}))
	if container(t, e, "b").ID == first.ID {
		t.Error("another container has the same ID")
	}
}

func TestStartNeedsTheNetworkItWasConnectedTo(t *testing.T) {
	network := engine.CreateNetwork{Definition: spec.Network{Name: "net"}}
	e := with(t, network, create("web", spec.Container{Networks: map[string]spec.Endpoint{"net": {}}}), engine.RemoveNetwork{Name: "net"}, network)
	if err := perform(e, start("web")); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestEqualBuildsGiveEqualImages(t *testing.T) {
	e := with(t)
	build := func(version string) string {
		op := engine.BuildImage{Image: "built", Build: spec.Build{Context: "/src", Args: map[string]string{"VERSION": version}}}
		out, err := engine.Perform(context.Background(), e, op, func(plan.Progress) {})
		if err != nil {
			t.Fatal(err)
		}
		return out.ImageID
	}
	one, again, other := build("1"), build("1"), build("2")
	if one != again || one == other {
		t.Errorf("built %s, %s and %s", one, again, other)
	}
	e.SetBuild("built:latest", engine.Image{ID: "sha256:set"})
	if got := build("1"); got != "sha256:set" {
		t.Errorf("built %s", got)
	}
}

func TestImageBringsItsVolumesAndItsHealthcheck(t *testing.T) {
	e := with(t)
	e.SetImage("db:1", engine.Image{Volumes: []string{"/var/lib", "/named"}, Healthcheck: &spec.Healthcheck{Test: []string{"CMD", "x"}}})
	mounts := map[string]spec.Mount{"/named": {Type: "volume", Source: "data"}}
	for _, op := range []plan.Op{create("db", spec.Container{Image: "db:1", Mounts: mounts}), start("db")} {
		if err := perform(e, op); err != nil {
			t.Fatal(err)
		}
	}
	c := container(t, e, "db")
	if len(c.Anonymous) != 1 || c.Anonymous["/var/lib"] == "" || c.Health != engine.HealthStarting {
		t.Errorf("got %+v", c)
	}
}

func TestDriftIsSeenAndIsNoOperation(t *testing.T) {
	net := engine.CreateNetwork{Definition: spec.Network{Name: "net"}}
	e := with(t, net, create("web", spec.Container{Networks: map[string]spec.Endpoint{"net": {}}}), start("web"), create("gone", spec.Container{}))
	d := e.Drift()
	d.Update("web", func(c *spec.Container) { c.Memory = 1 << 20 })
	d.Disconnect("web", "net")
	d.Pause("web")
	d.Rename("web", "renamed")
	d.Remove("gone")
	got := container(t, e, "renamed")
	if got.Observed.Memory != 1<<20 || got.Recorded.Memory != 0 || len(got.Observed.Networks) != 0 || len(got.Recorded.Networks) != 1 {
		t.Errorf("recorded %+v\nobserved %+v", got.Recorded, got.Observed)
	}
	if got.Status != engine.StatusPaused || len(state(t, e).Containers) != 1 || len(e.Ops()) != 4 {
		t.Errorf("got %+v, operations %v", got, e.Ops())
	}
}

func TestRestartPolicyBringsACrashedProgramBack(t *testing.T) {
	e := with(t, create("web", spec.Container{Restart: "on-failure:3"}), start("web"))
	e.Drift().Exit("web", 1)
	var notReady *engine.NotReadyError
	err := perform(e, engine.WaitContainer{Name: "web", Condition: engine.Running})
	if got := container(t, e, "web"); got.Status != engine.StatusRestarting || got.Restarts != 1 || !errors.As(err, &notReady) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestProgramEndsWhenItsEndIsWaitedFor(t *testing.T) {
	e := with(t, create("job", spec.Container{}), start("job"))
	if err := perform(e, engine.WaitContainer{Name: "job", Condition: engine.Completed}); err != nil {
		t.Fatal(err)
	}
	if got := container(t, e, "job"); got.Status != engine.StatusExited || got.ExitCode != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestWaitGoesOnWithTheContainersChange waits for a container that nothing has
// started yet.
func TestWaitGoesOnWithTheContainersChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := with(t, create("web", spec.Container{}))
		ended := make(chan error, 1)
		go func() { ended <- perform(e, engine.WaitContainer{Name: "web", Condition: engine.Running}) }()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("the wait ended with %v", err)
		default:
		}
		if err := perform(e, start("web")); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestSnapshotOfALaterVersionIsRefused(t *testing.T) {
	op := create("web", spec.Container{})
	op.Labels[engine.LabelDefinition] = `{"v":1000}`
	e := with(t, op)
	if _, err := e.Snapshot(context.Background(), engine.Query{Project: "p"}); !errors.Is(err, engine.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestClockGoesOnWithOperationsOnly(t *testing.T) {
	e := with(t, create("web", spec.Container{}))
	first, second := state(t, e), state(t, e)
	if !first.Taken.Equal(second.Taken) {
		t.Errorf("read at %s and %s", first.Taken, second.Taken)
	}
	if err := perform(e, start("web")); err != nil {
		t.Fatal(err)
	}
	if got := state(t, e).Taken.Sub(first.Taken); got != time.Second {
		t.Errorf("an operation took %s", got)
	}
}

func TestPortsOfOneRangeGoToTwoContainers(t *testing.T) {
	ports := spec.Container{Ports: map[string][]string{"80/tcp": {"8000-8001"}}}
	e := with(t, create("a", ports), create("b", ports), create("c", ports), start("a"), start("b"))
	if err := perform(e, start("c")); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if a, b := container(t, e, "a").Ports, container(t, e, "b").Ports; a[0].Public != 8000 || b[0].Public != 8001 {
		t.Errorf("ports %v and %v", a, b)
	}
}
