// Package membership is the cluster protocol as one silo sees it: who is alive, who owns
// which shard, and until when this silo may act. It is pure. A [Node] is told what
// happened and when, and answers with what is to be done; it has no clock, no luck, no
// goroutine and no connection, so that a simulation can drive many of them through
// anything, and a failure is a seed.
//
// # Model
//
// All silos share a few records in a store that has compare-and-set and nothing more: the
// [View], and for each incarnation a [Beat] that it rewrites while it lives. Three rules
// carry everything else:
//
//   - A silo acts on a shard only while its lease runs, and the lease is counted from
//     before the heartbeat was sent that earned it.
//   - A silo is declared dead by a compare-and-set on its own heartbeat, by somebody who
//     saw that heartbeat unchanged for longer than a lease. A heartbeat that the observer
//     missed makes that fail.
//   - A shard's owner changes by the owner's own compare-and-set, or after its tombstone.
//     From sending such a hand-over on, the owner executes nothing in the shard, until a
//     newer view shows that it still owns it.
//
// So a stale read hurts nobody: only a compare-and-set that failed is evidence.
//
// # How it fails
//
// A node that finds itself declared dead says [Died] and does nothing any more; its silo
// drops what is unsaved and goes on as a new incarnation, with a new node. Whatever the
// outside does, at most one incarnation passes the gate of a shard at any instant, as
// long as clocks run at about the same rate (see [Config.Takeover]).
package membership
