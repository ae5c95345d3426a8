package reconciler

import (
	"slices"
	"time"

	"github.com/stackfile/stack/plan"
)

// state is how far an action is. With the states from succeeded on it is over.
type state int

const (
	pending state = iota // something it comes after is not over
	ready                // it waits for its turn
	running
	succeeded
	unneeded // its guard held; it counts as succeeded
	idle     // it will not be needed, though nothing that it needs failed
	failed
	skipped
)

func (s state) good() bool   { return s == succeeded || s == unneeded }
func (s state) broken() bool { return s == failed || s == skipped }

// graph is what is known of a plan under way. It belongs to the loop.
type graph struct {
	nodes    []node // in the plan's order
	outcomes map[string]plan.Outcome
}

type node struct {
	action    *plan.Action
	after     []edge
	followers []int // the nodes with an edge to this one, once for each edge
	waiting   int   // edges to nodes that are not over
	undo      bool
	before    int // the length of the longest path that ends here, this node left out
	length    int // of the longest path that begins here
	state     state
	cause     string // of a broken node: the ID of the action that failed first, or Interrupted
	err       error  // of a failed node
	began     time.Time
}

type edge struct {
	to   int
	when plan.When
}

// newGraph makes the graph of a plan that passes its Check.
func newGraph(p *plan.Plan) graph {
	g := graph{nodes: make([]node, len(p.Actions)), outcomes: map[string]plan.Outcome{}}
	index := make(map[string]int, len(p.Actions))
	for i := range p.Actions {
		index[p.Actions[i].ID] = i
	}
	for i := range p.Actions {
		a := &p.Actions[i]
		g.nodes[i].action, g.nodes[i].waiting = a, len(a.After)
		for _, e := range a.After {
			to := index[e.ID]
			g.nodes[i].after = append(g.nodes[i].after, edge{to, e.When})
			g.nodes[to].followers = append(g.nodes[to].followers, i)
		}
	}
	g.markUndos()
	g.measure()
	return g
}

// measure finds how long the paths to each node and from each node are: from the
// ends back to the front, and forth again. What only runs after a failure is not
// counted.
func (g *graph) measure() {
	left := make([]int, len(g.nodes)) // followers that are not measured yet
	var measured []int
	for i := range g.nodes {
		if left[i] = len(g.nodes[i].followers); left[i] == 0 {
			measured = append(measured, i)
		}
	}
	for k := 0; k < len(measured); k++ {
		n := &g.nodes[measured[k]]
		n.length += weight(n.action.Op)
		for _, e := range n.after {
			if to := &g.nodes[e.to]; e.when != plan.Failed && !n.undo {
				to.length = max(to.length, n.length)
			}
			if left[e.to]--; left[e.to] == 0 {
				measured = append(measured, e.to)
			}
		}
	}
	for _, i := range slices.Backward(measured) {
		n := &g.nodes[i]
		for _, e := range n.after {
			if to := &g.nodes[e.to]; e.when != plan.Failed && !n.undo {
				n.before = max(n.before, to.before+weight(to.action.Op))
			}
		}
	}
}

// weight is how long an operation takes beside others, as far as its kind tells.
func weight(op plan.Op) int {
	switch {
	case plan.Waits(op):
		return 5
	case plan.CanCancel(op): // a build or a pull
		return 20
	}
	return 1
}

// markUndos marks the actions that only run because another one failed: those
// with an edge on a failure, and those that need a marked one to succeed.
func (g *graph) markUndos() {
	var marked []int
	for i := range g.nodes {
		if g.nodes[i].action.Undo() {
			g.nodes[i].undo = true
			marked = append(marked, i)
		}
	}
	for k := 0; k < len(marked); k++ {
		for _, i := range g.nodes[marked[k]].followers {
			if n := &g.nodes[i]; !n.undo && n.needs(marked[k]) {
				n.undo = true
				marked = append(marked, i)
			}
		}
	}
}

// needs reports whether the node needs another one to succeed.
func (n *node) needs(other int) bool {
	for _, e := range n.after {
		if e.to == other && e.when == plan.Succeeded {
			return true
		}
	}
	return false
}

// decide says what becomes of a node when all that it comes after is over:
// ready, or one of the final states, a skip with its root cause.
func (g *graph) decide(i int) (state, string) {
	if cause := g.broken(i); cause != "" {
		return skipped, cause
	}
	n := &g.nodes[i]
	for _, e := range n.after {
		if !g.nodes[e.to].state.holds(e.when) {
			return idle, ""
		}
	}
	if n.action.Unless.Holds(g.outcomes) {
		return unneeded, ""
	}
	return ready, ""
}

// broken returns the root cause for which a node can only be skipped, going by
// what is over so far; "" for none.
func (g *graph) broken(i int) string {
	for _, e := range g.nodes[i].after {
		if to := &g.nodes[e.to]; e.when == plan.Succeeded && to.state.broken() {
			return to.cause
		}
	}
	return ""
}

// holds reports whether an edge to a node in final state s holds.
func (s state) holds(when plan.When) bool {
	switch when {
	case plan.Succeeded:
		return s.good()
	case plan.Failed:
		return s.broken()
	default:
		return true
	}
}

// over notes that a node is over, and returns the followers that can now be
// decided, in the plan's order.
func (g *graph) over(i int, s state, cause string) (decidable []int) {
	g.nodes[i].state, g.nodes[i].cause = s, cause
	for _, f := range g.nodes[i].followers {
		n := &g.nodes[f]
		if n.waiting--; n.waiting == 0 && n.state == pending {
			decidable = append(decidable, f)
		}
	}
	return decidable
}
