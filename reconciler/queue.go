package reconciler

import "container/heap"

// queue holds ready nodes: undos first, then what is on the longest path. Of those
// on equal paths what has been begun goes on first: a container that was created
// is started before the next is created, so that the engine, which does the two by
// different means, does them beside each other. Then in the plan's order.
type queue struct {
	nodes []node // of the graph
	items []int
}

func (q *queue) Len() int { return len(q.items) }

func (q *queue) Less(i, j int) bool {
	a, b := q.items[i], q.items[j]
	if q.nodes[a].undo != q.nodes[b].undo {
		return q.nodes[a].undo
	}
	if x, y := q.nodes[a].before+q.nodes[a].length, q.nodes[b].before+q.nodes[b].length; x != y {
		return x > y
	}
	if q.nodes[a].before != q.nodes[b].before {
		return q.nodes[a].before > q.nodes[b].before
	}
	return a < b
}

func (q *queue) Swap(i, j int) { q.items[i], q.items[j] = q.items[j], q.items[i] }

// Push and Pop are for package heap only.
func (q *queue) Push(x any) {
	if i, ok := x.(int); ok {
		q.items = append(q.items, i)
	}
}

// Pop returns nothing: take has looked before.
func (q *queue) Pop() any {
	q.items = q.items[:len(q.items)-1]
	return nil
}

func (q *queue) add(i int) { heap.Push(q, i) }

// take returns the first node, and removes it.
func (q *queue) take() int {
	i := q.items[0]
	heap.Pop(q)
	return i
}
