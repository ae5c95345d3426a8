// Package memory is an engine in memory, for tests: it keeps to what matters of
// a real one (names, states, networks, volumes, images, ports), and a test says
// what its programs do, where it fails, and what others do to it. It never runs
// a program, never waits for real time, and never keeps anything outside of its
// process.
package memory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// Target is the name of this kind of engine.
const Target = "memory"

// An Engine is one engine in memory; New makes it. It may be used from several
// goroutines.
type Engine struct {
	// A mutex, since the methods of an engine are called from many goroutines
	// by contract, and each call is short.
	mu      sync.Mutex
	changed chan struct{} // closed, and made anew, with each change
	world
	ops           []plan.Op
	reads         int
	before, after func(plan.Op) error
}

// world is the state of an engine: all that Clone copies.
type world struct {
	containers map[string]*container   // by ID
	names      map[string]string       // the IDs of containers, by name
	holders    map[uint16][]string     // the IDs of containers that have a host port; a list is never changed
	networks   map[string]network      // by name
	volumes    map[string]volume       // by name
	removed    map[string]int          // how often a volume of that name was removed
	images     map[string]engine.Image // local ones, by canonical reference
	registry   map[string]engine.Image // what a pull gives
	builds     map[string]engine.Image // what a build gives, where a test says so
	host       map[string][]byte       // files of the machine, for bind mounts
	programs   map[string]Program      // by service or canonical reference
	made       map[string]int          // how often a thing of that name was made, for IDs
	ticks      int                     // the clock
	nextPort   uint16
	events     []engine.ContainerEvent
	projects   []string // of each event
	listening  []engine.Port
	records    map[string]engine.Record // by service
	connectOne bool
	id         string
}

// New makes an engine that has nothing but the three networks that every engine
// has.
func New() *Engine {
	e := &Engine{changed: make(chan struct{}), world: world{
		containers: map[string]*container{},
		names:      map[string]string{},
		holders:    map[uint16][]string{},
		networks:   map[string]network{},
		volumes:    map[string]volume{},
		removed:    map[string]int{},
		images:     map[string]engine.Image{},
		registry:   map[string]engine.Image{},
		builds:     map[string]engine.Image{},
		host:       map[string][]byte{},
		programs:   map[string]Program{},
		made:       map[string]int{},
		records:    map[string]engine.Record{},
		nextPort:   firstEphemeral,
		id:         Target,
	}}
	for _, name := range []string{"bridge", "host", "none"} {
		e.networks[name] = network{id: e.newID("network", name), definition: spec.Network{Name: name, Driver: name}}
	}
	return e
}

// Clone returns a copy that shares nothing with e. Its log of operations is
// empty, and no Fail is set.
func (e *Engine) Clone() *Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.world
	w.containers = make(map[string]*container, len(e.containers))
	for id, c := range e.containers {
		w.containers[id] = c.clone()
	}
	w.names, w.holders = maps.Clone(e.names), maps.Clone(e.holders)
	w.networks, w.volumes = maps.Clone(e.networks), maps.Clone(e.volumes)
	w.images, w.registry, w.builds = maps.Clone(e.images), maps.Clone(e.registry), maps.Clone(e.builds)
	w.removed, w.records, w.host = maps.Clone(e.removed), maps.Clone(e.records), maps.Clone(e.host)
	w.programs, w.made = maps.Clone(e.programs), maps.Clone(e.made)
	w.events, w.projects = slices.Clone(e.events), slices.Clone(e.projects)
	return &Engine{changed: make(chan struct{}), world: w}
}

// ConnectAfterCreate makes e one that creates a container with one network
// only, as the Engine API below 1.44 does.
func (e *Engine) ConnectAfterCreate(yes bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.connectOne = yes
}

// SetID makes e another engine than it was.
func (e *Engine) SetID(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.id = id
}

// Listen says on which ports programs of the host listen that are no
// containers.
func (e *Engine) Listen(ports ...engine.Port) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listening = ports
}

// SetRecord says how long a service took in an earlier run.
func (e *Engine) SetRecord(service string, r engine.Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.records[service] = r
}

// Fail has f asked before each mutating operation: when it returns an error,
// the operation is not carried out and answers with it. f may block; it is
// called without a lock, from the goroutine of the caller. nil: none fails.
func (e *Engine) Fail(f func(plan.Op) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.before = f
}

// FailAfter is like Fail, but the operation has been carried out: only the
// answer is lost.
func (e *Engine) FailAfter(f func(plan.Op) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.after = f
}

// Ops returns the mutating operations that were asked for, in their order,
// those that failed included. Waits are not among them.
func (e *Engine) Ops() []plan.Op {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.ops)
}

// Reads returns how often the engine was read.
func (e *Engine) Reads() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reads
}

// do carries out one operation under the lock, logged, with what a test has put
// before and after it.
func (e *Engine) do(ctx context.Context, op plan.Op, act func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	e.ops = append(e.ops, op)
	before, after := e.before, e.after
	e.mu.Unlock()
	if err := ask(before, op); err != nil {
		return err
	}
	e.mu.Lock()
	err := act()
	e.touch()
	e.mu.Unlock()
	if err != nil {
		return err
	}
	return ask(after, op)
}

func ask(f func(plan.Op) error, op plan.Op) error {
	if f == nil {
		return nil
	}
	return f(op)
}

// touch tells whoever waits that something may have changed.
func (e *Engine) touch() {
	e.ticks++
	close(e.changed)
	e.changed = make(chan struct{})
}

// now is the engine's clock: it goes on with each operation only, so that what
// a test prints is the same each time.
func (w *world) now() time.Time {
	return time.Date(2026, time.January, 1, 0, 0, w.ticks, 0, time.UTC)
}

// newID makes the ID of a thing out of its name and how many of that name there
// were before, so that it hangs on nothing else that goes on.
func (w *world) newID(kind, name string) string {
	key := kind + " " + name
	w.made[key]++
	return digest(fmt.Sprintf("%s %d", key, w.made[key]))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
