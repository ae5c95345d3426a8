//go:build e2e

package laws

import (
	"archive/tar"
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

var stacks = flag.Int("stacks", 8, "how many random stacks the laws are held on with a real engine")

// TestRealEngine holds the laws on random stacks, deeds and flags on the engine
// at DOCKER_HOST. Half of the runs are killed twice on their way, and each must
// end as the memory engine foretells of an undisturbed one.
func TestRealEngine(t *testing.T) {
	images := importProbe(t)
	var tally realTally
	t.Run("stacks", func(t *testing.T) {
		for i := range *stacks {
			seed := *first + i
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				tryReal(t, seed, images, &tally)
			})
		}
	})
	t.Logf("%d stacks on a real engine: %d refused, %d plans empty, %d runs killed, %d actions planned",
		tally.stacks.Load(), tally.refused.Load(), tally.empty.Load(), tally.kills.Load(), tally.actions.Load())
}

type realTally struct{ stacks, refused, empty, kills, actions atomic.Int64 }

func tryReal(t *testing.T, seed int, images map[int]string, tally *realTally) {
	tally.stacks.Add(1)
	r := newReal(t, seed, images)
	w := &world{TB: t, Rand: rand.New(rand.NewPCG(uint64(seed), 2)), project: r.project, ground: r}
	w.begin(w.chance(90))
	w.many(allDeeds())
	c := Case{Engine: foretold(w, r, seed), Desired: w.after, Options: w.options, Up: planner.Up}

	before := snapshot(t, r.engine, c.Desired)
	p, err := c.Up(c.Desired, before, c.Options)
	if err != nil {
		tally.refused.Add(1)
		t.Logf("refused: %v", err)
		return
	}
	c.holdReal(t, p, before, w, r, tally)
}

// foretold is the memory engine after the same story.
func foretold(w *world, r *realEngine, seed int) *memory.Engine {
	e := memory.New()
	e.ConnectAfterCreate(true)
	twin := &world{TB: w, Rand: rand.New(rand.NewPCG(uint64(seed), 2)), project: w.project, ground: inMemory{w, e, r}}
	twin.begin(twin.chance(90))
	twin.many(allDeeds())
	return e
}

func (c Case) holdReal(t *testing.T, p *plan.Plan, before engine.State, w *world, r *realEngine, tally *realTally) {
	for range 20 {
		if again, err := c.Up(c.Desired, before, c.Options); err != nil || again.Graph() != p.Graph() {
			t.Fatalf("pure: another plan of the same input (error %v):\n%s\nthe first was:\n%s", err, graph(again), p.Graph())
		}
	}
	if err := p.Check(); err != nil {
		t.Fatalf("explained, acyclic and complete: %v", err)
	}
	if p.Empty() {
		tally.empty.Add(1)
	}
	tally.actions.Add(int64(len(p.Actions)))
	for i := 0; i < 2 && w.Rand.IntN(2) == 0 && len(p.Actions) > 0; i++ {
		tally.kills.Add(1)
		kill := countdown{left: w.IntN(len(p.Actions)), perform: performOn(r.engine)}
		// Its error is the kill.
		_, _ = reconciler.Apply(t.Context(), kill.call, p, reconciler.Options{})
		p = c.mustPlan(t, r.engine)
	}
	guard := newWatch(c, r.engine)
	guard.lags = true
	if _, err := reconciler.Apply(t.Context(), guard.perform, p, reconciler.Options{}); err != nil {
		t.Fatalf("fixpoint: apply: %v\nthe plan was:\n%s", err, p.Graph())
	}
	c.settledReal(t, guard.verdict(), p, before, r)
}

func (c Case) mustPlan(t *testing.T, r engine.Reader) *plan.Plan {
	p, err := c.Up(c.Desired, snapshot(t, r, c.Desired), c.Options)
	if err != nil {
		t.Fatalf("interruptible: the next plan: %v", err)
	}
	return p
}

// settledReal looks at what a run has left.
func (c Case) settledReal(t *testing.T, harm []string, p *plan.Plan, before engine.State, r *realEngine) {
	now := snapshot(t, r.engine, c.Desired)
	for _, text := range append(harm, c.missed(now)...) {
		t.Errorf("%s\nthe plan was:\n%s", text, p.Graph())
	}
	for _, name := range c.lostVolumes(t, before, r.engine) {
		t.Errorf("safe: volume %s is lost\nthe plan was:\n%s", name, p.Graph())
	}
	if next := c.settled().mustPlan(t, r.engine); !next.Empty() {
		t.Errorf("fixpoint: the next plan is not empty:\n%s\nthe plan was:\n%s", next.Graph(), p.Graph())
	}
	if want, got := c.foretell(t), c.describe(now); got != want {
		t.Errorf("interruptible: the end is\n%s\nand not\n%s\nthe plan was:\n%s", got, want, p.Graph())
	}
}

// foretell is how an undisturbed run ends in memory.
func (c Case) foretell(t *testing.T) string {
	p := c.mustPlan(t, c.Engine)
	if _, err := reconciler.Apply(t.Context(), performOn(c.Engine), p, reconciler.Options{}); err != nil {
		t.Fatalf("fixpoint: apply in memory: %v", err)
	}
	return c.picture(t, c.Engine)
}

// realEngine is the ground of a world on a Docker Engine. All that it makes
// carries the name of its project, and goes with it.
type realEngine struct {
	testing.TB
	engine  *docker.Engine
	project string
	number  int
	ids     map[int]string
}

func newReal(t *testing.T, seed int, ids map[int]string) *realEngine {
	e, err := docker.Open(t.Context(), docker.Options{Host: os.Getenv("DOCKER_HOST")})
	if err != nil {
		t.Fatal(err)
	}
	r := &realEngine{t, e, fmt.Sprintf("laws%d-%d", os.Getpid(), seed), seed, ids}
	t.Cleanup(func() {
		r.sweep()
		_ = e.Close() // the test is over
	})
	return r
}

func (r *realEngine) on() engine.Engine     { return r.engine }
func (r *realEngine) real() bool            { return true }
func (r *realEngine) subnet() string        { return fmt.Sprintf("10.233.%d", 10+r.number%80) }
func (r *realEngine) id(version int) string { return r.ids[version] }

func (r *realEngine) reference(service string, version int) string {
	return fmt.Sprintf("%s-%s:%d", r.project, service, version)
}

func (r *realEngine) image(service string, version int) string {
	ref := r.reference(service, version)
	r.docker("tag", r.ids[version], ref)
	return ref
}

func (r *realEngine) retag(service string, version int) {
	r.docker("tag", r.ids[version], r.reference(service, 1))
}

// act has docker do something to a container that is there.
func (r *realEngine) act(container string, args ...string) {
	if exec.Command("docker", "inspect", "--type", "container", container).Run() == nil {
		r.docker(args...)
	}
}

func (r *realEngine) stop(container string)       { r.act(container, "stop", container) }
func (r *realEngine) pause(container string)      { r.act(container, "pause", container) }
func (r *realEngine) remove(container string)     { r.act(container, "rm", "-f", container) }
func (r *realEngine) rename(container, to string) { r.act(container, "rename", container, to) }
func (r *realEngine) starting(string)             {}

func (r *realEngine) limit(container string, bytes int64) {
	r.act(container, "update", "--memory", fmt.Sprint(bytes), "--memory-swap", fmt.Sprint(2*bytes), container)
}

func (r *realEngine) disconnect(container, network string) {
	r.act(container, "network", "disconnect", network, container)
}

func (r *realEngine) connect(container, network string, e spec.Endpoint) {
	r.act(container, "network", "connect", "--alias", e.Aliases[0], network, container)
}

func (r *realEngine) foreign(name, port string) {
	args := []string{"run", "-d", "--name", name, "--label", "dev.stack.laws=" + r.project}
	if port != "" {
		args = append(args, "-p", port+":80")
	}
	r.docker(append(args, r.ids[1])...)
}

func (r *realEngine) docker(args ...string) string {
	r.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		r.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// sweep removes all that carries the project's name, its anonymous volumes too.
func (r *realEngine) sweep() {
	state, err := r.engine.Snapshot(context.Background(), engine.Query{Project: r.project})
	if err != nil {
		r.Errorf("sweep: %v", err)
	}
	list := func(args ...string) []string { return strings.Fields(r.docker(args...)) }
	each := func(names []string, args ...string) {
		if len(names) > 0 {
			_ = exec.Command("docker", append(args, names...)...).Run() // looked at below
		}
	}
	mine := "label=" + engine.LabelProject + "=" + r.project
	each(append(list("ps", "-aq", "--filter", mine), list("ps", "-aq", "--filter", "label=dev.stack.laws="+r.project)...), "rm", "-fv")
	each(list("network", "ls", "-q", "--filter", mine), "network", "rm")
	each(list("volume", "ls", "-q", "--filter", mine), "volume", "rm", "-f")
	for _, c := range state.Containers {
		for _, name := range c.Anonymous {
			each([]string{name}, "volume", "rm", "-f")
		}
	}
	each(list("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference="+r.project+"-*"), "rmi")
	if left := list("ps", "-aq", "--filter", mine); len(left) > 0 {
		r.Errorf("sweep: containers are left: %q", left)
	}
}

// importProbe makes three images of the program in e2e/probe, and returns their
// IDs by version.
func importProbe(t *testing.T) map[int]string {
	path := filepath.Join(t.TempDir(), "probe")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", path, "../../e2e/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the probe: %v\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[int]string{}
	for version := 1; version <= 3; version++ {
		load := exec.CommandContext(t.Context(), "docker", "import", "--change", `ENTRYPOINT ["/probe"]`, "--change", fmt.Sprintf("ENV VERSION=%d", version), "-", fmt.Sprintf("stack-laws/probe:%d-%d", os.Getpid(), version))
		load.Stdin = layer(t, program)
		out, err := load.Output()
		if err != nil {
			t.Fatalf("import: %v", err)
		}
		ids[version] = strings.TrimSpace(string(out))
		t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", ids[version]).Run() }) // nothing uses it any more
	}
	return ids
}

func layer(t *testing.T, program []byte) *bytes.Buffer {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range []tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: "probe", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}
