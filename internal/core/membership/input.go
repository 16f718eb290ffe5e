package membership

// A Beat is what an incarnation keeps under its own key.
type Beat struct {
	Number uint64 // grows with each heartbeat
	Dead   bool   // a tombstone, which is for ever

	// The view that it had when it was sent, so that who missed one learns of it.
	Generation, Epoch uint64
}

// A Record is what a key holds: a View or a Beat.
type Record struct {
	View *View
	Beat *Beat
}

// A Key names a record: the empty one the view, others the beat of an incarnation.
type Key string

// ViewKey is the key of the view.
const ViewKey Key = ""

// An Event is something that happened to the node. Events are told in the order in which
// they happened.
type Event interface{ event() }

// The events.
type (
	// Tick: time passed. Several come within a heartbeat.
	Tick struct{}

	// Connected: the records can be reached again, or for the first time.
	Connected struct{}

	// Disconnected: they cannot.
	Disconnected struct{}

	// Seen: the record was accepted by the store with that revision. It may come late,
	// twice, out of order, or never.
	Seen struct {
		Key      Key
		Revision uint64
		Record   Record // neither a view nor a beat: deleted
	}

	// Wrote: what became of a Write or Delete.
	Wrote struct {
		Op       uint64
		Outcome  Outcome
		Revision uint64 // OK: the new one. Conflict: what the key had instead, or 0: it is missing
	}

	// Had: what a Read found.
	Had struct {
		Op       uint64
		Outcome  Outcome // OK, or Unknown where the read failed
		Revision uint64  // 0: the key is missing
		Record   Record
	}

	// Generation: the generation that was taken for the bucket, or 0 where it could not be.
	Generation struct{ Value uint64 }

	// Drained: nothing runs or waits in these shards any more, which are sealed.
	Drained struct{ Shards []Shard }

	// Fenced: the store refused what was fenced for the shard with that since.
	Fenced struct {
		Shard Shard
		Since uint64
	}

	// Unfit: the cluster requires what this release does not know.
	Unfit struct{ Err error }

	// Leave: give everything away and go.
	Leave struct{}

	// Reaped: somebody who cannot be wrong says that the incarnation's process is gone.
	Reaped struct{ Incarnation string }

	// SetState: an administrator wants a member to be Active, Cordoned or Leaving.
	SetState struct {
		Incarnation string
		State       MemberState
	}
)

func (Tick) event()         {}
func (Connected) event()    {}
func (Disconnected) event() {}
func (Seen) event()         {}
func (Wrote) event()        {}
func (Had) event()          {}
func (Generation) event()   {}
func (Drained) event()      {}
func (Fenced) event()       {}
func (Unfit) event()        {}
func (Leave) event()        {}
func (Reaped) event()       {}
func (SetState) event()     {}

// An Outcome is what became of an operation.
type Outcome int

// The outcomes.
const (
	OK       Outcome = iota + 1
	Conflict         // the key had another revision than was expected
	Unknown          // no answer: it may have been done, or may yet be
)
