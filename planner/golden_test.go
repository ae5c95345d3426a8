package planner_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/internal/laws"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

var update = flag.Bool("update", false, "write what the planner plans into testdata")

// TestGolden runs each case of testdata: the stack before.yaml is brought up on
// an engine in memory, what stands under do happens to it, and after.yaml (the
// same stack, where there is none) is planned with the options. Plan, graph and
// error, where the case has them, must be as it says; and each plan is held to
// the laws.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("cases: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			golden(t, file)
		})
	}
}

func golden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g := &goldenCase{T: t, dir: t.TempDir(), engine: memory.New(), sections: map[string]string{}}
	for _, f := range archive.Files {
		g.sections[f.Name] = string(f.Data)
	}
	got := g.run()
	for i, f := range archive.Files {
		text, checked := got[f.Name]
		if !checked {
			continue
		}
		if *update {
			archive.Files[i].Data = []byte(text)
		} else if text != string(f.Data) {
			t.Errorf("%s is\n%s\nwant\n%s", f.Name, text, f.Data)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

type goldenCase struct {
	*testing.T
	dir      string
	engine   *memory.Engine
	sections map[string]string
}

func (g *goldenCase) run() map[string]string {
	after := g.sections["after.yaml"]
	if before, ok := g.sections["before.yaml"]; ok {
		g.up(g.load(before))
		if after == "" {
			after = before
		}
	}
	g.eachDone(func(words []string) {
		if words[0] == "write" {
			g.write(words[1], strings.Join(words[2:], " "))
		}
	})
	desired := g.load(after)
	g.eachDone(g.do)
	p, err := laws.Case{Engine: g.engine, Desired: desired, Options: g.options()}.Hold(g)
	if err != nil {
		if _, ok := g.sections["error"]; !ok {
			g.Fatalf("plan: %v", err)
		}
		return map[string]string{"error": err.Error() + "\n"}
	}
	if _, ok := g.sections["error"]; ok {
		g.Fatalf("no error, but the plan\n%s", p.Graph())
	}
	g.published(p)
	return map[string]string{"plan": p.Text(), "graph": p.Graph()}
}

// published holds the plan's JSON to its schema.
func (g *goldenCase) published(p *plan.Plan) {
	g.Helper()
	text, err := p.JSON()
	if err != nil {
		g.Fatal(err)
	}
	schema, err := laws.ReadSchema("../docs/plan.schema.json")
	if err != nil {
		g.Fatal(err)
	}
	if err := schema.Check(text); err != nil {
		g.Errorf("the plan as JSON: %v\n%s", err, text)
	}
}

func (g *goldenCase) load(text string) *spec.Stack {
	g.Helper()
	g.write("stack.yaml", text)
	s, err := spec.Load(context.Background(), spec.LoadOptions{
		Dir: g.dir, Project: "p", Env: map[string]string{"PASSWORD": "hunter2", "OTHER_PASSWORD": "hunter3"},
	})
	if err != nil {
		g.Fatalf("load: %v", err)
	}
	for _, service := range s.Services {
		ref := service.Container.Image
		if service.Build != nil {
			g.engine.SetBuild(ref, engine.Image{ID: imageID("build of " + ref)})
			continue
		}
		g.engine.SetRegistry(ref, engine.Image{ID: imageID(ref)})
		if !strings.Contains(g.sections["do"], "image absent "+ref) {
			g.engine.SetImage(ref, engine.Image{ID: imageID(ref)})
		}
	}
	return s
}

// write makes a file beside the stack's.
func (g *goldenCase) write(name, text string) {
	g.Helper()
	path := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		g.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		g.Fatal(err)
	}
}

func imageID(ref string) string {
	digest := sha256.Sum256([]byte(ref))
	return "sha256:" + hex.EncodeToString(digest[:])
}

func (g *goldenCase) up(s *spec.Stack) {
	g.Helper()
	observed, err := g.engine.Snapshot(context.Background(), planner.Query(s))
	if err != nil {
		g.Fatal(err)
	}
	p, err := planner.Up(s, observed, planner.Options{Wait: true})
	if err != nil {
		g.Fatal(err)
	}
	perform := func(ctx context.Context, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
		return engine.Perform(ctx, g.engine, op, progress)
	}
	if _, err := reconciler.Apply(context.Background(), perform, p, reconciler.Options{}); err != nil {
		g.Fatalf("up of the stack before: %v", err)
	}
}

// eachDone calls f for each line of what happens.
func (g *goldenCase) eachDone(f func(words []string)) {
	for _, line := range strings.Split(strings.TrimSpace(g.sections["do"]), "\n") {
		if line != "" {
			f(strings.Fields(line))
		}
	}
}

// do is what happens to the engine between the two stacks. Containers are named
// without the project.
func (g *goldenCase) do(words []string) {
	g.Helper()
	d := g.engine.Drift()
	arg := func(i int) string {
		if i >= len(words) {
			g.Fatalf("do %s: too few words", words)
		}
		return words[i]
	}
	container := func(i int) string { return "p-" + arg(i) }
	switch words[0] {
	case "image":
		if arg(1) != "absent" {
			g.engine.SetImage(arg(1), engine.Image{ID: arg(2)})
		}
	case "connect-after-create":
		g.engine.ConnectAfterCreate(true)
	case "starting":
		d.SetHealth(container(1), engine.HealthStarting)
	case "compose":
		d.ByCompose(container(1))
		d.AllByCompose("p")
	case "again":
		d.Stop(container(1))
		g.perform(engine.StartContainer{Name: container(1)})
	case "stale":
		d.ReplaceFile(container(1), arg(2))
	case "stop":
		d.Stop(container(1))
	case "pause":
		d.Pause(container(1))
	case "rm":
		d.Remove(container(1))
	case "exited":
		code, err := strconv.Atoi(arg(2))
		if err != nil {
			g.Fatal(err)
		}
		g.perform(engine.StartContainer{Name: container(1)})
		d.Exit(container(1), code)
	case "rename":
		d.Rename(container(1), arg(2))
	case "copy":
		g.copy(container(1), arg(2))
	case "memory":
		bytes, err := strconv.ParseInt(arg(2), 10, 64)
		if err != nil {
			g.Fatal(err)
		}
		d.Update(container(1), func(c *spec.Container) { c.Memory = bytes })
	case "restart":
		d.Update(container(1), func(c *spec.Container) { c.Restart = strings.TrimPrefix(arg(2), "no") })
	case "double-network":
		d.DoubleNetwork(arg(1))
	case "disconnect":
		d.Disconnect(container(2), arg(1))
	case "reconnect":
		d.Disconnect(container(2), arg(1))
		g.perform(engine.ConnectNetwork{Container: container(2), Network: arg(1), Endpoint: spec.Endpoint{Aliases: []string{arg(3)}, IPv4: arg(4)}})
	case "rm-network":
		g.perform(engine.RemoveNetwork{Name: arg(1)})
	case "record":
		g.engine.SetRecord(arg(1), engine.Record{Stop: g.duration(arg(2)), Ready: g.duration(arg(3))})
	case "listens":
		port, err := strconv.ParseUint(arg(1), 10, 16)
		if err != nil {
			g.Fatal(err)
		}
		g.engine.Listen(engine.Port{IP: "0.0.0.0", Public: uint16(port), Protocol: "tcp"})
	case "write": // before the stack was loaded
	default:
		g.foreign(words, arg)
	}
}

func (g *goldenCase) duration(text string) time.Duration {
	g.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		g.Fatal(err)
	}
	return d
}

// copy makes and starts a second container like the first, under another name.
func (g *goldenCase) copy(name, as string) {
	g.Helper()
	state, err := g.engine.Snapshot(context.Background(), engine.Query{Project: "p"})
	if err != nil {
		g.Fatal(err)
	}
	for _, c := range state.Containers {
		if c.Name == name {
			g.perform(engine.CreateContainer{Name: as, Definition: *c.Recorded, Labels: c.Labels, Connect: []string{"p_default"}})
			g.perform(engine.StartContainer{Name: as})
			return
		}
	}
	g.Fatalf("copy: no container %s", name)
}

// foreign makes containers that no stack owns.
func (g *goldenCase) foreign(words []string, arg func(int) string) {
	g.Helper()
	g.engine.SetImage("foreign", engine.Image{ID: imageID("foreign")})
	create := engine.CreateContainer{Name: arg(1), Definition: spec.Container{Image: "foreign"}}
	switch words[0] {
	case "foreign":
	case "foreign-port":
		create.Definition.Ports = map[string][]string{"80/tcp": {arg(2)}}
	case "connect":
		g.perform(engine.ConnectNetwork{Container: arg(1), Network: arg(2)})
		return
	default:
		g.Fatalf("do %s: unknown", words)
	}
	g.perform(create)
	g.perform(engine.StartContainer{Name: arg(1)})
}

func (g *goldenCase) perform(op plan.Op) {
	g.Helper()
	if _, err := engine.Perform(context.Background(), g.engine, op, func(plan.Progress) {}); err != nil {
		g.Fatalf("%T: %v", op, err)
	}
}

// options reads the few flags that cases use.
func (g *goldenCase) options() planner.Options {
	g.Helper()
	var o planner.Options
	words := strings.Fields(g.sections["options"])
	for i := 0; i < len(words); i++ {
		switch word := words[i]; word {
		case "--wait":
			o.Wait = true
		case "--renew-anon-volumes":
			o.RenewAnonymous = true
		case "--build":
			o.Build = true
		case "--no-build":
			o.NoBuild = true
		case "--no-deps":
			o.NoDeps = true
		case "--rerun":
			o.Rerun = true
		case "--on-failure":
			i++
			o.OnFailure = spec.OnFailure(words[i])
		case "--no-start":
			o.NoStart = true
		case "--force-recreate":
			o.ForceRecreate = true
		case "--no-recreate":
			o.NoRecreate = true
		case "--remove-orphans":
			o.RemoveOrphans = true
		case "--scale":
			i++
			var n int
			service, count, _ := strings.Cut(words[i], "=")
			if _, err := fmt.Sscan(count, &n); err != nil {
				g.Fatal(err)
			}
			o.Scale = map[string]int{service: n}
		default:
			if strings.HasPrefix(word, "-") {
				g.Fatalf("options: unknown flag %s", word)
			}
			o.Services = append(o.Services, word)
		}
	}
	return o
}
