// Package natsstore keeps grains' state in a JetStream stream, so that the silos of a
// cluster share it with NATS as the only infrastructure.
//
// # Model
//
// A cluster has one stream, CLUSTER_state, with one message a subject: a record's value
// on the record's subject, and a guard on the fence subject of each shard. The guard
// holds the shard's fence. A record's revision is its message's sequence, which a stream
// never uses twice; a stream that is made begins at a random one, so that no revision of
// a lost stream is given again.
//
// A commit is one atomic batch: the guard, written anew, and the records. Each message
// names the sequence at which its own subject must still be, the guard the one that this
// store saw last. That is the fence check, and it is more: since every commit, claim and
// deletion moves the guard, its sequence is the version of the whole shard.
//
//   - A commit that is not answered can be published again as it is: both want the guard
//     at one sequence, so at most one happens. The guard says which batch wrote it, and so
//     what became of a commit whose answer was lost. Callers get
//     persistence.ErrUnknownOutcome only where they, or the store after 30 seconds, stop
//     waiting, or where another silo has written the guard since.
//   - Once a later commit in the shard has succeeded, an earlier one that was given up
//     cannot happen any more.
//   - A deletion lists a grain's records before it is published, and misses none: had one
//     come since, the guard would have moved.
//   - A reader asks for the guard together with the record. Any replica may answer, and
//     the answer counts if its guard is not older than the newest that this store has
//     seen. So a load sees all that was acknowledged before this store claimed the shard,
//     and all that this store was told since, though replicas lag and a leader that lost
//     its followers may not know it. A load from a shard that this store never claimed nor
//     wrote to may be as old as the replica is.
//
// The alternative, a message that checks the fence subject and leaves it alone, has none
// of this. It also is refused for nothing on a replicated stream: while one batch that
// checks a subject is being replicated, every other one that does is refused, changed or
// not. Therefore all of a store's writes go through one goroutine, the committer, which
// has at most one batch of a shard under way. It packs what waits, of any shards, into
// one batch: a server's batch costs far more than what is in it, above all on a stream of
// one replica, where the server makes and syncs a directory for each.
//
// A refused batch does not tell which of its messages was wrong. The store then reads the
// guards and records concerned, answers persistence.ErrFenced or persistence.ErrConflict
// to the requests that deserve it, and publishes the others again. So contention with
// another silo, and the server's refusals for nothing, never surface as a conflict.
//
// A deletion leaves a marker, a message without value, which the server removes after an
// hour. JetStream keeps all subjects in memory: count on some 200 bytes a record there.
//
// # Limits
//
// A record is one message, so the values of a commit together may have the server's
// max_payload less 8 KiB at most, [Store.MaxCommit]: a megabyte where the server is not
// configured otherwise, never more than persistence.MaxRecord. A grain of more than 999
// records cannot be deleted at once. Listings read whole values even when only keys are
// asked for, and list a partition's subjects anew for each page.
//
// # How it fails
//
// JetStream acknowledges before it syncs, and by default syncs every two minutes: when
// the machine of a stream of one replica loses power, what was acknowledged since is
// gone. Set
//
//	jetstream { sync_interval: always }
//
// in each server's configuration; a silo's embedded server has it. What a server does
// with its disk a client cannot see, so Open does not check it. For state that outlives a
// machine, use three replicas as well.
//
// A store that meets a stream which has lost what it acknowledged, or was made anew,
// says so instead of answering with older state, until its process starts again.
//
// While the stream has no leader, calls wait for one as long as their contexts allow,
// and 30 seconds at most. With a limit on the stream's or the account's storage, commits
// over it are persistence.ErrFull.
package natsstore
