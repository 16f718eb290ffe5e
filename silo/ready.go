package silo

// A readyQueue is the activations that have turns to run, first come first served.
type readyQueue struct {
	items []*activation
	head  int
}

func (q *readyQueue) len() int { return len(q.items) - q.head }

func (q *readyQueue) push(a *activation) {
	if q.head > len(q.items)/2 { // more has gone than waits
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, a)
}

// pop returns nil when the queue is empty.
func (q *readyQueue) pop() *activation {
	if q.len() == 0 {
		return nil
	}
	a := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return a
}

// appendTo appends what is in the queue.
func (q *readyQueue) appendTo(dst []*activation) []*activation {
	return append(dst, q.items[q.head:]...)
}
