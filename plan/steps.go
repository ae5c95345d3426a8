package plan

import "slices"

// A Step is a change of a plan with what is to be said about it: the reasons of
// all its actions, each once, and what it hangs on.
type Step struct {
	Change
	Class   Class
	Loses   []string // what is lost for good; only of class DataLoss
	Reasons []Reason
	If      Guard // the change happens when one of these images is another one than before; empty: it happens
}

// Steps returns the changes of the plan as [Plan.Changes] does, each with its
// reasons.
func (p *Plan) Steps() []Step {
	var steps []Step
	index, kinds := map[Change]int{}, map[Change][]string{}
	for _, a := range p.Actions {
		if Waits(a.Op) || a.Undo() {
			continue
		}
		guard := a.Unless.possible()
		kinds[a.Change] = append(kinds[a.Change], a.Op.Kind())
		i, ok := index[a.Change]
		if !ok {
			index[a.Change] = len(steps)
			steps = append(steps, Step{Change: a.Change, Reasons: slices.Clone(a.Reasons), Loses: slices.Clone(a.Loses), If: guard})
			continue
		}
		steps[i].merge(a, guard)
	}
	for i := range steps {
		steps[i].classify(kinds[steps[i].Change])
	}
	return steps
}

func (s *Step) classify(kinds []string) {
	s.Class = classOf(s.Verb, kinds)
	if len(s.Loses) > 0 {
		s.Class = DataLoss
	}
}

// merge adds another action of the same change. The change as a whole hangs on
// something only if each of its actions does.
func (s *Step) merge(a Action, guard Guard) {
	s.Reasons = joined(s.Reasons, a.Reasons)
	s.Loses = joined(s.Loses, a.Loses)
	if len(s.If) == 0 || len(guard) == 0 {
		s.If = nil
		return
	}
	s.If = joined(s.If, guard)
}

// joined adds what is not in list yet.
func joined[T comparable](list, more []T) []T {
	for _, one := range more {
		if !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

// Doubtful reports whether it is open until the action's turn if it is needed.
func (a Action) Doubtful() bool { return len(a.Unless.possible()) > 0 }

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
