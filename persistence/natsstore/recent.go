package natsstore

import "sync"

// A recent remembers at which sequence a subject was last seen without a record: that
// of the marker of a deletion, or 0. A write that expects no record must tell the
// server which of them to expect. It is a guess that saves a request; a wrong one is
// found when the server refuses it.
//
// There are two generations; when the young one is full it becomes the old one, and
// what was not used since is forgotten.
type recent struct {
	mu         sync.Mutex
	young, old map[string]uint64
}

const recentMost = 8192 // a generation

func newRecent() *recent { return &recent{young: make(map[string]uint64)} }

func (r *recent) get(subject string) (uint64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seq, ok := r.young[subject]; ok {
		return seq, true
	}
	seq, ok := r.old[subject]
	return seq, ok
}

func (r *recent) put(subject string, seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= recentMost {
		r.old, r.young = r.young, make(map[string]uint64, recentMost)
	}
	r.young[subject] = seq
}
