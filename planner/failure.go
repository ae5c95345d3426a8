package planner

import (
	"cmp"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

func (u *up) onFailure(s spec.Service) spec.OnFailure {
	return cmp.Or(u.opts.OnFailure, s.OnFailure, spec.Rollback)
}

// rollsBack reports whether the old container of s comes back when its
// replacement fails.
func (u *up) rollsBack(s spec.Service) bool { return u.onFailure(s) == spec.Rollback }

// inSpite lets what depends on s go on whatever becomes of it, where that is
// asked for.
func (u *up) inSpite(s spec.Service, edges []plan.Edge) []plan.Edge {
	if u.onFailure(s) != spec.Continue {
		return edges
	}
	out := make([]plan.Edge, len(edges))
	for i, e := range edges {
		out[i] = onSettled(e.ID)
	}
	return out
}
