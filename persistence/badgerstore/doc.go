// Package badgerstore keeps grains' state in a directory, with Badger.
//
// # Model
//
// One process has the directory at a time; [Open] refuses a second one with
// [ErrInUse]. Silos of a cluster therefore do not share a directory: use this store
// for a single silo. Several silos keep their state in one place: natsstore.
//
// Every write goes through one goroutine, the committer. It takes whatever requests
// piled up while the last sync to disk ran, up to 512, judges each by itself against
// the records as the requests before it leave them, and writes what they ask for in
// one synced Badger transaction. There is no timer: a lone caller waits for one
// sync, hundreds of callers share one. A request that is refused takes nothing from
// the others of its batch.
//
// Because only the committer writes, fences and revisions are compared without
// transaction conflicts, and a revision is a number from one counter that is stored
// with the commits that took from it: it is never given twice.
//
// A commit of more than a megabyte may not fit a transaction. Its values are written
// first, where nobody sees them, and the transaction that makes them records is small.
// Opening removes what a crash left of such a commit.
//
// # How it fails
//
// Nothing is acknowledged before it is on disk, as far as the disk is honest. A
// context that ends before the committer took the request up withdraws it, and the
// call returns the context's error; after that, it returns
// persistence.ErrUnknownOutcome.
//
// Badger maps its files into memory, where a full disk kills the process with
// SIGBUS. So below Options.MinFree free bytes every commit that sets a record is
// refused with persistence.ErrFull, and below a quarter of it claims and deletions
// are too; reading goes on.
//
// When the disk fails a commit, that batch gets ErrUnknownOutcome and the store
// writes no more until it is opened again: what came after a hole in the log would be
// lost at the next start.
//
// Records carry checksums of their own, and Load answers persistence.ErrCorrupt for
// one that does not match. Open reads all tables once and refuses damaged ones. Damage
// within the newest part of the log, up to 32 MiB that are not in tables yet, cannot
// be told from the torn end that a power cut leaves, and is cut off as such.
package badgerstore
