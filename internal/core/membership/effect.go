package membership

// An Effect is something that the node wants done. Effects are carried out in the order
// given: what stops the silo from acting comes before the write that relies on it.
type Effect interface{ effect() }

// The effects.
type (
	// Write: put the record if the key has the revision Expect, where 0 is no record at
	// all. Wrote is to follow.
	Write struct {
		Op     uint64
		Key    Key
		Expect uint64
		Blind  bool // mutants: whatever the revision
		Record Record
	}

	// Delete: the same, with nothing left.
	Delete struct {
		Op     uint64
		Key    Key
		Expect uint64
	}

	// Read: get what the key has. Had is to follow.
	Read struct {
		Op  uint64
		Key Key
	}

	// Hear: from now on the announcements of these incarnations' beats are wanted, or of
	// All, besides those of the view. Others need not be told, and are not heeded.
	Hear struct {
		All          bool
		Incarnations []string // sorted
	}

	// TakeGeneration: increment the generation in every state store, durably. Generation is
	// to follow.
	TakeGeneration struct{}

	// Lease: the silo may act until then. It never goes back.
	Lease struct{ Until Time }

	// Changed: this is the view now.
	Changed struct{ View *View }

	// Own: this silo owns the shards; each is to be claimed with its since.
	Own struct{ Shards []Owned }

	// Seal: no new work in the shards but of chains that hold a turn here; Drained is to
	// follow when nothing runs in them.
	Seal struct{ Shards []Sealed }

	// Unseal: the shards stay after all.
	Unseal struct{ Shards []Shard }

	// Stop: execute nothing in the shards until told otherwise.
	Stop struct{ Shards []Shard }

	// Lose: the shards are somebody else's.
	Lose struct{ Shards []Shard }

	// Refused: the cluster will not have this silo. Nothing follows.
	Refused struct{ Err error }

	// Died: this incarnation was declared dead, or must be taken for it. Nothing follows.
	Died struct{ Why string }

	// Left: this incarnation is out of the cluster, as it wanted. Nothing follows.
	Left struct{}
)

// Owned is a shard and the epoch since which it is owned, the second half of its fence.
type Owned struct {
	Shard
	Since uint64
}

// Sealed is a shard and who is to get it; "" is nobody.
type Sealed struct {
	Shard
	Next string
}

func (Write) effect()          {}
func (Delete) effect()         {}
func (Read) effect()           {}
func (Hear) effect()           {}
func (TakeGeneration) effect() {}
func (Lease) effect()          {}
func (Changed) effect()        {}
func (Own) effect()            {}
func (Seal) effect()           {}
func (Unseal) effect()         {}
func (Stop) effect()           {}
func (Lose) effect()           {}
func (Refused) effect()        {}
func (Died) effect()           {}
func (Left) effect()           {}
