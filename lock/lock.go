// Package lock is the lock on a project: who holds it may change the project's
// objects on the engine, and nobody else does. It is a volume of the engine,
// made by name, so that everybody who talks to that engine sees it; its labels
// tell who holds it. It never looks at what is locked, and never takes a lock
// from a holder that may live.
package lock

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/stackfile/stack/engine"
)

// An Engine is what a lock asks of an engine.
type Engine interface {
	ClaimVolume(ctx context.Context, op engine.CreateVolume) (map[string]string, error)
	RemoveVolume(ctx context.Context, op engine.RemoveVolume) error
	VolumeLabels(ctx context.Context, name string) (map[string]string, error)
	VolumesWith(ctx context.Context, label, value string) ([]string, error)
	WatchVolume(ctx context.Context, name string, f func()) error
}

// DefaultPatience is how long Take waits for another holder when Options do not
// say.
const DefaultPatience = 10 * time.Minute

// Options of Take. The zero value is right for a program that has nothing to
// tell others about itself.
type Options struct {
	// Command tells others what the holder is about, such as "stack up". It
	// must have no secrets in it: everybody can read it.
	Command string
	// Patience is how long to wait for another holder: 0 for DefaultPatience,
	// below 0 for not at all.
	Patience time.Duration
	// Waiting is told each holder that Take waits for, once. nil for no
	// interest.
	Waiting func(Holder)
	// Abort, when closed, ends the waiting, as the end of the context does.
	Abort <-chan struct{}
	// Now says since when the lock is held; nil for time.Now.
	Now func() time.Time
	// Process is who takes it; the zero value for this process.
	Process Process
	// Retry calls try again after an error that may pass, as often as it
	// sees fit; nil: each call to the engine is tried once.
	Retry func(ctx context.Context, try func() error) error
}

// A Lock is held from Take to Release, unless somebody destroys it. Its methods
// are for one goroutine.
type Lock struct {
	*taker
	gone   <-chan struct{} // something comes when the lock may have been removed
	ignore func()          // ends the watching
}

// Take takes the project's lock. It waits for a holder that lives, or may live;
// from one that is known to be dead it takes the lock over. Someone else's hold
// that outlasts opts.Patience is a *HeldError.
//
// The lock is watched from before it is taken, so that its end cannot be missed,
// until ctx ends.
func Take(ctx context.Context, e Engine, project string, opts Options) (*Lock, error) {
	t := newTaker(e, project, opts)
	watching, ignore := context.WithCancel(ctx)
	gone := make(chan struct{}, 1)
	err := t.watch(watching, func() { offer(gone) })
	if err == nil {
		err = t.take(ctx, gone)
	}
	if err != nil {
		ignore()
		return nil, err
	}
	return &Lock{t, gone, ignore}, nil
}

// take returns when the lock is t's. gone tells when it may be free.
func (t *taker) take(ctx context.Context, gone <-chan struct{}) error {
	by, err := t.first(ctx)
	if err == nil && !t.mine(by) {
		err = t.wait(ctx, by, gone)
	}
	if err != nil {
		return errors.Join(err, t.drop(ctx, t.name))
	}
	return nil
}

func newTaker(e Engine, project string, opts Options) *taker {
	if opts.Process.PID == 0 {
		opts.Process = Self()
	}
	if opts.Patience == 0 {
		opts.Patience = DefaultPatience
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Retry == nil {
		opts.Retry = func(_ context.Context, try func() error) error { return try() }
	}
	self := Holder{
		Identity: opts.Process.Identity, Nonce: rand.Text(), Command: opts.Command, Since: opts.Now().UTC().Truncate(time.Millisecond),
	}
	return &taker{engine: e, project: project, name: volumeName(project), self: self, opts: opts}
}

// Pauses between two looks at a lock that is held by another. Its end comes as
// an event; that its holder has died does not.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = time.Second
)

// wait returns when the lock has been taken from whoever holds it.
func (t *taker) wait(ctx context.Context, by Holder, gone <-chan struct{}) error {
	if t.opts.Patience < 0 {
		return t.held(by)
	}
	late := time.NewTimer(t.opts.Patience)
	defer late.Stop()
	told := ""
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if by.Nonce != told && t.opts.Waiting != nil {
			t.opts.Waiting(by)
			told = by.Nonce
		}
		if err := t.pause(ctx, gone, pause, late.C, by); err != nil {
			return err
		}
		var err error
		if by, err = t.attempt(ctx, t.name); err != nil || t.mine(by) {
			return err
		}
	}
}

// pause returns nil when it is time to look again.
func (t *taker) pause(ctx context.Context, gone <-chan struct{}, pause time.Duration, late <-chan time.Time, by Holder) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.opts.Abort:
		return context.Canceled
	case <-late:
		return t.held(by)
	case <-gone:
	case <-timer.C:
	}
	return nil
}

func offer(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has yet to look since the last one
	}
}

// Guard returns a context that ends, with a *LostError as its cause, when the
// lock turns out to be destroyed, or in other hands. stop ends the guarding; call
// it before Release.
func (l *Lock) Guard(ctx context.Context) (guarded context.Context, stop func()) {
	guarded, cancel := context.WithCancelCause(ctx)
	go func() {
		for {
			select {
			case <-guarded.Done():
				return
			case <-l.gone:
			}
			by, err := l.read(guarded, l.name)
			if errors.Is(err, engine.ErrNotFound) || err == nil && !l.mine(by) {
				cancel(&LostError{Project: l.project, By: by})
			}
		}
	}()
	return guarded, func() { cancel(nil) }
}

// TookOver reports whether the lock was taken from a dead holder. A call of that
// one may still be under way in the engine.
func (l *Lock) TookOver() bool { return l.tookOver }

// Sweep removes what is left of takeovers whose makers are gone, of the given
// volumes of the project's lock: engine.State names them. While the lock is held,
// none of them can let anybody take it: each stands for a holder that has lost it
// before.
func (l *Lock) Sweep(ctx context.Context, volumes []string) error {
	return l.sweep(ctx, volumes, l.dead)
}

// Release gives the lock up. One that is not held any more is left alone. The
// end of ctx does not keep it from being released.
func (l *Lock) Release(ctx context.Context) error {
	l.ignore()
	return l.drop(ctx, l.name)
}

// A HeldError says that another holds the lock.
type HeldError struct {
	Project string
	Holder  Holder
	Life    Life
	Waited  time.Duration // 0 for not at all
}

func (e *HeldError) Error() string {
	text := fmt.Sprintf("project %s: locked by %s", e.Project, e.Holder)
	if e.Waited > 0 {
		text += fmt.Sprintf("; waited %s", e.Waited)
	}
	return text
}

func (t *taker) held(by Holder) error {
	return &HeldError{t.project, by, t.opts.Process.Life(by), max(0, t.opts.Patience)}
}

// A LostError says that the lock was taken away from its holder.
type LostError struct {
	Project string
	By      Holder // who has it now; the zero value for nobody
}

func (e *LostError) Error() string {
	if e.By.Nonce == "" {
		return fmt.Sprintf("project %s: the lock was removed while it was held", e.Project)
	}
	return fmt.Sprintf("project %s: the lock was taken by %s while it was held", e.Project, e.By)
}
