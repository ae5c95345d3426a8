package plan

// A Base is what a plan was made from, thing by thing, in the order of objects
// and names. Carried out later, the plan is right only if all of it is still so.
// A planner makes it and compares it. It holds no value of an environment and no
// content of a file: the identity of a thing stands for all that cannot change
// while the thing is there.
type Base []Thing

// A Thing is one that was there when a plan was made.
type Thing struct {
	Object string `json:"object"` // container, network, ...
	Name   string `json:"name"`   // unique among those of its object
	// Identity tells it from a later one of the same name.
	Identity string `json:"identity,omitempty"`
	Status   string `json:"status,omitempty"`
	// Fields are those that can change while it is there, by path, as JSON.
	Fields map[string]string `json:"fields,omitempty"`
}
