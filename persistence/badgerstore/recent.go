package badgerstore

import "github.com/teff-dev/teff/persistence"

// A recent remembers what keys hold that were used lately, up to a number of bytes. It
// is the committer's memory of what is committed: a grain that saves its state will do
// so again, and reading Badger to judge a write costs more than the write.
//
// There are two generations; when the young one is full it becomes the old one, and
// what was not used since is forgotten.
type recent[V any] struct {
	young, old map[string]V
	bytes      int // of young
}

const (
	recentBytes    = 2 << 20 // a generation, about 16,000 keys
	recentOverhead = 64      // bytes a key, roughly
)

func newRecent[V any]() *recent[V] {
	return &recent[V]{young: make(map[string]V)}
}

func (r *recent[V]) get(key []byte) (V, bool) {
	if v, ok := r.young[string(key)]; ok {
		return v, true
	}
	v, ok := r.old[string(key)]
	if ok {
		r.put(string(key), v)
	}
	return v, ok
}

func (r *recent[V]) put(key string, v V) {
	if _, ok := r.young[key]; !ok {
		r.bytes += len(key) + recentOverhead
		if r.bytes > recentBytes {
			r.old, r.young = r.young, make(map[string]V)
			r.bytes = len(key) + recentOverhead
		}
	}
	r.young[key] = v
}

// A head is what judging needs to know of a row; the zero head says that there is
// none.
type head struct {
	revision persistence.Revision
	bodyLen  int
}
