package lock

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The wait for a holder is as long as was asked for, to the second, however the
// clock is set meanwhile; and a holder is no deader for having taken the lock in
// the future.
func TestJumpsOfTheClockNeitherShortenNorLengthenTheWait(t *testing.T) {
	for _, by := range []time.Duration{-30 * 365 * 24 * time.Hour, -time.Hour, time.Hour, 30 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			r := newRace(t, 0)
			n := 0
			jumps := func() time.Time { n++; return time.Now().Add(time.Duration(n%3-1) * by) }
			if _, err := Take(t.Context(), r.engine, "app", Options{Process: r.process(1), Now: func() time.Time { return time.Now().Add(by) }}); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, err := Take(t.Context(), r.engine, "app", Options{Process: r.process(2), Patience: time.Minute, Now: jumps})
			var held *HeldError
			if took := time.Since(began); !errors.As(err, &held) || held.Life != Alive || took != time.Minute {
				t.Errorf("clock off by %s: %v after %s", by, err, took)
			}
		})
	}
}
