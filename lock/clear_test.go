package lock

import (
	"errors"
	"testing"

	"github.com/stackfile/stack/engine"
)

func TestClearTakesNothingFromWhoMayLive(t *testing.T) {
	for _, dead := range []bool{true, false} {
		r := newRace(t, 0)
		held := leaveBehind(t, r.engine, r.process(1))
		if dead {
			r.kill(1)
		}
		if err := Clear(t.Context(), r.engine, "app", volumesOf(t, r), Options{Process: r.process(2)}); err != nil {
			t.Fatal(err)
		}
		_, err := r.engine.VolumeLabels(t.Context(), held.name)
		if gone := errors.Is(err, engine.ErrNotFound); gone != dead {
			t.Errorf("the holder is dead: %t; its lock is gone: %t (%v)", dead, gone, err)
		}
		left, err := r.engine.VolumesWith(t.Context(), engine.LabelLock, "app")
		if want := map[bool]int{true: 0, false: 1}[dead]; len(left) != want || err != nil {
			t.Errorf("volumes of the lock: %q, %v", left, err)
		}
	}
}

// volumesOf are the volumes of the lock, as a look at the engine finds them.
func volumesOf(t *testing.T, r *race) []string {
	t.Helper()
	state, err := r.engine.Snapshot(t.Context(), engine.Query{Project: "app"})
	if err != nil {
		t.Fatal(err)
	}
	return state.Locks
}

func TestClearOnlyLooksWhereThereIsNothing(t *testing.T) {
	r := newRace(t, 0)
	if err := Clear(t.Context(), r.engine, "app", []string{volumeName("app")}, Options{Process: r.process(1)}); err != nil || len(r.engine.Ops()) > 0 {
		t.Errorf("error %v, calls %v", err, r.engine.Ops())
	}
}

// Who has the lock from a dead holder knows it, and nobody else does.
func TestATakeoverIsKnown(t *testing.T) {
	r := newRace(t, 0)
	first := leaveBehind(t, r.engine, r.process(1))
	r.kill(1)
	second := leaveBehind(t, r.engine, r.process(2))
	if err := second.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	third := leaveBehind(t, r.engine, r.process(3))
	if first.TookOver() || !second.TookOver() || third.TookOver() {
		t.Errorf("took over: the first %t, the second %t, the third %t", first.TookOver(), second.TookOver(), third.TookOver())
	}
}
