package memory_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/enginetest"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/spec"
)

func TestConformance(t *testing.T) {
	for _, connectAfterCreate := range []bool{false, true} {
		t.Run(fmt.Sprintf("connect after create %v", connectAfterCreate), func(t *testing.T) {
			conform(t, connectAfterCreate)
		})
	}
}

func conform(t *testing.T, connectAfterCreate bool) {
	env := enginetest.Env{
		Image: "probe", Prefix: "conform", Pull: "registry.example.org/pulled:1", Subnet: "10.231.77",
		Build: &spec.Build{Context: "/src", Args: map[string]string{"VERSION": "1"}},
	}
	env.Engine = func(*testing.T) engine.Engine {
		e := memory.New()
		e.ConnectAfterCreate(connectAfterCreate)
		e.SetImage(env.Image, engine.Image{})
		e.SetRegistry(env.Pull, engine.Image{})
		e.SetProgram(env.Image, probe)
		return e
	}
	env.Pause = func(_ context.Context, e engine.Engine, name string) error {
		m, ok := e.(*memory.Engine)
		if ok {
			m.Drift().Pause(name)
		}
		return nil
	}
	enginetest.Run(t, env)
}

// probe does what the program in e2e/probe does, as far as the suite uses it.
func probe(c spec.Container) memory.Behaviour {
	var args []string
	if c.Command != nil {
		args = *c.Command
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return job(c, args)
	}
	b := memory.Behaviour{Output: "serving\n", Endless: true, Exec: run}
	if slices.Contains(args, "-unhealthy") {
		b.Health, b.Probe = engine.HealthUnhealthy, "503"
		if c.Healthcheck == nil || c.Healthcheck.Interval.Minutes() > 1 {
			b.Health = engine.HealthStarting // the verdict takes its time
		}
	}
	if i := slices.Index(args, "-exit"); i >= 0 {
		b.Exits = true
		b.Code, _ = strconv.Atoi(args[i+1])
	}
	return b
}

// job is a program that ends at once.
func job(c spec.Container, args []string) memory.Behaviour {
	var out, err strings.Builder
	p := memory.Process{Container: c, ExecOptions: engine.ExecOptions{Command: append([]string{"/probe"}, args...), Stdout: &out, Stderr: &err}}
	return memory.Behaviour{Exits: true, Code: run(p), Output: out.String(), Errors: err.String()}
}

// run runs one verb of the probe.
func run(p memory.Process) int {
	verb, arg := p.Command[1], p.Command[2]
	switch verb {
	case "exit":
		code, _ := strconv.Atoi(arg)
		return code
	case "say":
		fmt.Fprintln(p.Stdout, arg)
	case "env":
		fmt.Fprintln(p.Stdout, variable(p, arg))
	case "cat":
		file, ok := p.Files[arg]
		if !ok {
			fmt.Fprintf(p.Stderr, "probe: open %s: no such file\n", arg)
			return 1
		}
		_, _ = p.Stdout.Write(file.Content) // a buffer never fails
	}
	return 0
}

func variable(p memory.Process, key string) string {
	for _, pair := range p.Env {
		if value, ok := strings.CutPrefix(pair, key+"="); ok {
			return value
		}
	}
	if value := p.Container.Env[key]; value != nil {
		return *value
	}
	return ""
}
