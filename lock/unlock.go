package lock

import (
	"context"
	"errors"

	"github.com/stackfile/stack/engine"
)

// Status is how a project's lock stands.
type Status struct {
	Holder *Holder // nil when nobody holds it
	Life   Life    // of the holder, as far as can be told from here; "" without one
}

// A Reader is what Look asks of an engine.
type Reader interface {
	VolumeLabels(ctx context.Context, name string) (map[string]string, error)
}

// Look says who holds the project's lock. It changes nothing.
func Look(ctx context.Context, r Reader, project string, self Process) (Status, error) {
	name := volumeName(project)
	labels, err := r.VolumeLabels(ctx, name)
	if errors.Is(err, engine.ErrNotFound) {
		return Status{}, nil
	}
	if err != nil {
		return Status{}, err
	}
	by, err := decode(labels)
	if err != nil || by.Nonce == unmarked {
		return Status{}, err
	}
	return Status{&by, self.Life(by)}, nil
}

// Clear removes the lock, and what belongs to it, of holders that are known to be
// dead. volumes are those of the project's lock: engine.State names them. Where
// none is a dead holder's it only looks. It never waits, and takes nothing from a
// holder that may live.
func Clear(ctx context.Context, e Engine, project string, volumes []string, opts Options) error {
	opts.Patience = -1
	t := newTaker(e, project, opts)
	if dead, err := t.leftBehind(ctx, volumes); err != nil || !dead {
		return err
	}
	held, err := Take(ctx, e, project, opts)
	if err != nil {
		if errors.As(err, new(*HeldError)) {
			return nil // somebody is about to change the project, and clears it too
		}
		return err
	}
	return errors.Join(held.Sweep(ctx, volumes), held.Release(ctx))
}

// leftBehind reports whether a dead holder has left something.
func (t *taker) leftBehind(ctx context.Context, volumes []string) (bool, error) {
	for _, name := range volumes {
		by, err := t.read(ctx, name)
		if err == nil && t.dead(by) {
			return true, nil
		}
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return false, err
		}
	}
	return false, nil
}

// Break takes the project's lock away from its holder, which is returned; nil
// when there was none. A holder that lives here is a *HeldError, unless force is
// given. What unfinished takeovers have left goes too.
func Break(ctx context.Context, e Engine, project string, force bool, opts Options) (*Holder, error) {
	opts.Patience = -1
	t := newTaker(e, project, opts)
	by, err := t.read(ctx, t.name)
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		return nil, err
	}
	if err == nil && !force && t.opts.Process.Life(by) == Alive {
		return nil, t.held(by)
	}
	broken := func(maker Holder) bool { return force || t.opts.Process.Life(maker) != Alive }
	volumes, listed := t.volumes(ctx)
	if swept := errors.Join(listed, t.sweep(ctx, volumes, broken)); swept != nil {
		return nil, swept
	}
	if err != nil {
		return nil, nil
	}
	return t.breakFrom(ctx, by)
}

// breakFrom removes the lock if it still is by's, in the way of a takeover, so
// that it never takes it from somebody who has taken it over meanwhile.
func (t *taker) breakFrom(ctx context.Context, by Holder) (_ *Holder, err error) {
	guard := t.guardName(by)
	taking, err := t.attempt(ctx, guard)
	if err != nil {
		return nil, err
	}
	if !t.mine(taking) {
		return nil, t.held(taking)
	}
	now, err := t.read(ctx, t.name)
	if err == nil && now.Nonce == by.Nonce {
		err = t.remove(ctx, t.name, by)
	}
	if errors.Is(err, engine.ErrNotFound) {
		err = nil // released meanwhile
	}
	return &by, errors.Join(err, t.drop(ctx, guard))
}
