package stack

import (
	"context"
	"errors"

	"github.com/stackfile/stack/engine"
)

// A Measurement is what one container used at one time.
type Measurement struct {
	Container engine.Listing
	engine.Usage
}

// Measure measures all containers at once, and returns what they use in their
// order. One that does not run uses nothing; one that is gone is left out.
func Measure(ctx context.Context, e engine.Inspector, list []engine.Listing) ([]Measurement, error) {
	type answer struct {
		usage engine.Usage
		err   error
	}
	answers := make([]chan answer, len(list))
	for i, c := range list {
		answers[i] = make(chan answer, 1)
		if !alive(c.Container) {
			answers[i] <- answer{}
			continue
		}
		go func() {
			usage, err := e.Usage(ctx, c.ID)
			answers[i] <- answer{usage, err}
		}()
	}
	var out []Measurement
	for i, c := range list {
		a := <-answers[i]
		if errors.Is(a.err, engine.ErrNotFound) {
			continue
		}
		if a.err != nil {
			return nil, a.err
		}
		out = append(out, Measurement{c, a.usage})
	}
	return out, nil
}
