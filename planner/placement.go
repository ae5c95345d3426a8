package planner

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/stackfile/stack/spec"
)

// wantsHost reports whether a plan for a service depends on the facts of the
// engine's machine.
func wantsHost(s spec.Service) bool {
	r := s.Reserved
	return len(s.Placement.Constraints) > 0 || r.CPUs > 0 || r.Memory > 0 || len(r.Generic) > 0
}

// A PlacementError says that a service may not run on this engine. Nothing has
// been touched.
type PlacementError struct{ Service, Cause, Hint string }

func (e *PlacementError) Error() string { return fmt.Sprintf("service %s: %s", e.Service, e.Cause) }

// checkPlacement finds the constraints that this engine does not meet.
func (u *up) checkPlacement(s spec.Service) (errs []error) {
	if limit := s.Placement.MaxReplicas; limit > 0 && u.replicas(s) > limit {
		errs = append(errs, &PlacementError{s.Name, fmt.Sprintf("%d replicas, and max_replicas_per_node is %d: one engine is one node", u.replicas(s), limit), "ask for fewer replicas, or allow more on a node"})
	}
	if u.observed.Host == nil || u.replicas(s) == 0 {
		return errs
	}
	for _, c := range s.Placement.Constraints {
		if has, ok := u.observed.Host.Meets(c); !ok {
			errs = append(errs, unmet(s, c, has))
		}
	}
	return errs
}

func unmet(s spec.Service, c spec.Constraint, has string) error {
	cause := fmt.Sprintf("placement constraint %s: this engine has %q there", c, has)
	if has == "" {
		cause = fmt.Sprintf("placement constraint %s: this engine has nothing there", c)
	}
	hint := "use another engine, or leave the constraint out"
	if strings.Contains(c.Key, ".labels.") {
		hint = "give the engine the label (dockerd --label), use another one, or leave the constraint out"
	}
	return &PlacementError{s.Name, cause, hint}
}

// remarkReservations tells of what the services reserve together beyond what
// the engine has: they run all the same, and may get less.
func (u *up) remarkReservations(order []string) {
	h := u.observed.Host
	if h == nil {
		return
	}
	total := u.reserved(order)
	if total.CPUs > h.CPUs {
		u.note("", "the services reserve %s CPUs, and the engine has %s", cores(total.CPUs), cores(h.CPUs))
	}
	if total.Memory > h.Memory {
		u.note("", "the services reserve %d MiB of memory, and the engine has %d MiB", total.Memory>>20, h.Memory>>20)
	}
	for _, kind := range sortedKeys(total.Generic) {
		if total.Generic[kind] > h.Generic[kind] {
			u.note("", "the services reserve %d of the resource %s, and the engine has %d", total.Generic[kind], kind, h.Generic[kind])
		}
	}
}

// reserved is what the replicas of some services reserve together.
func (u *up) reserved(order []string) spec.Reservation {
	total := spec.Reservation{Generic: map[string]int64{}}
	for _, name := range order {
		s := u.desired.Services[name]
		n := int64(u.replicas(s))
		total.CPUs += n * s.Reserved.CPUs
		total.Memory += n * s.Reserved.Memory
		for kind, count := range s.Reserved.Generic {
			total.Generic[kind] += n * count
		}
	}
	return total
}

// cores writes 1500000000 as 1.5.
func cores(nano int64) string {
	text := big.NewRat(nano, 1e9).FloatString(9)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
