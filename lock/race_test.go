package lock

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
)

// A race lets contenders go on one call to the engine at a time, in an order
// that its seed gives, kills some of them before or after a call, and has some
// calls fail in a way that may pass, before they are carried out or after. All
// of it belongs to the goroutine of run, but for what a contender does in its turn.
type race struct {
	t       *testing.T
	random  *rand.Rand
	engine  *memory.Engine
	mu      sync.Mutex   // guards dead: who waits looks at any time
	dead    map[int]bool // by PID
	holders map[int]bool
	takes   int
	lost    int // answers
	ready   chan *contender
	over    chan *contender
}

// A contender takes the lock, holds it for some calls, and releases it.
type contender struct {
	Engine
	race *race
	pid  int
	turn chan fate
	gone bool // killed: all its calls fail
}

// A fate is what becomes of a contender's next call.
type fate int

const (
	lives fate = iota
	diesBefore
	diesAfter
	refused    // an error that may pass, and nothing was done
	loseAnswer // the same, and it was done
)

var (
	errKilled  = errors.New("killed")
	errRefused = errors.New("connection reset")
)

// retry tries again for as long as an error may pass.
func retry(_ context.Context, try func() error) error {
	for {
		if err := try(); !errors.As(err, new(*engine.TransientError)) {
			return err
		}
	}
}

func newRace(t *testing.T, seed uint64) *race {
	return &race{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), engine: memory.New(), dead: map[int]bool{}, holders: map[int]bool{},
		ready: make(chan *contender), over: make(chan *contender),
	}
}

func (r *race) process(pid int) Process {
	return Process{
		Identity: Identity{Host: "here", Boot: "boot", Namespaces: "namespaces", PID: pid, Started: 1},
		look: func(pid int) (uint64, Life) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.dead[pid] {
				return 0, Dead
			}
			return 1, Alive
		},
	}
}

func (r *race) kill(pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead[pid] = true
}

// run lets n contenders race to their ends. About one call in forty kills, and
// about one in ten has to be tried again.
func (r *race) run(n int) {
	for pid := 1; pid <= n; pid++ {
		c := &contender{Engine: r.engine, race: r, pid: pid, turn: make(chan fate)}
		go c.contend()
	}
	var waiting []*contender
	for left, calls := n, 0; left > 0; calls++ {
		for len(waiting) < left {
			select {
			case c := <-r.ready:
				waiting = append(waiting, c)
			case <-r.over:
				left--
			}
		}
		if left == 0 {
			return
		}
		if calls > 100_000 {
			r.t.Fatal("the race has no end")
		}
		i := r.random.IntN(len(waiting))
		c := waiting[i]
		waiting = append(waiting[:i], waiting[i+1:]...)
		c.turn <- r.fate()
	}
}

func (r *race) fate() fate {
	switch r.random.IntN(80) {
	case 0:
		return diesBefore
	case 1:
		return diesAfter
	case 2, 3:
		return refused
	case 4, 5, 6, 7:
		return loseAnswer
	}
	return lives
}

func (c *contender) contend() {
	defer func() { c.race.over <- c }()
	for {
		held, err := Take(c.race.t.Context(), c, "app", Options{Patience: -1, Process: c.race.process(c.pid), Retry: retry})
		switch {
		case c.gone:
			return
		case errors.As(err, new(*HeldError)):
			continue
		case err != nil:
			c.race.t.Errorf("take: %v", err)
			return
		}
		c.hold(held)
		return
	}
}

// hold is between two turns of others at each call.
func (c *contender) hold(held *Lock) {
	r := c.race
	if len(r.holders) > 0 {
		r.t.Errorf("contender %d holds the lock beside %v", c.pid, r.holders)
	}
	r.holders[c.pid] = true
	r.takes++
	// As a run does after its look at the engine.
	if names, err := held.volumes(context.Background()); err == nil {
		if err := held.Sweep(context.Background(), names); err != nil && !c.gone {
			r.t.Errorf("sweep: %v", err)
		}
	}
	for range 2 {
		_, err := c.VolumeLabels(context.Background(), held.name)
		if err != nil && !c.gone && !errors.As(err, new(*engine.TransientError)) {
			r.t.Errorf("while it is held: %v", err)
		}
	}
	delete(r.holders, c.pid) // at the latest now: it may be gone with the next call
	if err := held.Release(context.Background()); err != nil && !c.gone {
		r.t.Errorf("release: %v", err)
	}
}

// call is one call to the engine, in its turn.
func (c *contender) call(act func() error) error {
	if c.gone {
		return errKilled
	}
	c.race.ready <- c
	fate := <-c.turn
	switch fate {
	case diesBefore:
		return c.die()
	case refused:
		return &engine.TransientError{Err: errRefused}
	}
	err := act()
	switch fate {
	case diesAfter:
		return c.die()
	case loseAnswer:
		c.race.lost++
		return &engine.TransientError{Err: errRefused, Sent: true}
	}
	return err
}

func (c *contender) die() error {
	c.gone = true
	c.race.kill(c.pid)
	delete(c.race.holders, c.pid)
	return errKilled
}

func (c *contender) ClaimVolume(ctx context.Context, op engine.CreateVolume) (labels map[string]string, err error) {
	err = c.call(func() (err error) {
		labels, err = c.Engine.ClaimVolume(ctx, op)
		return err
	})
	return labels, err
}

func (c *contender) RemoveVolume(ctx context.Context, op engine.RemoveVolume) error {
	return c.call(func() error { return c.Engine.RemoveVolume(ctx, op) })
}

func (c *contender) VolumeLabels(ctx context.Context, name string) (labels map[string]string, err error) {
	err = c.call(func() (err error) {
		labels, err = c.Engine.VolumeLabels(ctx, name)
		return err
	})
	return labels, err
}

func (c *contender) VolumesWith(ctx context.Context, label, value string) (names []string, err error) {
	err = c.call(func() (err error) {
		names, err = c.Engine.VolumesWith(ctx, label, value)
		return err
	})
	return names, err
}

// However many race for the lock of a dead holder, and wherever they die
// themselves, never two hold it; and who comes last leaves nothing behind.
func TestRacingTakeoversNeverGiveTwoHolders(t *testing.T) {
	const rounds, contenders = 600, 8
	takes, killed, lost := 0, 0, 0
	for seed := range uint64(rounds) {
		r := newRace(t, seed)
		leaveBehind(t, r.engine, r.process(99))
		r.kill(99)
		r.run(contenders)
		last, err := Take(t.Context(), r.engine, "app", Options{Patience: -1, Process: r.process(100)})
		if err != nil {
			t.Fatalf("seed %d: the last one: %v", seed, err)
		}
		if err := errors.Join(last.Sweep(t.Context(), volumesOf(t, r)), last.Release(t.Context())); err != nil {
			t.Fatal(err)
		}
		if left, err := r.engine.VolumesWith(t.Context(), engine.LabelLock, "app"); len(left) > 0 || err != nil {
			t.Errorf("seed %d: left behind: %q, %v", seed, left, err)
		}
		if takes, killed, lost = takes+r.takes, killed+len(r.dead)-1, lost+r.lost; t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
	if t.Logf("%d rounds: %d holds, %d killed, %d answers lost", rounds, takes, killed, lost); takes < 3*rounds || killed < rounds || lost < rounds {
		t.Error("that is no race")
	}
}

// leaveBehind takes the lock and never releases it.
func leaveBehind(t *testing.T, e Engine, p Process) *Lock {
	t.Helper()
	held, err := Take(t.Context(), e, "app", Options{Patience: -1, Process: p, Command: "stack up"})
	if err != nil {
		t.Fatal(err)
	}
	return held
}
