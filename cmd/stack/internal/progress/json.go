package progress

import (
	"encoding/json"
	"io"
	"sync"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// Record is one line of the JSON view. Type says which of the other fields are
// there: plan, action, warning, note, error, failure or end.
type Record struct {
	Version int    `json:"version"`
	Type    string `json:"type"`
	Project string `json:"project,omitempty"` // of plan
	Changes *int   `json:"changes,omitempty"` // of plan: how many
	Actions *int   `json:"actions,omitempty"` // of plan: how many
	Text    string `json:"text,omitempty"`    // of warning, note and error
	*reconciler.Event
	End     *Summary       `json:"summary,omitempty"` // of end
	Failure *stack.Failure `json:"failure,omitempty"` // of failure
}

// Note writes a record that stands by itself: kind is its type.
func Note(w io.Writer, kind, text string) { (&jsonView{out: w}).Note(kind, text) }

// Failure writes the record that explains a failed action.
func Failure(w io.Writer, f stack.Failure) {
	(&jsonView{out: w}).write(Record{Type: "failure", Failure: &f})
}

// jsonView writes the event stream: one JSON object a line.
type jsonView struct {
	out io.Writer
	// mutex keeps lines whole: events and logs come from different goroutines.
	mutex sync.Mutex
}

func (v *jsonView) Plan(p *plan.Plan) {
	changes, actions := len(p.Changes()), len(p.Actions)
	v.write(Record{Type: "plan", Project: p.Project, Changes: &changes, Actions: &actions})
}

func (v *jsonView) Event(e reconciler.Event) { v.write(Record{Type: "action", Event: &e}) }

func (v *jsonView) Note(kind, text string) { v.write(Record{Type: kind, Text: text}) }

func (v *jsonView) End(s Summary) { v.write(Record{Type: "end", End: &s}) }

func (v *jsonView) Close() {}

func (v *jsonView) Print(w io.Writer, text string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	_, _ = io.WriteString(w, text)
}

func (v *jsonView) write(r Record) {
	r.Version = reconciler.EventVersion
	text, err := json.Marshal(r)
	if err != nil {
		return // a Record always encodes
	}
	v.Print(v.out, string(text)+"\n")
}
