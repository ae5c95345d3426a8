package plan

import "encoding/json"

// JSONVersion is the version of the form that [Plan.JSON] gives. Fields are
// added without a new version.
const JSONVersion = 1

// The JSON form of a plan. It holds no argument of an operation, so no secret
// can be in it.
type (
	planJSON struct {
		Version int          `json:"version"`
		Project string       `json:"project"`
		Target  string       `json:"target,omitempty"`
		Changes []changeJSON `json:"changes"`
		Actions []actionJSON `json:"actions"`
		Skips   []noteJSON   `json:"skips,omitempty"` // jobs that do not run
		Notes   []noteJSON   `json:"notes"`

		Summary     map[Class]int `json:"summary"` // how many changes of each class
		Unavailable []outageJSON  `json:"unavailable"`
		Unchanged   []string      `json:"unchanged,omitempty"`
	}
	changeJSON struct {
		Verb    Verb         `json:"verb"`
		Object  string       `json:"object"`
		Name    string       `json:"name"`
		Service string       `json:"service,omitempty"`
		Class   Class        `json:"class"`
		Loses   []string     `json:"loses,omitempty"`
		If      []guardJSON  `json:"if,omitempty"` // one of these images changes
		Reasons []reasonJSON `json:"reasons"`
	}
	actionJSON struct {
		ID      string       `json:"id"`
		Kind    string       `json:"kind"`
		After   []edgeJSON   `json:"after"`
		Unless  []guardJSON  `json:"unless,omitempty"` // all of these images are unchanged
		Undo    bool         `json:"undo,omitempty"`
		Reasons []reasonJSON `json:"reasons"`
	}
	edgeJSON struct {
		ID   string `json:"id"`
		When string `json:"when"`
	}
	guardJSON struct {
		Action  string `json:"action"`
		Image   string `json:"image"`
		ImageID string `json:"image_id,omitempty"`
	}
	reasonJSON struct {
		Code  Code   `json:"code"`
		Field string `json:"field,omitempty"`
		From  string `json:"from,omitempty"`
		To    string `json:"to,omitempty"`
		Text  string `json:"text"`
	}
	outageJSON struct {
		Service     string     `json:"service"`
		Kind        OutageKind `json:"kind"`
		Seconds     float64    `json:"seconds,omitempty"` // absent: no record
		AtLeast     bool       `json:"at_least,omitempty"`
		Replicas    int        `json:"replicas"`
		Conditional bool       `json:"conditional,omitempty"`
		Network     string     `json:"network,omitempty"`
		NeededBy    []string   `json:"needed_by,omitempty"`
	}
	noteJSON struct {
		Service string `json:"service,omitempty"`
		Text    string `json:"text"`
	}
)

// JSON is the plan for programs, indented, with a newline at the end.
func (p *Plan) JSON() ([]byte, error) {
	out := planJSON{
		Version: JSONVersion, Project: p.Project, Target: p.Target,
		Changes: []changeJSON{}, Actions: []actionJSON{}, Notes: []noteJSON{},
		Summary: p.Classes(), Unavailable: []outageJSON{}, Unchanged: p.Unchanged,
	}
	for _, s := range p.Steps() {
		out.Changes = append(out.Changes, s.json())
	}
	for _, a := range p.Actions {
		out.Actions = append(out.Actions, actionJSON{a.ID, a.Op.Kind(), edges(a.After), a.Unless.json(), a.Undo(), reasons(a.Reasons)})
	}
	for _, o := range p.Outages {
		out.Unavailable = append(out.Unavailable, o.json())
	}
	for _, s := range p.Skips {
		out.Skips = append(out.Skips, noteJSON(s))
	}
	for _, n := range p.Notes {
		out.Notes = append(out.Notes, noteJSON(n))
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return append(text, '\n'), err
}

// JSONValue is the step as it stands among the changes of [Plan.JSON].
func (s Step) JSONValue() any { return s.json() }

// JSONValue is the outage as it stands in [Plan.JSON].
func (o Outage) JSONValue() any { return o.json() }

// JSONReasons are reasons as they stand in [Plan.JSON].
func JSONReasons(list []Reason) any { return reasons(list) }

func (s Step) json() changeJSON {
	return changeJSON{s.Verb, s.Object, s.Name, s.Service, s.Class, s.Loses, s.If.json(), reasons(s.Reasons)}
}

func (o Outage) json() outageJSON {
	return outageJSON{o.Service, o.Kind, o.For.Seconds(), o.AtLeast, o.Replicas, o.If, o.Network, o.Needed}
}

func (g Guard) json() (out []guardJSON) {
	for _, s := range g {
		out = append(out, guardJSON{s.ID, s.Image, s.ImageID})
	}
	return out
}

func edges(after []Edge) []edgeJSON {
	out := []edgeJSON{}
	for _, e := range after {
		out = append(out, edgeJSON{e.ID, e.When.String()})
	}
	return out
}

func reasons(list []Reason) []reasonJSON {
	out := []reasonJSON{}
	for _, r := range list {
		out = append(out, reasonJSON{r.Code, r.Field, r.From, r.To, r.String()})
	}
	return out
}
