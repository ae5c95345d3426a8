package planner

import (
	"fmt"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// A Cause is why the containers of a service are as they are, and what would
// become of them now.
type Cause struct {
	Service string
	Origins []Origin   // of its containers, by their names
	Now     *plan.Plan // what up would do to it
}

// An Origin is why one container was made.
type Origin struct {
	Container engine.Container
	History   *engine.History // nil when it was not recorded
}

// Why explains a service: why each of its containers was made, and what up with
// the options would do to it now. A service that neither the file nor the
// engine has is an *UnknownServiceError.
func Why(desired *spec.Stack, observed engine.State, opts Options, service string) (Cause, error) {
	if err := knownServices(desired, observed, []string{service}); err != nil {
		return Cause{}, err
	}
	out := Cause{Service: service}
	for _, c := range observed.Containers {
		if c.Service != service || c.OneOff {
			continue
		}
		history, err := engine.DecodeHistory(c.Labels)
		if err != nil {
			return Cause{}, fmt.Errorf("container %s: %w", c.Name, err)
		}
		out.Origins = append(out.Origins, Origin{c, history})
	}
	var err error
	out.Now, err = Up(desired, observed, opts)
	return out, err
}
