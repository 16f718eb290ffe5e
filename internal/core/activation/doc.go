// Package activation says what a silo may do in a shard right now. It is the gate between
// what [membership] decides and the turns that grains run, and it is pure: the silo and
// the simulation use the very same one.
//
// # Model
//
// A silo has a [Gate], which is open while its lease runs, and a [Standing] in each shard.
// A call passes both before its turn begins ([Place.Admit]); the turn passes both again
// before each commit, each outbound call and its reply ([Place.Acts]), because the lease
// may have run out, and the shard may have gone, while it ran.
//
// One goroutine, the one that steps the node, changes standings ([Shards.Apply]). Any
// other may read them, and tell that a claim was made. Nothing blocks.
//
// # How it fails
//
// A shard that was handed over and came back is not the same: its since differs, and turns
// that began before may not act in it. Who is told [Moved] has caused nothing, so that the
// call can be sent elsewhere.
//
// Whoever drains a shard counts a call as running before it is admitted, not after: else a
// shard is found drained between the two. Once it is found drained, and before the node is
// told so, it is stopped ([Shards.Apply] of a [membership.Stop]): a chain's call that began
// afterwards would be cut off by the hand-over. Each sealing has a time to drain of its own.
package activation
