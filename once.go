package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// Once is a single run of a service: a container of its own, beside the replicas.
type Once struct {
	desired *spec.Stack
	name    string // of the service of the run
	service spec.Service
}

// NewOnce returns a single run of a service. edit changes what it runs as; nil
// for nothing.
func NewOnce(desired *spec.Stack, o spec.OneOff, edit func(*spec.Service) error) (*Once, error) {
	if edit == nil {
		edit = func(*spec.Service) error { return nil }
	}
	with, name, err := desired.With(o, edit)
	if err != nil {
		return nil, err
	}
	return &Once{with, name, with.Services[name]}, nil
}

// Container is the name of its container.
func (o *Once) Container() string { return o.service.ContainerName }

// Goal is the container made and not started, and that what it depends on is as
// it waits for.
func (o *Once) Goal(opts planner.Options) Goal {
	opts.Services = []string{o.name}
	goal := Up(o.desired, opts)
	goal.Record = nil // it is no state to come back to
	return goal
}

// OnceOptions of Run. The zero value connects nothing.
type OnceOptions struct {
	engine.AttachOptions
	Remove bool // the container goes when the program has ended
	// Signals are sent on to the program, such as SIGINT; nil for none.
	Signals <-chan string
}

// Run starts the container that Goal has made, attached, and returns the exit
// code of its program. When ctx ends, it is left as it is.
func (o *Once) Run(ctx context.Context, e engine.Engine, opts OnceOptions) (code int, err error) {
	if opts.Remove {
		defer func() { err = errors.Join(err, o.remove(ctx, e, err)) }()
	}
	var unstarted error
	opts.Attached = func() error {
		unstarted = e.StartContainer(ctx, engine.StartContainer{Name: o.Container()})
		return unstarted
	}
	defer passOn(ctx, e, o.Container(), opts.Signals)()
	if err := e.Attach(ctx, o.Container(), opts.AttachOptions); err != nil {
		return 0, cmp.Or(unstarted, err)
	}
	return ExitCode(ctx, e, o.Container())
}

// remove removes the container, unless the user left it running.
func (o *Once) remove(ctx context.Context, e engine.Engine, cause error) error {
	if errors.Is(cause, engine.ErrDetached) {
		return nil
	}
	return o.Discard(ctx, e)
}

// Discard removes its container, if it is there, also when ctx has ended.
func (o *Once) Discard(ctx context.Context, e engine.Engine) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killPatience)
	defer cancel()
	return e.RemoveContainer(ctx, engine.RemoveContainer{Name: o.Container(), Volumes: true})
}

// passOn sends signals on until it is stopped; stop returns when none is being sent
// any more. One that cannot be sent has come too late.
func passOn(ctx context.Context, e engine.Engine, container string, signals <-chan string) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case signal := <-signals:
				_ = e.KillContainer(ctx, engine.KillContainer{Name: container, Signal: signal})
			case <-over:
				return
			}
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

// ExitCode waits for the end of a container's program, and returns its exit code.
func ExitCode(ctx context.Context, e engine.Engine, container string) (int, error) {
	_, err := e.WaitContainer(ctx, engine.WaitContainer{Name: container, Condition: engine.Completed}, func(plan.Progress) {})
	var unready *engine.NotReadyError
	if errors.As(err, &unready) {
		return unready.ExitCode, nil
	}
	return 0, err
}

// Attach connects with a running container of a service, and returns the exit
// code of its program, or an engine.ErrDetached.
func Attach(ctx context.Context, e engine.Engine, c engine.Container, opts OnceOptions) (int, error) {
	defer passOn(ctx, e, c.ID, opts.Signals)()
	if err := e.Attach(ctx, c.ID, opts.AttachOptions); err != nil {
		return 0, fmt.Errorf("service %s: %w", c.Service, err)
	}
	return ExitCode(ctx, e, c.ID)
}

// ID is that of its container, once Goal is reached.
func (o *Once) ID(ctx context.Context, r engine.Reader) (string, error) {
	observed, err := look(ctx, r, engine.Query{Project: o.desired.Name, Brief: true}, nil)
	if err != nil {
		return "", err
	}
	for _, c := range observed.Containers {
		if c.Name == o.Container() {
			return c.ID, nil
		}
	}
	return "", fmt.Errorf("container %s: %w", o.Container(), engine.ErrNotFound)
}
