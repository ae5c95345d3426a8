package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The encoded form of a plan: every field of it, operations with all their
// arguments, secret values among them. It is for storing plans; [Plan.JSON] is
// what may be shown.
type (
	planCode struct {
		Plan
		Actions []actionCode // in place of the plan's own
	}
	actionCode struct {
		Action
		Kind string
		Op   json.RawMessage // in place of the action's own
	}
)

// An OpDecoder makes an operation out of its kind and its JSON form. Each target
// has its own.
type OpDecoder func(kind string, code []byte) (Op, error)

// Encode returns the whole plan as JSON, from which Decode makes an equal one.
func (p *Plan) Encode() ([]byte, error) {
	out := planCode{Plan: *p}
	for _, a := range p.Actions {
		op, err := json.Marshal(a.Op)
		if err != nil {
			return nil, fmt.Errorf("action %q: encode: %w", a.ID, err)
		}
		out.Actions = append(out.Actions, actionCode{a, a.Op.Kind(), op})
	}
	return json.Marshal(out)
}

// Decode reads a plan that was encoded, and holds it to what every plan
// promises. What it does not know is an error: a plan that is carried out in part
// is another plan.
func Decode(code []byte, op OpDecoder) (*Plan, error) {
	var in planCode
	if err := DecodeStrictly(code, &in); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	p := in.Plan
	for _, a := range in.Actions {
		decoded, err := op(a.Kind, a.Op)
		if err != nil {
			return nil, fmt.Errorf("action %q: %w", a.ID, err)
		}
		a.Action.Op = decoded
		p.Actions = append(p.Actions, a.Action)
	}
	return &p, p.Check()
}

// DecodeStrictly reads one JSON value, and nothing else, into v. A field that v
// lacks is an error.
func DecodeStrictly(code []byte, v any) error {
	if err := json.Unmarshal(code, new(json.RawMessage)); err != nil {
		return err // the decoder below would not look at what follows the value
	}
	d := json.NewDecoder(bytes.NewReader(code))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
