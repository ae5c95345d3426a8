package stack

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
	"github.com/stackfile/stack/watch"
)

// WatchOptions of NewWatch.
type WatchOptions struct {
	Options                  // of the runs that rebuild and restart
	Services []string        // whose rules count; empty: all
	Plan     planner.Options // of a rebuild: its limits and time-outs
	Keep     bool            // images that a rebuild has replaced stay
	// Told is called, from one goroutine at a time, with each thing that was
	// done; nil for no interest.
	Told func(Watched)
	// Settle is how long nothing more may have to be rebuilt or restarted
	// before that begins, so that many saves are one plan; 0: 200 ms.
	Settle time.Duration
}

// Watched is one thing that a Watch has done.
type Watched struct {
	Service string
	Act     spec.WatchAction // Sync, Rebuild, RestartOnly, or SyncExec for its command
	Files   int              // how many were copied or removed, of Sync
	Elapsed time.Duration
	Err     error // why it could not be; the watching goes on
}

// A Watch keeps containers in step with the files of this machine, as
// develop.watch asks for. NewWatch makes it, and Run does it.
type Watch struct {
	opts    WatchOptions
	project Project
	rules   []developRule
	files   *watch.Watcher
	engine  engine.Engine

	touched []map[string]bool // by rule: the paths that were synced
	fresh   map[string]bool   // IDs of containers that were made meanwhile
	built   map[string]bool   // IDs of images that were made by a rebuild

	telling sync.Mutex // one call of Told at a time
	mutex   sync.Mutex // guards todo, which gathers while what was there is done
	todo    pending
	woken   chan struct{} // has room for one: there is something to do
}

// developRule is one rule of one service.
type developRule struct {
	service string
	spec.Watch
}

// NewWatch begins to watch the files that the rules name, so that no change
// after its return is missed. Rules that make no sense are a *spec.FileError,
// and none at all is ErrNoWatch. Close it when it is not run.
func NewWatch(desired *spec.Stack, opts WatchOptions) (*Watch, error) {
	w := &Watch{opts: opts, project: Project{desired.Name, desired}, fresh: map[string]bool{}, built: map[string]bool{}, woken: make(chan struct{}, 1)}
	if w.opts.Settle == 0 {
		w.opts.Settle = 200 * time.Millisecond
	}
	rules, err := w.choose()
	if err != nil {
		return nil, err
	}
	w.files, err = watch.New(rules, watch.Options{})
	for range rules {
		w.touched = append(w.touched, map[string]bool{})
	}
	return w, err
}

// Close ends the watching of files.
func (w *Watch) Close() error { return w.files.Close() }

// Run acts on each change until ctx ends, which is its error, or nothing can be
// watched any more. Services are rebuilt as desired says, which may have got
// variables since NewWatch. A run that was begun is finished, or undone, before
// Run returns.
func (w *Watch) Run(ctx context.Context, e engine.Engine, desired *spec.Stack) error {
	w.engine, w.project.Desired = e, desired
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changes, fresh, failed := make(chan []watch.Change), make(chan engine.ContainerEvent, 64), make(chan error, 1)
	if err := w.meet(ctx, fresh); err != nil {
		return err
	}
	var both sync.WaitGroup
	both.Go(func() { failed <- w.listen(ctx, changes) })
	both.Go(func() { w.actAll(ctx) })
	defer both.Wait()
	defer cancel()
	w.first(ctx)
	for {
		select {
		case list := <-changes:
			w.changed(ctx, list)
		case ev := <-fresh:
			w.catchUp(ctx, ev)
		case err := <-failed:
			return errors.Join(err, ctx.Err())
		}
	}
}

// listen hands on changes until there are none any more.
func (w *Watch) listen(ctx context.Context, changes chan<- []watch.Change) error {
	for {
		list, err := w.files.Next(ctx)
		if err != nil {
			return err
		}
		select {
		case changes <- list:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// meet hands on the containers that are made, and started, from now on.
func (w *Watch) meet(ctx context.Context, fresh chan<- engine.ContainerEvent) error {
	return w.engine.Watch(ctx, w.project.Name, func(ev engine.ContainerEvent) {
		if ev.Action != "create" && ev.Action != "start" {
			return
		}
		select {
		case fresh <- ev:
		case <-ctx.Done():
		}
	})
}

// tell hands on what was done.
func (w *Watch) tell(done Watched) {
	w.telling.Lock()
	defer w.telling.Unlock()
	if w.opts.Told != nil {
		w.opts.Told(done)
	}
}

// Services returns those that have rules, sorted.
func (w *Watch) Services() (names []string) {
	for _, rule := range w.rules {
		names = append(names, rule.service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Rules returns one line for each rule: the service, the action, and what for.
func (w *Watch) Rules() (lines []string) {
	for _, rule := range w.rules {
		line := rule.service + ": " + string(rule.Action) + " " + rule.Path
		if rule.Action.Syncs() {
			line += " -> " + rule.Target
		}
		lines = append(lines, line)
	}
	return lines
}
