package plan

import "slices"

// A Step is a change of a plan with what is to be said about it: the reasons of
// all its actions, each once, and what it hangs on.
type Step struct {
	Change
	Reasons []Reason
	If      Guard // the change happens when one of these images is another one than before; empty: it happens
}

// Steps returns the changes of the plan as [Plan.Changes] does, each with its
// reasons.
func (p *Plan) Steps() []Step {
	var steps []Step
	index := map[Change]int{}
	for _, a := range p.Actions {
		if Waits(a.Op) || a.Undo() {
			continue
		}
		guard := a.Unless.possible()
		i, ok := index[a.Change]
		if !ok {
			index[a.Change] = len(steps)
			steps = append(steps, Step{Change: a.Change, Reasons: slices.Clone(a.Reasons), If: guard})
			continue
		}
		steps[i].merge(a.Reasons, guard)
	}
	return steps
}

// merge adds another action of the same change. The change as a whole hangs on
// something only if each of its actions does.
func (s *Step) merge(reasons []Reason, guard Guard) {
	for _, r := range reasons {
		if !slices.Contains(s.Reasons, r) {
			s.Reasons = append(s.Reasons, r)
		}
	}
	if len(s.If) == 0 || len(guard) == 0 {
		s.If = nil
		return
	}
	for _, same := range guard {
		if !slices.Contains(s.If, same) {
			s.If = append(s.If, same)
		}
	}
}

// possible is the guard as far as it can hold: an image that was not there
// before is another one in any case.
func (g Guard) possible() Guard {
	for _, s := range g {
		if s.ImageID == "" {
			return nil
		}
	}
	return slices.Clone(g)
}
