package lock

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/spec"
)

func TestTheNextTakesItAtOnceWhenItIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRace(t, 0)
		held := leaveBehind(t, r.engine, r.process(1))
		var waited []string
		taken := make(chan error)
		go func() {
			next, err := Take(t.Context(), r.engine, "app", Options{
				Process: r.process(2), Waiting: func(h Holder) { waited = append(waited, h.String()) },
			})
			if err == nil {
				err = next.Release(t.Context())
			}
			taken <- err
		}()
		time.Sleep(time.Minute)
		released := time.Now()
		if err := held.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-taken; err != nil {
			t.Fatal(err)
		}
		if late := time.Since(released); late > 0 {
			t.Errorf("taken %s after the release: not by its event", late)
		}
		if len(waited) != 1 || !strings.HasPrefix(waited[0], "stack up, pid 1 on host here, since 2000-01-01") {
			t.Errorf("waited for %q", waited)
		}
	})
}

func TestWaitingLooksOnceASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRace(t, 0)
		leaveBehind(t, r.engine, r.process(1))
		before, began := r.engine.Reads(), time.Now()
		_, err := Take(t.Context(), r.engine, "app", Options{Process: r.process(2)})
		var held *HeldError
		if !errors.As(err, &held) || held.Life != Alive || held.Waited != DefaultPatience || held.Holder.PID != 1 {
			t.Errorf("take: %v", err)
		}
		if took, looks := time.Since(began), r.engine.Reads()-before; took != DefaultPatience || looks > 610 {
			t.Errorf("%d looks in %s", looks, took)
		}
		if changes := len(r.engine.Ops()); changes != 2 { // each has claimed it once
			t.Errorf("waiting asked the engine for %v", r.engine.Ops()[2:])
		}
	})
}

func TestAHolderThatDiesIsTakenOverWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRace(t, 0)
		leaveBehind(t, r.engine, r.process(1))
		taken := make(chan error)
		go func() {
			_, err := Take(t.Context(), r.engine, "app", Options{Process: r.process(2)})
			taken <- err
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		r.kill(1)
		died := time.Now()
		if err := <-taken; err != nil || time.Since(died) > longestPause {
			t.Errorf("taken %s after: %v", time.Since(died), err)
		}
	})
}

func TestTheEndOfTheContextAndTheAbortEndTheWaiting(t *testing.T) {
	r := newRace(t, 0)
	leaveBehind(t, r.engine, r.process(1))
	abort := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []struct {
		ctx context.Context
		end func()
	}{{ctx, cancel}, {t.Context(), func() { close(abort) }}} {
		_, err := Take(c.ctx, r.engine, "app", Options{Process: r.process(2), Abort: abort, Waiting: func(Holder) { c.end() }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("take: %v", err)
		}
	}
}

func TestReleaseLeavesTheLockOfAnother(t *testing.T) {
	r := newRace(t, 0)
	first := leaveBehind(t, r.engine, r.process(1))
	r.kill(1)
	second := leaveBehind(t, r.engine, r.process(2))
	if err := first.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, err := Look(t.Context(), r.engine, "app", r.process(3))
	if err != nil || status.Holder == nil || status.Holder.Nonce != second.self.Nonce || status.Life != Alive {
		t.Errorf("after the release of one that was taken over: %+v, %v", status, err)
	}
	for range 2 {
		if err := second.Release(t.Context()); err != nil {
			t.Errorf("release: %v", err)
		}
	}
	if status, err := Look(t.Context(), r.engine, "app", r.process(3)); err != nil || status.Holder != nil {
		t.Errorf("after the release: %+v, %v", status, err)
	}
}

func TestAGuardedContextEndsWithTheLock(t *testing.T) {
	for name, lose := range map[string]func(r *race, held *Lock){
		"removed": func(r *race, held *Lock) {
			if err := r.engine.RemoveVolume(t.Context(), engine.RemoveVolume{Name: held.name}); err != nil {
				t.Error(err)
			}
		},
		"taken by another": func(r *race, _ *Lock) {
			if _, err := Break(t.Context(), r.engine, "app", true, Options{Process: r.process(2)}); err != nil {
				t.Error(err)
			}
			leaveBehind(t, r.engine, r.process(2))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRace(t, 0)
			held := leaveBehind(t, r.engine, r.process(1))
			guarded, stop := held.Guard(t.Context())
			defer stop()
			lose(r, held)
			select {
			case <-guarded.Done():
			case <-time.After(10 * time.Second):
				t.Fatal("nothing happens")
			}
			if err := context.Cause(guarded); !errors.As(err, new(*LostError)) {
				t.Errorf("cause: %v", err)
			}
		})
	}
}

func TestAGuardIsNotDisturbedByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRace(t, 0)
		held := leaveBehind(t, r.engine, r.process(1))
		guarded, stop := held.Guard(t.Context())
		other := Options{Patience: -1, Process: r.process(2)}
		if _, err := Take(t.Context(), r.engine, "app", other); !errors.As(err, new(*HeldError)) {
			t.Errorf("take: %v", err)
		}
		if _, err := Take(t.Context(), r.engine, "app2", other); err != nil {
			t.Errorf("the lock of another project: %v", err)
		}
		synctest.Wait()
		if err := context.Cause(guarded); err != nil {
			t.Errorf("cause: %v", err)
		}
		stop()
	})
}

func TestBreak(t *testing.T) {
	elsewhere := Process{Identity: Identity{Host: "there", Boot: "other", Namespaces: "namespaces", PID: 1, Started: 1}}
	for name, c := range map[string]struct {
		holder func(r *race) Process
		force  bool
		broken bool
	}{
		"alive":       {func(r *race) Process { return r.process(1) }, false, false},
		"alive force": {func(r *race) Process { return r.process(1) }, true, true},
		"dead":        {func(r *race) Process { r.kill(3); return r.process(3) }, false, true},
		"elsewhere":   {func(*race) Process { return elsewhere }, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRace(t, 0)
			held := leaveBehind(t, r.engine, c.holder(r))
			if _, err := newTaker(r.engine, "app", Options{Process: elsewhere}).claim(t.Context(), held.guardName(held.self)); err != nil {
				t.Fatal(err) // a takeover that came to no end
			}
			by, err := Break(t.Context(), r.engine, "app", c.force, Options{Process: r.process(2)})
			left, look := r.engine.VolumesWith(t.Context(), engine.LabelLock, "app")
			if look != nil {
				t.Fatal(look)
			}
			switch {
			case c.broken && (err != nil || by == nil || by.Nonce != held.self.Nonce || len(left) > 0):
				t.Errorf("broken: %v, %v; left: %q", by, err, left)
			case !c.broken && (!errors.As(err, new(*HeldError)) || len(left) != 2):
				t.Errorf("not broken: %v; left: %q", err, left)
			}
		})
	}
	r := newRace(t, 0)
	if by, err := Break(t.Context(), r.engine, "app", false, Options{Process: r.process(2)}); by != nil || err != nil || len(r.engine.Ops()) > 0 {
		t.Errorf("nothing to break: %v, %v, %v", by, err, r.engine.Ops())
	}
}

func TestAVolumeThatIsNoLockIsLeftAlone(t *testing.T) {
	e := memory.New()
	for _, labels := range []map[string]string{{"mine": "1"}, {engine.LabelHolder: "{}"}, {engine.LabelHolder: "?"}} {
		op := engine.CreateVolume{Definition: spec.Volume{Name: volumeName("app")}, Labels: labels}
		if err := e.CreateVolume(t.Context(), op); err != nil {
			t.Fatal(err)
		}
		if _, err := Take(t.Context(), e, "app", Options{}); err == nil || !strings.Contains(err.Error(), "volume stack-lock.app: ") {
			t.Errorf("take: %v", err)
		}
		if err := e.RemoveVolume(t.Context(), engine.RemoveVolume{Name: volumeName("app")}); err != nil {
			t.Fatal(err)
		}
	}
}

// An engine that was ended while it made the lock has left it without labels.
func TestALockWithoutLabelsIsNobodys(t *testing.T) {
	e := memory.New()
	if err := e.CreateVolume(t.Context(), engine.CreateVolume{Definition: spec.Volume{Name: volumeName("app")}}); err != nil {
		t.Fatal(err)
	}
	if s, err := Look(t.Context(), e, "app", Process{}); err != nil || s.Holder != nil {
		t.Errorf("held by %v, %v", s.Holder, err)
	}
	held, err := Take(t.Context(), e, "app", Options{Patience: -1})
	if err != nil {
		t.Fatal(err)
	}
	if labels, err := e.VolumeLabels(t.Context(), volumeName("app")); err != nil || !strings.Contains(labels[engine.LabelHolder], held.self.Nonce) {
		t.Errorf("taken: %v, %v", labels, err)
	}
	if _, err := Take(t.Context(), e, "app", Options{Patience: -1}); !errors.As(err, new(*HeldError)) {
		t.Errorf("taken twice: %v", err)
	}
	if err := held.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := e.VolumesWith(t.Context(), engine.LabelLock, "app"); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestOnlyAHolderOfThisBootAndNamespaceIsKnownToBeDead(t *testing.T) {
	r := newRace(t, 0)
	r.kill(7)
	here := r.process(1)
	for name, c := range map[string]struct {
		change func(*Identity)
		want   Life
	}{
		"alive":             {func(*Identity) {}, Alive},
		"gone":              {func(id *Identity) { id.PID = 7 }, Dead},
		"its PID reused":    {func(id *Identity) { id.Started = 2 }, Dead},
		"another boot":      {func(id *Identity) { id.PID, id.Boot = 7, "other" }, Unknown},
		"another namespace": {func(id *Identity) { id.PID, id.Namespaces = 7, "other" }, Unknown},
		"no boot known":     {func(id *Identity) { id.PID, id.Boot = 7, "" }, Unknown},
	} {
		h := Holder{Identity: here.Identity}
		c.change(&h.Identity)
		if got := here.Life(h); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	nowhere := Process{Identity: Identity{Host: "here", PID: 1}}
	if got := nowhere.Life(Holder{Identity: nowhere.Identity}); got != Unknown {
		t.Errorf("where nothing is known: %s", got)
	}
}
