package stack

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// ForegroundOptions of Foreground. Line and Exited are called from one
// goroutine, Events and Planned from another one.
type ForegroundOptions struct {
	Options
	Goal       *Goal                     // how the stack is brought up, where not by Up
	Timestamps bool                      // lines begin with the time they were written
	Silent     func(service string) bool // services whose lines are not wanted; nil: none
	Line       func(Line)
	Exited     func(Exit) // a container of a service that is not silent has ended; nil for no interest
	Converged  func(Result)
	Stopping   func(cause string) // all is being stopped now; nil for no interest

	// Beside is run once the stack is up, with a context that ends when all is
	// to be stopped; its error ends the run. With it the run does not end
	// because nothing runs, nor with a container that somebody has stopped.
	// nil for nothing.
	Beside func(ctx context.Context) error

	Until       Until
	CodeFrom    string // the service whose exit code is the answer; Until is FirstExit then
	StopTimeout *time.Duration
}

// Until says what ends a foreground run, beside the end of all its containers
// and an interruption.
type Until int

// The ends. A job that ends well is none of them.
const (
	AllExit Until = iota
	FirstExit
	FirstFailure
)

// Foreground brings the stack up and stays with it: it hands on the output of
// its containers until they all have ended, or the exit that opts asks for, or
// the end of ctx. In the last two cases it stops what runs, in order; closing
// opts.Abort meanwhile kills instead. It returns the exit code that opts asks
// for, else 0. After the end of ctx the error says so. Nothing of opts is called
// any more when it has returned.
func Foreground(ctx context.Context, e engine.Engine, desired *spec.Stack, up planner.Options, opts ForegroundOptions) (int, error) {
	if opts.CodeFrom != "" {
		opts.Until = FirstExit
	}
	s := newForeground(e, desired, up, opts)
	if err := s.follower.watch(context.WithoutCancel(ctx)); err != nil {
		return 0, err
	}
	over, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		over <- s.follower.loop()
	}()
	defer func() {
		s.follower.cancel()
		<-done
	}()

	goal := Up(desired, up)
	if opts.Goal != nil {
		goal = *opts.Goal
	}
	result, err := Apply(ctx, e, goal, opts.Options)
	if err == nil {
		if opts.Converged != nil {
			opts.Converged(result)
		}
		if err = s.settle(ctx); err == nil {
			return s.stay(ctx, over)
		}
	}
	if ctx.Err() != nil && result.Plan != nil { // without one, nothing here is this run's
		err = errors.Join(s.stop(ctx, "interrupted", over), err)
	}
	return 0, err
}

// foreground is one run of Foreground.
type foreground struct {
	engine   engine.Engine
	project  Project
	services []string
	opts     ForegroundOptions
	follower *follower
	ended    chan Exit // the exit that ends the run
	codes    chan Exit // exits of CodeFrom
}

func newForeground(e engine.Engine, desired *spec.Stack, up planner.Options, opts ForegroundOptions) *foreground {
	s := &foreground{
		engine: e, project: Project{desired.Name, desired}, services: scope(desired, up), opts: opts,
		ended: make(chan Exit, 1), codes: make(chan Exit, 1),
	}
	s.follower = newFollower(e, s.project)
	s.follower.wanted = func(c engine.ContainerEvent) bool { return slices.Contains(s.services, c.Service) }
	s.follower.silent = opts.Silent
	s.follower.timestamps = opts.Timestamps
	s.follower.emit = opts.Line
	s.follower.exited = s.exited
	return s
}

// scope is what an up brings up: the services it names, sorted, with what they
// depend on.
func scope(desired *spec.Stack, up planner.Options) []string {
	switch {
	case len(up.Services) == 0:
		return slices.Sorted(maps.Keys(desired.Services))
	case up.NoDeps:
		return slices.Sorted(slices.Values(up.Services))
	}
	return desired.WithDependencies(up.Services...)
}

// settle follows what was running before, from now on, and lets the follower
// end when nothing runs. What was started meanwhile has an event of its own.
func (s *foreground) settle(ctx context.Context) error {
	list, err := Containers(ctx, s.engine, s.project, Selection{Services: s.services})
	if err != nil {
		return err
	}
	s.follower.send(func() {
		for _, c := range list {
			known := s.follower.container(c.ID)
			if !known.mine && alive(c) && c.Started.Equal(known.before) {
				s.follower.begin(c, engine.LogOptions{Tail: "0"})
			}
		}
		s.follower.settled = s.opts.Beside == nil
	})
	return nil
}

// exited is told each end of a container, from the follower's goroutine.
func (s *foreground) exited(exit Exit) {
	if s.opts.Exited != nil && (s.opts.Silent == nil || !s.opts.Silent(exit.Service)) {
		s.opts.Exited(exit)
	}
	if exit.Service == s.opts.CodeFrom {
		offer(s.codes, exit)
	}
	if s.ends(exit) && (s.opts.Beside == nil || !exit.Asked) {
		offer(s.ended, exit)
	}
}

// offer keeps the first of several.
func offer(c chan Exit, exit Exit) {
	select {
	case c <- exit:
	default:
	}
}

func (s *foreground) ends(exit Exit) bool {
	job := exit.Code == 0 && s.project.Desired.Services[exit.Service].Job
	switch s.opts.Until {
	case FirstExit:
		return !job
	case FirstFailure:
		return exit.Code != 0
	}
	return false
}

// stay returns when the run is over, and what its exit code is.
func (s *foreground) stay(ctx context.Context, over chan error) (int, error) {
	failed, end := s.beside(ctx)
	defer end()
	select {
	case err := <-over:
		return s.code(nil), err
	case err := <-failed:
		end()
		return 0, errors.Join(err, s.stop(ctx, err.Error(), over))
	case exit := <-s.ended:
		end()
		err := s.stop(ctx, "container "+exit.Container+" exited", over)
		return s.code(&exit), err
	case <-ctx.Done():
		end()
		return 0, errors.Join(s.stop(ctx, "interrupted", over), ctx.Err())
	}
}

// beside runs what is to be done meanwhile. end has it end, and waits for that.
func (s *foreground) beside(ctx context.Context) (failed <-chan error, end func()) {
	if s.opts.Beside == nil {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	errs, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		if err := s.opts.Beside(ctx); err != nil && ctx.Err() == nil {
			errs <- err
		}
	}()
	return errs, func() {
		cancel()
		<-done
	}
}

// code is what the run answers with. first is the exit that ended it.
func (s *foreground) code(first *Exit) int {
	select {
	case exit := <-s.codes:
		return exit.Code
	default:
	}
	if first == nil { // all have ended by themselves, perhaps at the very moment of the first
		select {
		case exit := <-s.ended:
			return exit.Code
		default:
			return 0
		}
	}
	return first.Code
}

// killPatience bounds a kill: nobody can interrupt it any more. It takes no
// lock, which another may hold for longer.
const killPatience = 20 * time.Second

func (s *foreground) kill(ctx context.Context, options planner.StopOptions) error {
	ctx, cancel := context.WithTimeout(ctx, killPatience)
	defer cancel()
	options.Timeout = new(time.Duration)
	_, err := Apply(ctx, s.engine, Stop(s.project, options), Options{Parallel: s.opts.Parallel, Events: s.opts.Events, Unlocked: true})
	return err
}

func (s *foreground) aborted() bool {
	select {
	case <-s.opts.Abort:
		return true
	default:
		return false
	}
}

// stop stops what runs and returns when its last lines are through. The abort
// kills.
func (s *foreground) stop(ctx context.Context, cause string, over chan error) error {
	ctx = context.WithoutCancel(ctx) // the stop outlives the interruption
	if s.opts.Stopping != nil {
		s.opts.Stopping(cause)
	}
	options := planner.StopOptions{Services: s.services, Timeout: s.opts.StopTimeout}
	_, err := Apply(ctx, s.engine, Stop(s.project, options), s.opts.Options)
	if err != nil && s.aborted() {
		err = s.kill(ctx, options)
	}
	if err != nil {
		return err
	}
	s.follower.send(func() { s.follower.settled, s.follower.closing = true, true })
	return <-over
}
