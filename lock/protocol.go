package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// taker is one attempt at a lock, and whoever holds it afterwards.
type taker struct {
	engine  Engine
	project string
	name    string // of the lock's volume
	self    Holder
	opts    Options

	tookOver bool // the lock itself, from a dead holder
}

// volumeName has a dot where no name that is made from a project's has one: the
// lock is never in the way of a stack's own volumes.
func volumeName(project string) string { return "stack-lock." + project }

// guardName is the volume whose maker may take the lock from a dead holder.
func (t *taker) guardName(dead Holder) string { return t.name + ".takeover." + dead.Nonce }

func (t *taker) mine(by Holder) bool { return by.Nonce == t.self.Nonce }

func (t *taker) dead(by Holder) bool {
	return by.Nonce == unmarked || t.opts.Process.Life(by) == Dead
}

// first is the first attempt at the lock. Most often it is free, so nobody looks
// before it is claimed.
func (t *taker) first(ctx context.Context) (Holder, error) {
	by, err := t.claim(ctx, t.name)
	return t.settle(ctx, t.name, by, err)
}

// attempt tries once to make the volume of this name t's own, and returns whose
// it is afterwards. While another has it, it only looks.
func (t *taker) attempt(ctx context.Context, name string) (Holder, error) {
	by, err := t.read(ctx, name)
	if errors.Is(err, engine.ErrNotFound) {
		by, err = t.claim(ctx, name)
	}
	return t.settle(ctx, name, by, err)
}

// settle takes over what was seen to be a dead holder's.
func (t *taker) settle(ctx context.Context, name string, by Holder, err error) (Holder, error) {
	if err != nil || t.mine(by) || !t.dead(by) {
		return by, err
	}
	return t.takeOver(ctx, name, by)
}

// takeOver takes a volume from a dead holder. Simply removing and making it
// would let two in: the slower of two who have seen the dead one would remove
// what the faster has just made. So only the maker of a further volume, named by
// the dead one's nonce, may remove it, and only while it still is the dead
// one's; as nonces never come again, it then cannot have become another's.
//
// A takeover whose own maker has died is taken over in the same way.
func (t *taker) takeOver(ctx context.Context, name string, dead Holder) (Holder, error) {
	guard := t.guardName(dead)
	by, err := t.attempt(ctx, guard)
	if err != nil || !t.mine(by) {
		return by, err
	}
	by, err = t.replace(ctx, name, dead)
	t.tookOver = t.tookOver || name == t.name && err == nil && t.mine(by)
	return by, errors.Join(err, t.drop(ctx, guard))
}

// replace makes a dead holder's volume t's own, if it still is the dead one's.
func (t *taker) replace(ctx context.Context, name string, dead Holder) (Holder, error) {
	by, err := t.read(ctx, name)
	switch {
	case err == nil && by.Nonce != dead.Nonce:
		return by, nil
	case err == nil:
		err = t.remove(ctx, name, by)
	case errors.Is(err, engine.ErrNotFound):
		err = nil
	}
	if err != nil {
		return Holder{}, err
	}
	return t.claim(ctx, name)
}

// claim makes the volume, unless it is there, and returns whose it is. The
// engine makes a volume once, however many ask at once, and answers each with
// the labels of the first. It is not cut off half-way, which could leave a lock
// that nobody knows of. When the answer is lost, the next try finds the volume as
// it has made it, nonce and all, or as another has.
func (t *taker) claim(ctx context.Context, name string) (Holder, error) {
	ctx, cancel := whole(ctx)
	defer cancel()
	op := engine.CreateVolume{
		Definition: spec.Volume{Name: name},
		Labels:     map[string]string{engine.LabelLock: t.project, engine.LabelHolder: t.self.encode()},
	}
	var labels map[string]string
	err := t.opts.Retry(ctx, func() (err error) {
		labels, err = t.engine.ClaimVolume(ctx, op)
		return err
	})
	if err != nil {
		return Holder{}, err
	}
	return holder(name, labels)
}

// read returns whose the volume is. One that is not there is ErrNotFound.
func (t *taker) read(ctx context.Context, name string) (by Holder, err error) {
	err = t.opts.Retry(ctx, func() error {
		by, err = t.look(ctx, name)
		return err
	})
	return by, err
}

// look is read, tried once.
func (t *taker) look(ctx context.Context, name string) (Holder, error) {
	labels, err := t.engine.VolumeLabels(ctx, name)
	if err != nil {
		return Holder{}, err
	}
	return holder(name, labels)
}

// holder is who the labels of a volume say has it.
func holder(name string, labels map[string]string) (Holder, error) {
	by, err := decode(labels)
	if err != nil {
		return Holder{}, fmt.Errorf("volume %s: %w", name, err)
	}
	return by, nil
}

// drop removes the volume if it is t's own.
func (t *taker) drop(ctx context.Context, name string) error {
	ctx, cancel := whole(ctx)
	defer cancel()
	by, err := t.read(ctx, name)
	if errors.Is(err, engine.ErrNotFound) || err == nil && !t.mine(by) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.remove(ctx, name, by)
}

// remove removes a volume that was seen to be by's. When the answer is lost, it
// may be gone, and another's may have its name by now: before the next try it is
// looked at again.
func (t *taker) remove(ctx context.Context, name string, by Holder) error {
	again := false
	return t.opts.Retry(ctx, func() error {
		if again {
			now, err := t.look(ctx, name)
			if errors.Is(err, engine.ErrNotFound) || err == nil && now.Nonce != by.Nonce {
				return nil
			}
			if err != nil {
				return err
			}
		}
		again = true
		return t.engine.RemoveVolume(ctx, engine.RemoveVolume{Name: name})
	})
}

// watch calls f as WatchVolume does, for the lock's volume.
func (t *taker) watch(ctx context.Context, f func()) error {
	return t.opts.Retry(ctx, func() error { return t.engine.WatchVolume(ctx, t.name, f) })
}

// sweep removes, of the given volumes, those of takeovers whose makers are gone.
func (t *taker) sweep(ctx context.Context, names []string, gone func(Holder) bool) error {
	for _, name := range names {
		if name == t.name {
			continue
		}
		by, err := t.read(ctx, name)
		if err == nil && gone(by) {
			err = t.remove(ctx, name, by)
		}
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return err
		}
	}
	return nil
}

// volumes are the names of the project's lock and of what belongs to it.
func (t *taker) volumes(ctx context.Context) (names []string, err error) {
	err = t.opts.Retry(ctx, func() error {
		names, err = t.engine.VolumesWith(ctx, engine.LabelLock, t.project)
		return err
	})
	return names, err
}

// callPatience bounds a call that the user cannot interrupt.
const callPatience = 10 * time.Second

// whole is ctx without its end.
func whole(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), callPatience)
}
