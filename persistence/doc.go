// Package persistence is the contract between a silo and the place where its
// grains' state lives.
//
// # Model
//
// A store holds records. A record belongs to one grain, has a name (a grain may
// have several named states) and sits in the grain's [Shard]: the pair of grain
// type and partition. The shard is the unit of everything: it is claimed as a
// whole, fenced as a whole, and a commit is atomic within it and never spans two.
//
// A silo claims a shard with a [Fence] before it loads anything from it. From
// then on the store refuses every commit to that shard that carries a lower
// fence, with [ErrFenced]. No clock is involved: a silo that was paused between
// its check and its write loses, and corrupts nothing.
//
// Beside the fence each write is conditional on the revision it read, so that
// two writers with one fence (which is a bug, or an old commit that arrives late)
// cannot overwrite each other: the second gets [ErrConflict].
//
// # How it fails
//
// Errors are the sentinels of this package, wrapped with the operation; test for
// them with errors.Is. An error that is none of them means that the store could
// not be asked and nothing was written, except [ErrUnknownOutcome], which means
// that a commit may or may not have happened, or may yet happen.
//
// Every implementation passes the suite in storetest, which outsiders can run on
// theirs.
package persistence
