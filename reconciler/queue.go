package reconciler

// queue holds ready nodes: undos first, then in the plan's order. It is for
// package container/heap.
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
	return a < b
}

func (q *queue) Swap(i, j int) { q.items[i], q.items[j] = q.items[j], q.items[i] }

func (q *queue) Push(x any) { q.items = append(q.items, x.(int)) }

func (q *queue) Pop() any {
	last := len(q.items) - 1
	i := q.items[last]
	q.items = q.items[:last]
	return i
}
