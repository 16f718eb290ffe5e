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

// word returns nil for a shard of a type that is not hosted here.
func (s *Shards) word(shard membership.Shard) *atomic.Uint64 {
	words := s.words[shard.Type]
	if uint(shard.Partition) >= uint(len(words)) {
		return nil
	}
	return &words[shard.Partition]
}

// Standing returns the silo's place in a shard.
func (s *Shards) Standing(shard membership.Shard) Standing {
	word := s.word(shard)
	if word == nil {
		return Standing{Phase: Away}
	}
	return Unpack(word.Load())
}

// A Decision is what becomes of a call.
type Decision uint8

// The decisions.
const (
	Serve Decision = iota + 1 // execute it
	Claim                     // claim the shard at the store, tell it to Claimed, ask again
	Moved                     // answer "not executed, moved"
)

// Admit decides about a call to a grain in the shard. Chain says that the call was made by
// a turn, which waits for it: a sealed shard still serves those, else two grains that call
// each other would wait for the move, and the move for them. That the turn runs on another
// silo makes no difference, since that one's shard may be sealed as well. The turn is to
// act under the since that is returned. Admit does not look at the lease.
func (s *Shards) Admit(shard membership.Shard, chain bool) (d Decision, since uint64) {
	at := s.Standing(shard)
	switch {
	case !at.acts(), at.Phase == Sealed && !chain:
		return Moved, 0
	case !at.Claimed:
		return Claim, at.Since
	default:
		return Serve, at.Since
	}
}

// Acts says whether a turn of an activation that began under since may still execute,
// commit, call and reply. Acts does not look at the lease.
func (s *Shards) Acts(shard membership.Shard, since uint64) bool {
	at := s.Standing(shard)
	return at.acts() && at.Since == since
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
	word := s.word(shard)
	if word == nil {
		return
	}
	for {
		old := word.Load()
		if word.CompareAndSwap(old, f(Unpack(old)).Pack()) {
			return
		}
	}
}
