package grain

import "context"

// An Activator is a grain that wants to know when it enters memory. OnActivate runs
// after the state was loaded and before the first call. An error fails the activation:
// the calls that wait get it, and the next call, after a moment, tries again.
type Activator interface {
	OnActivate(ctx context.Context) error
}

// A Deactivator is a grain that wants to know when it leaves memory. OnDeactivate runs
// as the activation's last turn. An error is logged; a call that takes over the silo's
// limit (30 s) is abandoned. A process that dies never runs it.
type Deactivator interface {
	OnDeactivate(ctx context.Context, reason DeactivationReason) error
}

// A DeactivationReason is why an activation ends.
type DeactivationReason int

// The reasons.
const (
	// DeactivatedIdle: no call for its idle age.
	DeactivatedIdle DeactivationReason = iota + 1
	// DeactivatedByGrain: the grain called DeactivateOnIdle.
	DeactivatedByGrain
	// DeactivatedForRoom: the coldest one, when a cap was reached.
	DeactivatedForRoom
	// DeactivatedSiloStopping: its silo drains.
	DeactivatedSiloStopping
	// DeactivatedAfterFault: a turn panicked, or the state in memory is no longer what
	// is stored.
	DeactivatedAfterFault
	// DeactivatedMoved: its shard moves to another silo.
	DeactivatedMoved
)

// String returns the reason in a word or two.
func (r DeactivationReason) String() string {
	switch r {
	case DeactivatedIdle:
		return "idle"
	case DeactivatedByGrain:
		return "asked for by the grain"
	case DeactivatedForRoom:
		return "coldest at the cap"
	case DeactivatedSiloStopping:
		return "silo stopping"
	case DeactivatedAfterFault:
		return "after a fault"
	case DeactivatedMoved:
		return "moved to another silo"
	default:
		return "unknown"
	}
}
