package stack

import (
	"context"
	"time"

	"github.com/stackfile/stack/engine"
)

// An Exit is the end of a container's program.
type Exit struct {
	Container string // its name
	Service   string
	Code      int
}

// follower hands on the output of a project's containers, those of containers
// that start later too. All of it belongs to the goroutine of loop; the
// goroutines of streams and of the watch send it functions to call.
type follower struct {
	engine  Viewer
	project Project

	wanted     func(engine.ContainerEvent) bool // whether a container that starts is followed
	silent     func(service string) bool        // followed for its exit only; nil: none
	emit       func(Line)
	exited     func(Exit) // after the last line; nil for no interest
	timestamps bool
	// settled says that all containers that are to run have been started:
	// from then on loop ends when none runs.
	settled bool

	ctx    context.Context
	cancel context.CancelFunc
	calls  chan func()
	open   map[string]*stream   // logs under way, by container ID
	mine   map[string]bool      // containers that are followed, by ID
	since  map[string]time.Time // when a container that stood still had stopped
	before map[string]time.Time // when a container's program had been started, before watch
	told   map[string]bool      // containers of whose last exit nothing is to be told
	late   <-chan time.Time     // the end of the patience for events on their way
	given  bool                 // it has ended
	err    error
}

// stream is one log under way.
type stream struct {
	container engine.Container
	exit      *Exit // the program has ended, its last lines are still to come
	again     bool  // and has been started anew
}

func newFollower(e Viewer, p Project) *follower {
	return &follower{
		engine: e, project: p, calls: make(chan func(), 64), open: map[string]*stream{},
		mine: map[string]bool{}, since: map[string]time.Time{}, before: map[string]time.Time{}, told: map[string]bool{},
	}
}

// watch begins to watch the project, so that no start is missed.
func (f *follower) watch(ctx context.Context) error {
	ctx, f.cancel = context.WithCancel(ctx)
	f.ctx = ctx
	err := f.engine.Watch(ctx, f.project.Name, func(ev engine.ContainerEvent) {
		f.send(func() { f.event(ev) })
	})
	if err == nil {
		err = f.look(ctx)
	}
	if err != nil {
		f.cancel()
	}
	return err
}

// look notes how the containers stand before anything is done to them.
func (f *follower) look(ctx context.Context) error {
	observed, err := f.engine.Snapshot(ctx, f.project.query())
	for _, c := range observed.Containers {
		f.before[c.ID] = c.Started
		f.told[c.ID] = !alive(c)
		if !alive(c) {
			f.since[c.ID] = c.Finished
		}
	}
	return err
}

// send has the loop call do. It gives up when the loop is over.
func (f *follower) send(do func()) {
	select {
	case f.calls <- do:
	case <-f.ctx.Done():
	}
}

// loop runs until nothing runs any more, or the context of watch ends.
func (f *follower) loop() error {
	defer f.cancel()
	for f.err == nil && !f.idle() {
		if err := f.next(); err != nil {
			return err
		}
	}
	return f.err
}

// next calls what was sent. A burst is worked off before idle looks again,
// because that asks the engine.
func (f *follower) next() error {
	select {
	case do := <-f.calls:
		do()
	case <-f.late:
		f.given = true
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
	for len(f.calls) > 0 {
		(<-f.calls)()
	}
	return nil
}

// idle reports whether nothing can come any more.
func (f *follower) idle() bool {
	if !f.settled || len(f.open) > 0 {
		return false
	}
	observed, err := f.engine.Snapshot(f.ctx, f.project.query())
	if err != nil {
		f.err = err
		return true
	}
	late := false
	for _, c := range observed.Containers {
		if f.mine[c.ID] && alive(c) {
			return false
		}
		late = late || f.unheard(c)
	}
	return !late || f.impatient()
}

// unheard reports whether an event about the container must be on its way: the
// engine tells of events a little later than of states.
func (f *follower) unheard(c engine.Container) bool {
	if f.mine[c.ID] {
		return !alive(c) && !f.told[c.ID]
	}
	return !c.Started.Equal(f.before[c.ID]) && f.wanted(engine.ContainerEvent{Service: c.Service})
}

// patience is how long an event may be on its way. When it ends without the
// event, that is lost, and so is what it would have told.
const patience = 3 * time.Second

// impatient reports whether the patience has ended, and begins it if need be.
func (f *follower) impatient() bool {
	if f.late == nil {
		f.late = time.After(patience)
	}
	return f.given
}

func alive(c engine.Container) bool {
	switch c.Status {
	case engine.StatusRunning, engine.StatusRestarting, engine.StatusPaused:
		return true
	}
	return false
}

func (f *follower) event(ev engine.ContainerEvent) {
	switch ev.Action {
	case "start":
		f.started(ev)
	case "die":
		f.died(ev)
	}
}

func (f *follower) started(ev engine.ContainerEvent) {
	if s := f.open[ev.ID]; s != nil {
		s.again = s.exit != nil
		f.told[ev.ID] = f.told[ev.ID] && !s.again
		return
	}
	if !f.mine[ev.ID] && !f.wanted(ev) {
		return
	}
	f.told[ev.ID] = false
	opts := engine.LogOptions{}
	if at, ok := f.since[ev.ID]; ok {
		opts.Since = at.Format(time.RFC3339Nano)
	}
	f.begin(engine.Container{ID: ev.ID, Name: ev.Name, Service: ev.Service}, opts)
}

// begin follows a container's log.
func (f *follower) begin(c engine.Container, opts engine.LogOptions) {
	f.mine[c.ID] = true
	if f.silent != nil && f.silent(c.Service) {
		return
	}
	f.open[c.ID] = &stream{container: c}
	opts.Follow, opts.Timestamps = true, f.timestamps
	go func() {
		err := tail(f.ctx, f.engine, c, opts, func(l Line) { f.send(func() { f.emit(l) }) })
		f.send(func() { f.ended(c.ID, err) })
	}()
}

func (f *follower) died(ev engine.ContainerEvent) {
	f.since[ev.ID] = ev.Time
	if !f.mine[ev.ID] {
		return
	}
	f.told[ev.ID] = true
	exit := Exit{ev.Name, ev.Service, ev.ExitCode}
	if s := f.open[ev.ID]; s != nil {
		s.exit = &exit
		return
	}
	f.tell(exit)
}

func (f *follower) ended(id string, err error) {
	s := f.open[id]
	delete(f.open, id)
	if err != nil && f.ctx.Err() == nil {
		f.err = err
	}
	if s.exit != nil {
		f.tell(*s.exit)
	}
	if s.again {
		f.begin(s.container, engine.LogOptions{Since: f.since[id].Format(time.RFC3339Nano)})
	}
}

func (f *follower) tell(exit Exit) {
	if f.exited != nil {
		f.exited(exit)
	}
}
