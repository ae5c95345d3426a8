package laws

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

var (
	cases  = flag.Int("cases", 48, "how many random stacks the laws are held on")
	first  = flag.Int("first", 0, "the first of them")
	points = flag.Int("points", 3, "at how many points of each plan it is killed, and made to fail; 0 for all")
)

// full is the number of cases from which on each row of the table must have
// been hit leastOfEach times.
const (
	full        = 3300
	leastOfEach = 30
)

// TestRandomStacks holds the laws on random stacks, deeds and flags: each case
// brings one stack up, lets things happen to it, and plans another one that was
// made from the first. Each second one has one deed at most, and is held to the
// table of differences too.
func TestRandomStacks(t *testing.T) {
	var tally Tally
	var seen count
	t.Run("cases", func(t *testing.T) {
		for seed := range *cases {
			t.Run(fmt.Sprint(*first+seed), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, *first+seed)
				c := w.story(*first + seed)
				c.Tally = &tally
				p, err := c.Hold(t)
				if isSingle(*first + seed) {
					w.tabled(p, err)
				}
				seen.add(w.deeds, p, err)
			})
		}
	})
	t.Logf("%d cases, %d of them refused; carried out in %d other orders, killed at %d points, failed at %d",
		tally.Cases.Load(), tally.Refused.Load(), tally.Orders.Load(), tally.Kills.Load(), tally.Failures.Load())
	least := 0
	if *cases >= full {
		least = leastOfEach
	}
	seen.report(t, least)
}

// newWorld is one on the memory engine.
func newWorld(t testing.TB, seed int) *world {
	w := &world{TB: t, Rand: rand.New(rand.NewPCG(uint64(seed), 1)), project: "p"}
	w.ground = w.empty()
	return w
}

// empty is a memory engine that has nothing.
func (w *world) empty() inMemory {
	e := memory.New()
	e.ConnectAfterCreate(w.chance(50))
	return inMemory{TB: w, engine: e}
}

func (w *world) engine() *memory.Engine { return w.ground.(inMemory).engine } //nolint:errcheck // worlds of this file are on no other

// story makes the case of a seed.
func (w *world) story(seed int) Case {
	deeds := allDeeds()
	if isSingle(seed) {
		w.single(deeds[(seed/2)%len(deeds)], seed%23 == 1)
	} else {
		w.begin(w.chance(75))
		w.many(deeds)
	}
	return Case{Engine: w.engine(), Desired: w.after, Options: w.options, Points: *points}
}

// isSingle reports whether the case of a seed has one deed at most.
func isSingle(seed int) bool { return seed%2 == 1 }

// begin makes a random stack, and brings it up or leaves the engine empty.
func (w *world) begin(up bool) {
	w.before = w.stack()
	w.after = clone(w, w.before)
	if up {
		w.up(w.before)
	}
}

// single does one deed, or none, to the first random stack to which it applies.
func (w *world) single(d deed, none bool) {
	for range 500 {
		w.ground = w.empty()
		w.begin(true)
		w.options.Wait = w.chance(30)
		if none || w.try(d) {
			return
		}
	}
	w.Fatalf("no stack in 500 to which %q can be done", d.name)
}

// many does some deeds, under any flags, and before them perhaps begins to bring
// up another stack, without getting far.
func (w *world) many(deeds []deed) {
	if w.chance(20) {
		w.interrupted(deeds)
	}
	for range w.IntN(5) {
		w.try(deeds[w.IntN(len(deeds))])
	}
	w.ask()
}

// interrupted is an earlier run, for yet another stack, that was killed.
func (w *world) interrupted(deeds []deed) {
	for range 1 + w.IntN(2) {
		if d := deeds[w.IntN(len(deeds))]; d.row == rowReplaced {
			w.try(d)
		}
	}
	// Drawn in any case: an engine that is late with its verdict of health has
	// something to wait for where another has nothing, and the rest of the story
	// must be the same on both.
	point := w.IntN(1 << 20)
	p, err := planner.Up(w.after, snapshot(w, w.on(), w.after), planner.Options{Wait: true})
	if err != nil || len(p.Actions) == 0 {
		return
	}
	kill := countdown{left: point % len(p.Actions), perform: performOn(w.on())}
	// Its error is the kill.
	_, _ = reconciler.Apply(context.Background(), kill.call, p, reconciler.Options{Parallel: 1})
}

func (w *world) up(s *spec.Stack) {
	w.Helper()
	p, err := planner.Up(s, snapshot(w, w.on(), s), planner.Options{Wait: true})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := reconciler.Apply(context.Background(), performOn(w.on()), p, reconciler.Options{}); err != nil {
		w.Fatalf("up of the stack before: %v\n%s", err, p.Graph())
	}
}

// tabled holds a case of one deed to what the table says of it.
func (w *world) tabled(p *plan.Plan, err error) {
	w.Helper()
	r := rowNone
	if len(w.deeds) == 1 {
		r = w.deeds[0].row
	}
	if r == rowOther || table[r].does(p, err) {
		return
	}
	what := "nothing"
	if len(w.deeds) == 1 {
		what = w.deeds[0].name + " of " + w.deeds[0].on
	}
	w.Errorf("table: %s, after %s; the plan (error %v) is\n%s", r, what, err, graph(p))
}

func graph(p *plan.Plan) string {
	if p == nil {
		return "none"
	}
	return p.Graph()
}
