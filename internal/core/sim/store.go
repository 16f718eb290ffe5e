package sim

import "github.com/teff-dev/teff/internal/core/membership"

// fence is a generation, and the epoch since which somebody owns a shard.
type fence struct{ generation, since uint64 }

func (f fence) less(o fence) bool {
	return f.generation < o.generation || f.generation == o.generation && f.since < o.since
}

// store is the state store. It loses nothing.
type store struct {
	up         bool
	generation uint64
	shards     map[membership.Shard]*stored
}

// stored is a shard's state: a register that counts the writes that it has taken.
type stored struct {
	fence    fence // the highest claimed
	revision uint64
	log      []int // the attempt that each write was
	scanned  fence // the checker's: the highest under which an owner has read the shard
}

// result is the store's answer.
type result int

const (
	resultOK result = iota + 1
	resultFenced
	resultConflict
	resultUnknown // the store did not answer: it may be done, or may yet be
)

func (s *store) shard(shard membership.Shard) *stored {
	at := s.shards[shard]
	if at == nil {
		at = &stored{}
		s.shards[shard] = at
	}
	return at
}

// claim raises the shard's fence. A claim never lowers one.
func (s *stored) claim(f fence) result {
	if f.less(s.fence) {
		return resultFenced
	}
	s.fence = f
	return resultOK
}

// commit takes a write, unless a newer owner has claimed the shard, or the revision is
// not what the writer has read.
func (s *stored) commit(f fence, expect uint64, attempt int) result {
	switch {
	case f.less(s.fence):
		return resultFenced
	case s.revision != expect:
		return resultConflict
	}
	s.revision++
	s.log = append(s.log, attempt)
	return resultOK
}
