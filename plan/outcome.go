package plan

// An Outcome is what an action found out, as far as a later one or the user may
// need it. The zero Outcome says nothing.
type Outcome struct {
	ImageID     string   `json:"image_id,omitempty"`     // of BuildImage and PullImage
	ContainerID string   `json:"container_id,omitempty"` // of CreateContainer
	ExitCode    int      `json:"exit_code,omitempty"`    // of a wait for completion
	Warnings    []string `json:"warnings,omitempty"`     // what the engine answered beside success
}

// A Guard makes an action unneeded: it is not carried out when every condition
// holds, and what comes after it goes on as if it had succeeded. The empty
// guard never holds.
type Guard []Same

// Same holds when the action named by ID ended with the image ID.
type Same struct {
	ID      string // an action with an image in its Outcome; the guarded one comes after it
	Image   string // the reference, for people
	ImageID string // what it meant when the plan was made; "" when it was not there
}

// Holds reports whether the guard makes its action unneeded, given the outcomes
// of the actions that have succeeded. Of an action without an outcome nothing
// is known, so no condition on it holds.
func (g Guard) Holds(outcomes map[string]Outcome) bool {
	for _, s := range g {
		if o, ok := outcomes[s.ID]; !ok || o.ImageID == "" || o.ImageID != s.ImageID {
			return false
		}
	}
	return len(g) > 0
}

// Progress is how far an action has come. It is data for people: nothing
// decides on it.
type Progress struct {
	Text    string `json:"text,omitempty"`    // what it is doing, such as "health: starting"
	Current int64  `json:"current,omitempty"` // 0 when unknown
	Total   int64  `json:"total,omitempty"`   // 0 when unknown
	Log     string `json:"log,omitempty"`     // a line of output of a build or a hook; "" for none
}
