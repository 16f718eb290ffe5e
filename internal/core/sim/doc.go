// Package sim is a world to prove the cluster protocol in, or to break it: many silos in
// one goroutine, whose nodes and gates are the real ones ([membership], [activation]), and
// around them clocks, messages, records and a state store that do what the seed says.
//
// # Model
//
// Time is virtual, and everything that happens is an event in a queue. A silo has a clock
// that runs too fast or too slow, and may be paused, cut off from NATS with or without
// noticing, crash, come back as a new incarnation, or leave. Messages are late, lost,
// doubled and out of order; whoever waits for an answer gives up, and what was asked may
// be done all the same, even much later. Reads of records are stale. NATS restarts; the
// bucket is lost, and another takes its place, whose revisions begin anywhere. The state
// store is slow, or down, and never loses anything. Grains are registers that count their
// writes, and others that call those from within a turn.
//
// [Run] makes one run, which its [Options] say entirely. [Explore] makes all runs of a
// small world in which a few things go wrong.
//
// # Invariants
//
// They are checked after each step, and their numbers are those of a [Violation].
//
//  1. At most one incarnation could pass the gate of a shard.
//  2. Epochs grow by one, and generations grow; an owner changes by its own hand, or after
//     its tombstone; whoever holds a view holds what was accepted.
//  3. After an owner has read a shard under its fence, no write under a lower one is taken.
//  4. What callers are told of a register is linearizable: counts never go back between
//     calls that follow each other, no two writes are told the same, and each is there.
//  5. An attempt that was answered as not executed has no effect, then or later. Where
//     nothing fails, no call is lost: neither by moves nor by those who leave.
//  6. A turn begins in an activation that may act, and was not answered before.
//  7. Who was declared dead acts no more; no view names who is no member. When faults have
//     ceased, every shard that has a host is served within the takeover time and 5 s.
//  9. Nobody goes, or is declared dead, without a reason: not for an outage, a late
//     heartbeat of its own, or a late fence. Who has left has no activation left.
//
// The eighth, that a join moves little, is tested in package placement.
//
// # How it fails
//
// A violation names its seed, which reproduces it exactly, until the simulation itself is
// changed. What is not modelled: the insides of a replicated bucket, several state stores
// at once, and views that are too large.
package sim
