package planner

import (
	"fmt"
	"slices"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// A Cause is why the containers of a service are as they are, and what would
// become of them now.
type Cause struct {
	Project, Service string
	Origins          []Origin    // of its containers, by their names
	Now              []plan.Step // what up would change of the service
	Outages          []plan.Outage
	Skips            []plan.Skip // why the service, a job, would not run now
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
	out := Cause{Project: desired.Name, Service: service}
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
	p, err := Up(desired, observed, opts)
	if err != nil {
		return Cause{}, err
	}
	out.Now = slices.DeleteFunc(p.Steps(), func(s plan.Step) bool { return s.Service != service })
	out.Outages = slices.DeleteFunc(p.Outages, func(o plan.Outage) bool { return o.Service != service })
	out.Skips = slices.DeleteFunc(p.Skips, func(s plan.Skip) bool { return s.Service != service })
	return out, nil
}
