package natsstore

import (
	"runtime"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

// A queue holds the requests that the committer has not yet, and knows in which shards one is
// at work.
//
// Invariant: a shard is in one batch at a time, and its requests are taken in the
// order in which they came. So nothing of this store contends for a shard's guard,
// which a replicated stream would answer with conflicts that are none.
type queue struct {
	mu      sync.Mutex
	filled  sync.Cond
	pending []*request
	busy    map[persistence.Shard]struct{}
	shuts   bool
}

func newQueue() *queue {
	q := &queue{busy: make(map[persistence.Shard]struct{})}
	q.filled.L = &q.mu
	return q
}

func (q *queue) push(r *request) {
	q.mu.Lock()
	q.pending = append(q.pending, r)
	q.mu.Unlock()
	q.filled.Signal()
}

// shut ends what waits in take.
func (q *queue) shut() {
	q.mu.Lock()
	q.shuts = true
	q.mu.Unlock()
	q.filled.Broadcast()
}

// gather lets callers run that were answered a moment ago and are about to ask again:
// one big batch costs less than two small ones. It goes on while requests come.
func (q *queue) gather() {
	const quiet = 8 // so many times nothing came
	for waiting, idle := 0, 0; idle < quiet; runtime.Gosched() {
		q.mu.Lock()
		n := len(q.pending)
		q.mu.Unlock()
		if idle++; n > waiting {
			waiting, idle = n, 0
		}
	}
}

// take waits for requests that can go, and returns nil once the queue is shut. The
// caller must give the batch back with done.
func (q *queue) take() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.shuts {
		if b := q.pick(); len(b.requests) > 0 {
			for shard := range b.fences {
				q.busy[shard] = struct{}{}
			}
			return b
		}
		q.filled.Wait()
	}
	return nil
}

// done lets the shards' next requests go.
func (q *queue) done(shards []persistence.Shard) {
	q.mu.Lock()
	for _, shard := range shards {
		delete(q.busy, shard)
	}
	q.mu.Unlock()
	q.filled.Broadcast()
}

// pick makes a batch of what is pending: as much as fits, without overtaking in any
// shard. q.mu is held.
func (q *queue) pick() *batch {
	b := newBatch()
	var passed map[persistence.Shard]struct{} // shards where a request was left behind
	kept := q.pending[:0]
	for _, r := range q.pending {
		if overlaps(r, q.busy) || overlaps(r, passed) || !b.admits(r) {
			if passed == nil {
				passed = make(map[persistence.Shard]struct{})
			}
			for _, shard := range r.shards {
				passed[shard] = struct{}{}
			}
			kept = append(kept, r)
			continue
		}
		if r.begin() {
			b.add(r)
		}
	}
	clear(q.pending[len(kept):])
	q.pending = kept
	return b
}

func overlaps(r *request, shards map[persistence.Shard]struct{}) bool {
	if len(shards) == 0 {
		return false
	}
	for _, shard := range r.shards {
		if _, ok := shards[shard]; ok {
			return true
		}
	}
	return false
}
