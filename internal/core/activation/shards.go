package activation

import (
	"sync/atomic"

	"github.com/teff-dev/teff/internal/core/membership"
)

// Shards are a silo's standings in all shards of the types that it hosts. A new
// incarnation begins with new ones.
type Shards struct {
	words map[string][]atomic.Uint64 // by type; the map is never changed
}

// NewShards makes the standings of a silo that owns nothing yet.
func NewShards(types []string, partitions int) *Shards {
	s := &Shards{words: make(map[string][]atomic.Uint64, len(types))}
	for _, typ := range types {
		words := make([]atomic.Uint64, partitions)
		for p := range words {
			words[p].Store(Standing{Phase: Away}.Pack())
		}
		s.words[typ] = words
	}
	return s
}

// Place returns the silo's place in a shard, for whoever asks about it often.
func (s *Shards) Place(shard membership.Shard) Place {
	words := s.words[shard.Type]
	if uint(shard.Partition) >= uint(len(words)) {
		return Place{} // its type is not hosted here
	}
	return Place{&words[shard.Partition]}
}

// Standing returns how the silo stands in a shard.
func (s *Shards) Standing(shard membership.Shard) Standing { return s.Place(shard).Standing() }

// A Decision is what becomes of a call.
type Decision uint8

// The decisions.
const (
	Serve Decision = iota + 1 // execute it
	Claim                     // claim the shard at the store, tell it to Claimed, ask again
	Moved                     // answer "not executed, moved"
)

// Admit is Place.Admit of a shard.
func (s *Shards) Admit(shard membership.Shard, chain bool) (d Decision, since uint64) {
	return s.Place(shard).Admit(chain)
}

// Acts is Place.Acts of a shard.
func (s *Shards) Acts(shard membership.Shard, since uint64) bool {
	return s.Place(shard).Acts(since)
}

// Apply does what the node wants done with shards; other effects are no business of it.
func (s *Shards) Apply(e membership.Effect) {
	switch e := e.(type) {
	case membership.Own:
		for _, o := range e.Shards {
			s.change(o.Shard, func(Standing) Standing { return Standing{Phase: Serving, Since: o.Since} })
		}
	case membership.Seal:
		for _, o := range e.Shards {
			s.enter(o.Shard, Sealed)
		}
	case membership.Unseal:
		for _, shard := range e.Shards {
			s.enter(shard, Serving)
		}
	case membership.Stop:
		for _, shard := range e.Shards {
			s.enter(shard, Stopped)
		}
	case membership.Lose:
		for _, shard := range e.Shards {
			s.change(shard, func(Standing) Standing { return Standing{Phase: Away} })
		}
	}
}

// Claimed notes that the store has taken our fence with that since. It is ignored where
// the shard has gone, or come anew, in the meantime.
func (s *Shards) Claimed(shard membership.Shard, since uint64) {
	s.change(shard, func(at Standing) Standing {
		at.Claimed = at.Claimed || at.Phase != Away && at.Since == since
		return at
	})
}

// enter goes to another phase in a shard that is ours.
func (s *Shards) enter(shard membership.Shard, p Phase) {
	s.change(shard, func(at Standing) Standing {
		if at.Phase != Away {
			at.Phase = p
		}
		return at
	})
}

func (s *Shards) change(shard membership.Shard, f func(Standing) Standing) {
	p := s.Place(shard)
	if p.word == nil {
		return
	}
	for {
		old := p.word.Load()
		if p.word.CompareAndSwap(old, f(Unpack(old)).Pack()) {
			return
		}
	}
}
