package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/internal/laws"
	"github.com/stackfile/stack/lock"
	"github.com/stackfile/stack/plan"
)

// Each script has an engine in memory of its own. Its commands:
//
//	stack ARG...            runs the program in this process
//	as NAME ARG...          the same, called by another name
//	code N ARG...           the same, and its exit status must be N
//	input TEXT              is what the next run reads from standard input
//	flag ARG... [--FLAG...] prints what a flag changes; see cmdFlag
//	image REF ID            puts an image into the registry
//	built REF ID            says what a build of REF gives
//	behave SERVICE KEY=VALUE...  says what the service's program does: exits, health,
//	                        probe, output, errors, exec (an exit code)
//	drift VERB CONTAINER    stop, pause or remove, behind our back
//	record SERVICE STOP READY  says how long the service took in an earlier run
//	listens PORT/PROTOCOL   a program of the host listens there
//	ops N                   the engine was asked for N changes since the last ops,
//	                        those of the lock and of generations not counted
//	locks N                 the lock was taken N times since the last locks
//	mode FILE MODE          the file's permission bits, in octal
//	edit FILE FROM TO       replaces the first of a text in a file
//	engine ID               from now on the engine is another one
//	held WHO                somebody holds the lock of project app: alive (this very
//	                        process), dead (it was one like this), elsewhere
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Values["world"] = newWorld()
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"stack": cmdStack, "as": cmdAs, "code": cmdCode, "input": cmdInput, "image": cmdImage, "built": cmdBuilt,
			"behave": cmdBehave, "drift": cmdDrift, "ops": cmdOps,
			"locks": cmdLocks, "held": cmdHeld, "mode": cmdMode, "edit": cmdEdit, "engine": cmdEngine,
			"record": cmdRecord, "listens": cmdListens, "flag": cmdFlag,
		},
		UpdateScripts: *update,
	})
}

// world is what the runs of one script share.
type world struct {
	engine *memory.Engine
	input  string
	name   string // what the program is called as; "" for its own name
	ops    int
	locks  int
}

func newWorld() *world {
	e := memory.New()
	for _, ref := range []string{"web:1", "web:2", "db:16", "job:1"} {
		e.SetRegistry(ref, engine.Image{ID: "sha256:" + strings.ReplaceAll(ref, ":", "-")})
	}
	return &world{engine: e}
}

func worldOf(ts *testscript.TestScript) *world {
	w, ok := ts.Value("world").(*world)
	if !ok {
		ts.Fatalf("no world: Setup did not run")
	}
	return w
}

// variables are those that a script may hand to the program.
var variables = []string{
	"HOME", "STACK_SHARED_PATHS", "XDG_CONFIG_HOME", "GITHUB_ACTIONS", "GITHUB_WORKSPACE", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND", "NO_COLOR", "TAG",
	"COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "COMPOSE_PROGRESS", "COMPOSE_ANSI",
	"COMPOSE_PARALLEL_LIMIT", "COMPOSE_REMOVE_ORPHANS", "COMPOSE_IGNORE_ORPHANS", "COMPOSE_COMPATIBILITY", "COMPOSE_STATUS_STDOUT",
}

func (w *world) run(ts *testscript.TestScript, args []string) int {
	return w.runTo(ts, args, ts.Stdout(), ts.Stderr())
}

func (w *world) runTo(ts *testscript.TestScript, args []string, to, errors io.Writer) int {
	env := map[string]string{}
	for _, name := range variables {
		if value := ts.Getenv(name); value != "" {
			env[name] = value
		}
	}
	input := w.input
	var stdout bytes.Buffer
	defer func() { published(ts, args, stdout.Bytes()) }()
	w.input = ""
	return Run(context.Background(), Environment{
		Name: w.name, Args: args, Stdin: strings.NewReader(input), Stdout: io.MultiWriter(to, &stdout), Stderr: errors,
		Env: env, Dir: ts.MkAbs("."), Now: clock(),
		OpenEngine: func(_ context.Context, opts docker.Options) (engine.Engine, error) {
			if opts.Host == "nowhere" {
				return nil, fmt.Errorf("engine at nowhere: %w", engine.ErrUnavailable)
			}
			return w.engine, nil
		},
	})
}

// published holds each plan that is printed as JSON to its schema.
func published(ts *testscript.TestScript, args []string, stdout []byte) {
	command := slices.ContainsFunc(args, func(arg string) bool { return arg == "plan" || arg == "diff" })
	if !command || !slices.Contains(args, "--json") || len(stdout) == 0 {
		return
	}
	schema, err := laws.ReadSchema("../../docs/plan.schema.json")
	ts.Check(err)
	ts.Check(schema.Check(stdout))
}

// clock stands still, an hour after the engine's own began.
func clock() func() time.Time {
	at := time.Date(2026, time.January, 1, 1, 0, 0, 0, time.UTC)
	return func() time.Time { return at }
}

func cmdStack(ts *testscript.TestScript, neg bool, args []string) {
	status := worldOf(ts).run(ts, args)
	if neg != (status != 0) {
		ts.Fatalf("exit status %d", status)
	}
}

func cmdAs(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	w.name = args[0]
	defer func() { w.name = "" }()
	cmdStack(ts, neg, args[1:])
}

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if status := worldOf(ts).run(ts, args[1:]); status != want || neg {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

func cmdInput(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).input = strings.ReplaceAll(strings.Join(args, " "), `\n`, "\n") + "\n"
}

func cmdImage(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).engine.SetRegistry(args[0], engine.Image{ID: args[1]})
}

func cmdBuilt(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).engine.SetBuild(args[0], engine.Image{ID: args[1]})
}

func cmdBehave(ts *testscript.TestScript, _ bool, args []string) {
	var b memory.Behaviour
	for _, arg := range args[1:] {
		key, value, _ := strings.Cut(arg, "=")
		value = strings.ReplaceAll(value, `\n`, "\n")
		switch key {
		case "exits":
			code, err := strconv.Atoi(value)
			ts.Check(err)
			b.Exits, b.Code = true, code
		case "health":
			b.Health = engine.Health(value)
		case "probe":
			b.Probe = value
		case "output":
			b.Output = value
		case "errors":
			b.Errors = value
		case "exec":
			code, err := strconv.Atoi(value)
			ts.Check(err)
			b.Exec = echo(code)
		default:
			ts.Fatalf("behave: %q", arg)
		}
	}
	worldOf(ts).engine.Behave(args[0], b)
}

// echo is a command that tells how it was called.
func echo(code int) func(memory.Process) int {
	return func(p memory.Process) int {
		fmt.Fprintf(p.Stdout, "%q env=%q user=%q dir=%q\n", p.Command, p.Env, p.User, p.WorkingDir)
		if p.Privileged {
			fmt.Fprintln(p.Stdout, "privileged")
		}
		if p.Stdin != nil {
			_, _ = io.Copy(p.Stdout, p.Stdin)
		}
		return code
	}
}

func cmdDrift(ts *testscript.TestScript, _ bool, args []string) {
	drift := worldOf(ts).engine.Drift()
	verbs := map[string]func(string){"stop": drift.Stop, "pause": drift.Pause, "remove": drift.Remove}
	verbs[args[0]](args[1])
}

func cmdRecord(ts *testscript.TestScript, _ bool, args []string) {
	stop, err := time.ParseDuration(args[1])
	ts.Check(err)
	ready, err := time.ParseDuration(args[2])
	ts.Check(err)
	worldOf(ts).engine.SetRecord(args[0], engine.Record{Stop: stop, Ready: ready})
}

func cmdListens(ts *testscript.TestScript, _ bool, args []string) {
	number, protocol, _ := strings.Cut(args[0], "/")
	port, err := strconv.ParseUint(number, 10, 16)
	ts.Check(err)
	worldOf(ts).engine.Listen(engine.Port{IP: "127.0.0.1", Public: uint16(port), Protocol: protocol})
}

func cmdOps(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	since(ts, &w.ops, args[0], w.changes(false))
}

func cmdLocks(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	since(ts, &w.locks, args[0], slices.DeleteFunc(w.changes(true), func(op plan.Op) bool { return op.Kind() == "RemoveVolume" }))
}

// since holds what came after the first *seen operations to a number.
func since(ts *testscript.TestScript, seen *int, number string, all []plan.Op) {
	want, err := strconv.Atoi(number)
	ts.Check(err)
	if got := all[*seen:]; len(got) != want {
		ts.Fatalf("%d, want %d: %v", len(got), want, got)
	}
	*seen = len(all)
}

// changes are what the engine was asked for: those of locks, or all others.
func (w *world) changes(ofLocks bool) (out []plan.Op) {
	for _, op := range w.engine.Ops() {
		name := ""
		switch op := op.(type) {
		case engine.CreateVolume:
			name = op.Definition.Name
		case engine.RemoveVolume:
			name = op.Name
		case engine.TagImage:
			name = op.As
		case engine.RemoveImage:
			name = op.Image
		}
		ofGenerations := strings.Contains(name, "_stack-gen-") || strings.HasPrefix(name, "stack-gen/")
		if strings.HasPrefix(name, "stack-lock.") == ofLocks && !ofGenerations {
			out = append(out, op)
		}
	}
	return out
}

func cmdHeld(ts *testscript.TestScript, _ bool, args []string) {
	holder := lock.Self()
	switch args[0] {
	case "dead":
		holder.Started++
	case "elsewhere":
		holder.Host, holder.Boot = "elsewhere", "another"
	}
	_, err := lock.Take(context.Background(), worldOf(ts).engine, "app", lock.Options{
		Command: "stack up", Patience: -1, Process: holder, Now: func() time.Time { return clock()().Add(-2 * time.Minute) },
	})
	ts.Check(err)
}

func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

func cmdEdit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s: no %q in it", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

func cmdEngine(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).engine.SetID(args[0])
}
