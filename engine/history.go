package engine

import (
	"encoding/json"
	"fmt"

	"github.com/stackfile/stack/plan"
)

// A History is why a container was made: the change that made it, and its
// reasons, in which no secret value is.
type History struct {
	Verb    plan.Verb
	Reasons []plan.Reason
}

// historyLabel is the form of LabelReasons.
type historyLabel struct {
	Verb    plan.Verb     `json:"verb"`
	Reasons []reasonLabel `json:"reasons"`
}

type reasonLabel struct {
	Code  plan.Code `json:"code"`
	Field string    `json:"field,omitempty"`
	From  string    `json:"from,omitempty"`
	To    string    `json:"to,omitempty"`
	Text  string    `json:"text,omitempty"`
}

// EncodeHistory returns the label that records why a container is made.
func EncodeHistory(h History) string {
	label := historyLabel{Verb: h.Verb, Reasons: []reasonLabel{}}
	for _, r := range h.Reasons {
		label.Reasons = append(label.Reasons, reasonLabel(r))
	}
	text, _ := json.Marshal(label) // strings always encode
	return string(text)
}

// DecodeHistory reads a container's label back. It returns nil where there is
// none, as on a container of an older stack or of another tool.
func DecodeHistory(labels map[string]string) (*History, error) {
	text, ok := labels[LabelReasons]
	if !ok {
		return nil, nil
	}
	var label historyLabel
	if err := json.Unmarshal([]byte(text), &label); err != nil {
		return nil, fmt.Errorf("label %s: %w", LabelReasons, err)
	}
	h := &History{Verb: label.Verb}
	for _, r := range label.Reasons {
		h.Reasons = append(h.Reasons, plan.Reason(r))
	}
	return h, nil
}
