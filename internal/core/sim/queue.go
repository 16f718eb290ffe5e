package sim

import "time"

// instant is real time, which nobody in the simulated world can read: nanoseconds from
// its beginning.
type instant int64

func (t instant) add(d time.Duration) instant { return t + instant(d) }

func (t instant) since(earlier instant) time.Duration { return time.Duration(t - earlier) }

// An event is something that is to happen.
type event struct {
	at      instant
	seq     uint64 // those of one instant happen in the order in which they were planned
	host    *host  // whom it happens to; nil: the world
	life    int    // of the host; another one has not even heard of it
	message bool   // it is on its way
	do      func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// queue is a binary heap of events.
type queue struct {
	heap []event
	seq  uint64
}

func (q *queue) push(e event) {
	q.seq++
	e.seq = q.seq
	q.heap = append(q.heap, e)
	q.up(len(q.heap) - 1)
}

func (q *queue) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !q.heap[i].before(&q.heap[parent]) {
			return
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

// pop takes the next event; the queue is never empty, since time never ends.
func (q *queue) pop() event {
	top := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = event{}
	q.heap = q.heap[:last]
	q.down(0)
	return top
}

func (q *queue) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q.heap); child++ {
			if q.heap[child].before(&q.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}

// hasten makes all messages that are on their way arrive before limit.
func (q *queue) hasten(limit instant) {
	for i := range q.heap {
		if e := &q.heap[i]; e.message && e.at > limit {
			e.at = limit
		}
	}
	for i := len(q.heap)/2 - 1; i >= 0; i-- {
		q.down(i)
	}
}
