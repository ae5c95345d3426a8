package docker

import (
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// By this machine's clock the container started an hour ago, or in an hour's
// time. It has just started, and has yet to show that it lasts.
func TestAnotherClockDoesNotShortenATrial(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, time.Hour, -365 * 24 * time.Hour} {
		waiting(t, engine.WaitContainer{Condition: engine.Ready, Monitor: 10 * time.Second}, func(f *fake) {
			f.ahead = ahead
			f.state.StartedAt = instant(time.Now().Add(ahead))
			f.after(5*time.Second, "die", f.exits(3))
		}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
			if took != 5*time.Second {
				t.Errorf("engine's clock ahead by %s: over after %s", ahead, took)
			}
			_ = fails(t, err, "exited with code 3")
		})
	}
}

func TestWhatHasRunForLongNeedsNoTrial(t *testing.T) {
	for _, ahead := range []time.Duration{0, -time.Hour} {
		waiting(t, engine.WaitContainer{Condition: engine.Ready, Monitor: 10 * time.Second}, func(f *fake) {
			f.ahead = ahead
			f.state.StartedAt = instant(time.Now().Add(ahead - 2*time.Minute))
		}, func(_ *fake, took time.Duration, _ plan.Outcome, err error) {
			if err != nil || took > 0 {
				t.Errorf("engine's clock ahead by %s: %v after %s", ahead, err, took)
			}
		})
	}
}
