package activation

import "sync/atomic"

// A Place is where a silo's standing in one shard is found. It always says what is so now.
// In the zero Place the silo has nothing.
type Place struct{ word *atomic.Uint64 }

// Standing returns how the silo stands there.
func (p Place) Standing() Standing {
	if p.word == nil {
		return Standing{Phase: Away}
	}
	return Unpack(p.word.Load())
}

// Admit decides about a call to a grain in the shard. Chain says that the call was made by
// a turn, which waits for it: a sealed shard still serves those, else two grains that call
// each other would wait for the move, and the move for them. That the turn runs on another
// silo makes no difference, since that one's shard may be sealed as well. The turn is to
// act under the since that is returned. Admit does not look at the lease.
func (p Place) Admit(chain bool) (d Decision, since uint64) {
	at := p.Standing()
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
func (p Place) Acts(since uint64) bool {
	at := p.Standing()
	return at.acts() && at.Since == since
}
