package quota

import "container/heap"

// A queue holds waiting calls in an order. A call is in one queue at most.
type queue struct {
	calls  []*Call
	once   int // how many of them have Once set
	before func(x, y *Call) bool
}

func (q *queue) add(c *Call) {
	c.queue = q
	q.count(c, 1)
	heap.Push(q, c)
}

func (q *queue) remove(c *Call) {
	heap.Remove(q, c.index)
	q.count(c, -1)
	c.queue = nil
}

func (q *queue) count(c *Call, n int) {
	if c.Once {
		q.once += n
	}
}

// first returns the first call of a queue that has one.
func (q *queue) first() *Call { return q.calls[0] }

// best returns the best call of a queue that has one.
func (q *queue) best(isBetter func(c, other *Call) bool) *Call {
	best := q.calls[0]
	for _, c := range q.calls[1:] {
		if isBetter(c, best) {
			best = c
		}
	}
	return best
}

// Len, Less, Swap, Push and Pop implement [heap.Interface].

func (q *queue) Len() int { return len(q.calls) }

func (q *queue) Less(i, j int) bool { return q.before(q.calls[i], q.calls[j]) }

func (q *queue) Swap(i, j int) {
	q.calls[i], q.calls[j] = q.calls[j], q.calls[i]
	q.calls[i].index, q.calls[j].index = i, j
}

func (q *queue) Push(c any) {
	call := c.(*Call)
	call.index = len(q.calls)
	q.calls = append(q.calls, call)
}

func (q *queue) Pop() any {
	last := len(q.calls) - 1
	c := q.calls[last]
	q.calls[last] = nil
	q.calls = q.calls[:last]
	return c
}
