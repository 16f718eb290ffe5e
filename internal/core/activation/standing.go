package activation

// A Phase is what a silo may do in a shard. The zero Phase is invalid.
type Phase uint8

// The phases.
const (
	Away    Phase = iota + 1 // nothing: the shard is not ours
	Serving                  // everything
	Sealed                   // only what running chains need
	Stopped                  // nothing: it may be somebody else's at any moment
)

// A Standing is a silo's place in a shard.
type Standing struct {
	Phase   Phase
	Claimed bool   // the state store knows our fence
	Since   uint64 // the epoch since which we own the shard; 0 where we don't
}

// How a standing is packed: the phase in the lowest bits, so that the epoch has room for
// 2^60 changes of the view.
const (
	phaseBits  = 3
	phaseMask  = 1<<phaseBits - 1
	claimedBit = 1 << phaseBits
	sinceShift = phaseBits + 1
)

// Pack puts a standing into one word.
func (s Standing) Pack() uint64 {
	word := s.Since<<sinceShift | uint64(s.Phase)
	if s.Claimed {
		word |= claimedBit
	}
	return word
}

// Unpack is the inverse of Pack.
func Unpack(word uint64) Standing {
	return Standing{Phase: Phase(word & phaseMask), Claimed: word&claimedBit != 0, Since: word >> sinceShift}
}

// acts says whether anything at all may be executed.
func (s Standing) acts() bool { return s.Phase == Serving || s.Phase == Sealed }
