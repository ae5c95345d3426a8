package plan

import (
	"cmp"
	"fmt"
)

// A Code says why an action is in a plan.
type Code string

// The codes of reasons.
const (
	Missing    Code = "missing"    // it is wanted and not there
	Changed    Code = "changed"    // the file asks for something else than it was made from
	Drifted    Code = "drifted"    // somebody changed it behind our back
	Surplus    Code = "surplus"    // it is there and not wanted
	Dependency Code = "dependency" // something it stands on changes
	Requested  Code = "requested"  // a flag asks for it
	Undo       Code = "undo"       // puts back what a failed action left
)

// A Reason is why an action is in a plan, down to the field if there is one.
// From and To are ready to be printed: no secret value is in them.
type Reason struct {
	Code     Code
	Field    string // such as environment.LOG_LEVEL
	From, To string
	Text     string // the whole reason in words, where From and To do not say it
}

func (r Reason) String() string {
	switch {
	case r.Text != "":
		return r.Text
	case r.Field == "":
		return string(r.Code)
	case r.Code == Drifted:
		return fmt.Sprintf("drifted: %s: %s -> %s", r.Field, cmp.Or(r.From, "(none)"), cmp.Or(r.To, "(none)"))
	case r.From == "":
		return fmt.Sprintf("%s: added %s", r.Field, r.To)
	case r.To == "":
		return fmt.Sprintf("%s: removed, was %s", r.Field, r.From)
	default:
		return fmt.Sprintf("%s: %s -> %s", r.Field, r.From, r.To)
	}
}
