package sim

import (
	"slices"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// bucket is the shared records: keys with revisions of one sequence, and compare-and-set.
type bucket struct {
	up       bool
	number   int // of buckets there were
	revision uint64
	keys     map[membership.Key][]version // the last few, newest last
}

// version is what a key had from some instant on.
type version struct {
	at       instant
	revision uint64
	record   membership.Record
	deleted  bool
}

// remembered is how many versions of a key a stale read may find.
const remembered = 6

// lose replaces the bucket by a new one, whose revisions begin anywhere.
func (b *bucket) lose(luck *luck) {
	b.number++
	b.revision = 1 + luck.draw()%(1<<40)
	b.keys = make(map[membership.Key][]version)
}

// now is what a key has; the zero version: nothing.
func (b *bucket) now(key membership.Key) version {
	versions := b.keys[key]
	if len(versions) == 0 {
		return version{}
	}
	return versions[len(versions)-1]
}

// before is what a key had a while ago, or, where that is forgotten, the oldest known.
func (b *bucket) before(key membership.Key, now instant, ago time.Duration) version {
	versions := b.keys[key]
	for _, v := range slices.Backward(versions) {
		if v.at <= now.add(-ago) {
			return v
		}
	}
	if len(versions) < remembered {
		return version{} // it was not there yet
	}
	return versions[0]
}

// put is a compare-and-set. A key that was deleted takes the revision of its marker as
// well as none; who expects another learns that it is missing.
func (b *bucket) put(now instant, key membership.Key, expect uint64, blind bool, next version) (membership.Outcome, uint64) {
	has := b.now(key)
	if !blind && has.revision != expect && (!has.deleted || expect != 0) {
		if has.deleted {
			return membership.Conflict, 0
		}
		return membership.Conflict, has.revision
	}
	b.revision++
	next.at, next.revision = now, b.revision
	versions := append(b.keys[key], next)
	if len(versions) > remembered {
		versions = append(versions[:0:0], versions[1:]...)
	}
	b.keys[key] = versions
	return membership.OK, b.revision
}
