package stack

import (
	"context"
	"errors"
	"time"

	"github.com/stackfile/stack/engine"
)

// An Exit is the end of a container's program.
type Exit struct {
	Container string // its name
	Service   string
	Code      int
	Asked     bool // somebody has it stopped, or killed
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
	// from then on loop ends when none runs. closing says that nobody will
	// start one again.
	settled, closing bool

	ctx        context.Context
	cancel     context.CancelFunc
	calls      chan func()
	containers map[string]*followed // by ID
	open       int                  // streams under way
	late       <-chan time.Time     // the end of the patience for events on their way; nil: not begun
	given      bool                 // it has ended
	err        error
}

// followed is what is known of one container.
type followed struct {
	before time.Time // when its program had been started, before watch; zero: never
	stood  time.Time // when its program last ended; zero: it is not known to have
	rough  bool      // stood is the engine's note and not that of an event: last lines may be later
	mine   bool      // it is followed
	told   bool      // of its last exit nothing is left to tell
	asked  bool      // somebody has it stopped, perhaps to start it again at once
	stream *stream   // its log under way; nil: none
}

// stream is one log under way.
type stream struct {
	container engine.Container
	exit      *Exit // the program has ended, its last lines are still to come
	again     bool  // and has been started anew
}

func newFollower(e Viewer, p Project) *follower {
	return &follower{engine: e, project: p, calls: make(chan func(), 64), containers: map[string]*followed{}}
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
	observed, err := snapshot(ctx, f.engine, f.project.query(), nil)
	for _, c := range observed.Containers {
		known := f.container(c.ID)
		known.before, known.told = c.Started, !alive(c)
		if !alive(c) {
			known.stood, known.rough = c.Finished, true
		}
	}
	return err
}

func (f *follower) container(id string) *followed {
	if f.containers[id] == nil {
		f.containers[id] = &followed{}
	}
	return f.containers[id]
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
	if !f.settled || f.open > 0 {
		return false
	}
	observed, err := snapshot(f.ctx, f.engine, f.project.query(), nil)
	if err != nil {
		f.err = err
		return true
	}
	late := false
	for _, c := range observed.Containers {
		if f.container(c.ID).mine && alive(c) {
			f.late = nil
			return false
		}
		late = late || f.unheard(c)
	}
	return !late || f.impatient()
}

func alive(c engine.Container) bool {
	switch c.Status {
	case engine.StatusRunning, engine.StatusRestarting, engine.StatusPaused:
		return true
	}
	return false
}

// unheard reports whether an event about the container may be on its way: the
// engine tells of events a little later than of states, and a container that
// somebody has stopped may be in the middle of a restart.
func (f *follower) unheard(c engine.Container) bool {
	known := f.container(c.ID)
	if known.mine {
		return !known.told || (known.asked && !f.closing)
	}
	return !c.Started.Equal(known.before) && f.wanted(engine.ContainerEvent{Service: c.Service})
}

// patience is how long an event may be on its way. When it ends without the
// event, that is lost, and so is what it would have told.
const patience = 3 * time.Second

// impatient reports whether the patience has ended, and begins it if need be.
func (f *follower) impatient() bool {
	if f.late == nil {
		f.late, f.given = time.After(patience), false
	}
	return f.given
}

func (f *follower) event(ev engine.ContainerEvent) {
	switch known := f.container(ev.ID); ev.Action {
	case "kill", "stop":
		known.asked = true
	case "start":
		known.asked = false
		f.started(known, ev)
	case "die":
		f.died(known, ev)
	}
}

func (f *follower) started(known *followed, ev engine.ContainerEvent) {
	if s := known.stream; s != nil {
		if s.exit != nil {
			s.again, known.told = true, false
		}
		return
	}
	if !known.mine && !f.wanted(ev) {
		return
	}
	known.told = false
	f.begin(engine.Container{ID: ev.ID, Name: ev.Name, Service: ev.Service}, engine.LogOptions{Since: known.since(ev.Time)})
}

// lag is how much later than the end of a program its last lines may be.
const lag = 200 * time.Millisecond

// since is from when on the lines of a run that has just begun are; "" for a
// first run.
func (k *followed) since(began time.Time) string {
	if k.stood.IsZero() {
		return ""
	}
	at := k.stood
	if k.rough {
		at = at.Add(min(lag, began.Sub(at)/2))
	}
	return at.Format(time.RFC3339Nano)
}

// begin follows a container's log.
func (f *follower) begin(c engine.Container, opts engine.LogOptions) {
	known := f.container(c.ID)
	known.mine = true
	if f.silent != nil && f.silent(c.Service) {
		return
	}
	known.stream = &stream{container: c}
	f.open++
	opts.Follow, opts.Timestamps = true, f.timestamps
	go func() {
		err := tail(f.ctx, f.engine, c, opts, func(l Line) { f.send(func() { f.emit(l) }) })
		f.send(func() { f.ended(known, err) })
	}()
}

func (f *follower) died(known *followed, ev engine.ContainerEvent) {
	known.stood, known.rough, known.told = ev.Time, false, true
	exit := Exit{ev.Name, ev.Service, ev.ExitCode, known.asked}
	switch {
	case known.stream != nil:
		known.stream.exit = &exit
	case known.mine:
		f.tell(exit)
	}
}

func (f *follower) ended(known *followed, err error) {
	s := known.stream
	known.stream = nil
	f.open--
	// A container that was removed meanwhile has no more to say.
	if err != nil && f.ctx.Err() == nil && !errors.Is(err, engine.ErrNotFound) {
		f.err = err
	}
	if s.exit != nil {
		f.tell(*s.exit)
	}
	if s.again {
		f.begin(s.container, engine.LogOptions{Since: known.since(known.stood)})
	}
}

func (f *follower) tell(exit Exit) {
	if f.exited != nil {
		f.exited(exit)
	}
}
