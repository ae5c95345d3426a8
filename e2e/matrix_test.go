//go:build e2e

package e2e_test

import (
	"flag"
	"maps"
	"slices"
	"sync"
	"testing"
)

var everyFault = flag.Bool("faults", false, "have all faults happen, at all their points, where a sample is the default; takes most of an hour")

// sampled is how many points of one scenario's the sample has.
const sampled = 4

// TestNothingIsLeftHalfWay has each fault happen at the calls to the engine of each
// scenario, kills at all of them, those that only read too: n runs over the calls
// of an undisturbed run. The same command, once more, must then reach the undisturbed result:
// the same definitions, nothing that is left over, and the volumes' contents.
func TestNothingIsLeftHalfWay(t *testing.T) {
	t.Parallel()
	sum := &tally{points: map[string]*count{}}
	t.Cleanup(func() { sum.print(t) }) // when the parallel ones are through
	for number, cycle := range cycles {
		t.Run(cycle[0].name, func(t *testing.T) {
			if !*everyFault {
				newLane(t, number, cycle, sum).run(nil)
				return
			}
			t.Parallel()
			for _, f := range faults {
				t.Run(f.name, func(t *testing.T) { newLane(t, number, cycle, sum).run([]fault{f}) })
			}
		})
	}
}

// A tally counts points by scenario and fault.
type tally struct {
	mu     sync.Mutex // lanes run at once
	points map[string]*count
}

type count struct{ tried, met, failed int }

func (y *tally) note(name string, met, failed bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.points[name] == nil {
		y.points[name] = &count{}
	}
	c := y.points[name]
	c.tried++
	if met {
		c.met++
	}
	if failed {
		c.failed++
	}
}

func (y *tally) print(t *testing.T) {
	all := count{}
	for _, name := range slices.Sorted(maps.Keys(y.points)) {
		c := y.points[name]
		t.Logf("%-40s %4d points, %4d met, %d did not converge", name, c.tried, c.met, c.failed)
		all.tried, all.met, all.failed = all.tried+c.tried, all.met+c.met, all.failed+c.failed
	}
	t.Logf("%-40s %4d points, %4d met, %d did not converge", "total", all.tried, all.met, all.failed)
	if all.met*10 < all.tried*8 {
		t.Errorf("only %d of %d points were met: the runs must be alike", all.met, all.tried)
	}
}
