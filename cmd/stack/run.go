package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/cmd/stack/internal/progress"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/remote"
	"github.com/stackfile/stack/spec"
)

// Environment is everything a run of the command takes from outside.
type Environment struct {
	Name           string   // what the program was called as; docker-compose makes it that
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            map[string]string
	Dir            string           // the working folder
	Interrupts     <-chan os.Signal // the first stops in order, the second at once; nil: none
	OpenEngine     func(context.Context, docker.Options) (engine.Engine, error)
	Now            func() time.Time
}

// Run runs one command and returns its exit status.
func Run(ctx context.Context, env Environment) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if env.metadata() {
		_, _ = io.WriteString(env.Stdout, pluginMetadata())
		return statusDone
	}
	env.Args = env.arguments()
	p := &program{Environment: env, abort: make(chan struct{}), began: env.Now()}
	done := make(chan struct{})
	defer close(done)
	go p.heed(cancel, done)
	root := rootCommand(p) //nolint:contextcheck // cobra hands ctx to the command
	root.SetArgs(env.Args)
	command, err := root.ExecuteContextC(ctx)
	p.close()
	return p.exit(command, err)
}

// program is one run: what it was given, and what it opened on the way.
type program struct {
	Environment
	globals globals
	docker  dockerFlags
	abort   chan struct{} // closed by the second interrupt
	began   time.Time
	command string // what runs, such as "stack up"

	located   sync.Once // guards the next two: where the engine is, or why that is not known
	at        docker.Endpoint
	unlocated error
	engine    engine.Engine
	view      progress.View
	desired   *spec.Stack         // nil when no file was read
	output    map[string][]string // the last lines of builds, by action
	events    []reconciler.Event  // of actions that began or ended
	timed     bool                // say where the time went
	answers   *bufio.Reader       // what is said to questions; nil until there was one
	piped     []byte              // the stack file from standard input, which may be loaded twice
	fetched   *remote.Store       // of files that stand elsewhere; nil until there is one
}

// heed turns the first interrupt into a cancel, the second into the abort.
func (p *program) heed(cancel context.CancelFunc, done <-chan struct{}) {
	for _, act := range []func(){cancel, func() { close(p.abort) }} {
		select {
		case <-p.Interrupts:
			act()
		case <-done:
			return
		}
	}
}

func (p *program) close() {
	if p.view != nil {
		p.view.Close()
	}
	if c, ok := p.engine.(io.Closer); ok {
		_ = c.Close() // at the end of the process nobody could act on it
	}
}

// open connects to the engine on first use.
func (p *program) open(ctx context.Context) (engine.Engine, error) {
	if p.engine != nil {
		return p.engine, nil
	}
	opts, err := p.engineOptions()
	if err != nil {
		return nil, err
	}
	e, err := p.OpenEngine(ctx, opts)
	if err != nil {
		return nil, err
	}
	p.engine = e
	return e, nil
}

// load reads the stack file and tells what it warns about. services are those
// that the command names: that activates their profiles.
func (p *program) load(ctx context.Context, services []string) (*spec.Stack, error) {
	return p.loadWith(ctx, p.loadOptions(services))
}

// loadForPlan looks at what images are built from too. It costs a large context
// some tenths of a second, which up itself has no use for.
func (p *program) loadForPlan(ctx context.Context, services []string) (*spec.Stack, error) {
	opts := p.loadOptions(services)
	opts.Contexts = true
	return p.loadWith(ctx, opts)
}

func (p *program) loadWith(ctx context.Context, opts spec.LoadOptions) (*spec.Stack, error) {
	desired, err := stack.Load(ctx, opts)
	if err != nil {
		return nil, err
	}
	p.desired = desired
	for _, w := range desired.Warnings {
		p.say("warning", w.String())
	}
	return desired, nil
}

func (p *program) loadOptions(services []string) spec.LoadOptions {
	g := p.globals
	if p.piped == nil && slices.Contains(g.files, "-") {
		p.piped, _ = io.ReadAll(p.Stdin) // what is missing is a finding of the file
	}
	env := map[string]string{"PWD": p.Dir} // where no shell has set it
	maps.Copy(env, p.Env)
	return spec.LoadOptions{
		Dir: p.Dir, Files: g.files, Stdin: bytes.NewReader(p.piped), Project: g.project, ProjectDirectory: g.directory,
		Profiles: g.profiles, EnvFiles: g.envFiles, Env: env, Services: services, StrictEnv: g.strictEnv,
		AllResources: g.allResources, Compatibility: g.compatible,
		Remote: p.remote, Socket: apiSocket(p.host()), Distance: p.distance(),
		Credentials: func() ([]byte, error) { return docker.Credentials(dockerConfig(p.Env)) },
	}
}

// project is the stack that a command is about when a name is enough: with -p
// alone no file is read, and a file that cannot be read does no harm when the
// environment has the name.
func (p *program) project(ctx context.Context, services []string) (stack.Project, error) {
	if p.globals.project != "" && len(p.globals.files) == 0 {
		return stack.Project{Name: p.globals.project}, nil
	}
	desired, err := p.load(ctx, services)
	if err == nil {
		return stack.Project{Name: desired.Name, Desired: desired}, nil
	}
	if name := p.Env["COMPOSE_PROJECT_NAME"]; name != "" && len(p.globals.files) == 0 {
		return stack.Project{Name: name}, nil
	}
	return stack.Project{}, err
}

// say tells the user something beside the answer, such as a warning.
func (p *program) say(kind, text string) {
	if p.view != nil {
		p.view.Note(kind, text)
		return
	}
	if p.mode() == progress.JSON {
		progress.Note(p.Stderr, kind, text)
		return
	}
	_, _ = fmt.Fprintf(p.Stderr, "%s: %s\n", kind, text)
}

// answer writes to standard output. A reader that has gone is no failure.
func (p *program) answer(text string) {
	if p.view != nil {
		p.view.Print(p.Stdout, text)
		return
	}
	_, _ = io.WriteString(p.Stdout, text)
}
