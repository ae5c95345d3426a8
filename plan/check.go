package plan

import (
	"errors"
	"fmt"
	"slices"
)

// Check holds a plan to what every plan promises: IDs are unique, every action
// has a reason, every edge and guard names an action, and there is no cycle. A
// guard speaks of an action that its own action comes after. Check finds bugs
// of planners, not of users.
func (p *Plan) Check() error {
	index := make(map[string]int, len(p.Actions))
	var errs []error
	for i, a := range p.Actions {
		if _, ok := index[a.ID]; ok {
			errs = append(errs, fmt.Errorf("action %q: twice", a.ID))
		}
		index[a.ID] = i
		if len(a.Reasons) == 0 {
			errs = append(errs, fmt.Errorf("action %q: no reason", a.ID))
		}
	}
	for _, a := range p.Actions {
		errs = append(errs, a.check(index)...)
	}
	if len(errs) == 0 {
		errs = append(errs, p.acyclic(index))
	}
	return errors.Join(errs...)
}

func (a Action) check(index map[string]int) (errs []error) {
	for _, e := range a.After {
		if _, ok := index[e.ID]; !ok {
			errs = append(errs, fmt.Errorf("action %q: after unknown action %q", a.ID, e.ID))
		}
	}
	for _, s := range a.Unless {
		if !slices.ContainsFunc(a.After, func(e Edge) bool { return e.ID == s.ID }) {
			errs = append(errs, fmt.Errorf("action %q: guarded by %q, but not after it", a.ID, s.ID))
		}
	}
	return errs
}

func (p *Plan) acyclic(index map[string]int) error {
	const visiting, done = 1, 2
	state := make([]int, len(p.Actions))
	var visit func(i int) error
	visit = func(i int) error {
		switch state[i] {
		case visiting:
			return fmt.Errorf("action %q: comes after itself", p.Actions[i].ID)
		case done:
			return nil
		}
		state[i] = visiting
		for _, e := range p.Actions[i].After {
			if err := visit(index[e.ID]); err != nil {
				return err
			}
		}
		state[i] = done
		return nil
	}
	for i := range p.Actions {
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}
