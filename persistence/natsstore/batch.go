package natsstore

import (
	"crypto/rand"
	"slices"

	"github.com/teff-dev/teff/persistence"
)

// A batch is requests that are published together, as one atomic batch: first the
// guards of their shards, then their writes.
type batch struct {
	requests []*request
	fences   map[persistence.Shard]persistence.Fence
	subjects map[string]struct{} // that are written
	messages int
	bytes    int
	whole    bool // a deletion is in it, and nothing else may be
}

func newBatch() *batch {
	return &batch{
		fences:   make(map[persistence.Shard]persistence.Fence),
		subjects: make(map[string]struct{}),
	}
}

// admits says whether the request may go with the others. The server refuses batches
// that write a subject twice, and a guard can hold one fence.
func (b *batch) admits(r *request) bool {
	if len(b.requests) == 0 {
		return true
	}
	if b.whole || r.deletes {
		return false
	}
	if b.messages+len(r.shards)+len(r.writes) > batchMessages || b.bytes+r.bytes() > batchBytes {
		return false
	}
	for _, shard := range r.shards {
		if fence, ok := b.fences[shard]; ok && fence != r.fence {
			return false
		}
	}
	for _, w := range r.writes {
		if _, ok := b.subjects[w.subject]; ok {
			return false
		}
	}
	return true
}

func (b *batch) add(r *request) {
	b.requests = append(b.requests, r)
	for _, shard := range r.shards {
		if _, ok := b.fences[shard]; !ok {
			b.fences[shard] = r.fence
			b.messages++
		}
	}
	for _, w := range r.writes {
		b.subjects[w.subject] = struct{}{}
	}
	b.messages += len(r.writes)
	b.bytes += r.bytes()
	b.whole = b.whole || r.deletes
}

// shards returns all that the requests concern.
func (b *batch) shards() []persistence.Shard {
	shards := make([]persistence.Shard, 0, len(b.fences))
	for shard := range b.fences {
		shards = append(shards, shard)
	}
	return shards
}

// An attempt is a batch's requests on their way: what the guards are to become, and
// what they must have been. While its fate is unknown it is published again as it is;
// since each guard must be at the same sequence every time, it happens at most once.
type attempt struct {
	id       string
	requests []*request
	shards   []persistence.Shard
	fences   []persistence.Fence
	at       []uint64 // sequences of the guards before
}

// newAttempt leaves out the requests whose callers have left. It looks for them when it
// knows the guards: whatever is written to the shard after such a caller was told that
// the outcome is unknown moves a guard, and the attempt is refused.
func newAttempt(requests []*request, guards *guards) *attempt {
	for {
		a := attemptAll(requests, guards)
		if !slices.ContainsFunc(requests, (*request).abandoned) {
			return a
		}
		requests = slices.DeleteFunc(slices.Clone(requests), (*request).abandoned)
	}
}

func attemptAll(requests []*request, guards *guards) *attempt {
	a := &attempt{id: rand.Text(), requests: requests}
	seen := make(map[persistence.Shard]struct{})
	for _, r := range requests {
		for _, shard := range r.shards {
			if _, ok := seen[shard]; ok {
				continue
			}
			seen[shard] = struct{}{}
			known, _ := guards.get(shard)
			a.shards = append(a.shards, shard)
			a.fences = append(a.fences, r.fence)
			a.at = append(a.at, known.seq)
		}
	}
	return a
}

// count is how many messages the attempt has.
func (a *attempt) count() int {
	n := len(a.shards)
	for _, r := range a.requests {
		n += len(r.writes)
	}
	return n
}

// succeed answers the requests. The batch's messages are at first, first+1, ….
func (s *Store) succeed(a *attempt, first uint64) {
	seq, last := first, first+uint64(a.count())-1
	for i, shard := range a.shards {
		s.guards.put(shard, guard{seq: seq, fence: a.fences[i], batch: a.id}, last)
		seq++
	}
	for _, r := range a.requests {
		r.revisions = make([]persistence.Revision, len(r.writes))
		for i, w := range r.writes {
			if w.gone {
				s.absent.put(w.subject, seq)
			} else {
				r.revisions[i] = persistence.Revision(seq)
			}
			seq++
		}
		r.answer(nil)
	}
}
