package natsstore

import (
	"log/slog"
	"time"
)

// Options adjust a store; Cluster is required.
type Options struct {
	// Cluster is the cluster's name. Stores with one name share their records.
	Cluster string

	// Replicas is how many servers keep the stream: 1, 3 or 5. 0 means 1 for a stream
	// that is made, and whatever it has for one that is there.
	Replicas int

	// Logger is told of what an operator should know. Nil discards it.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

const (
	// stragglersMost is how many batches that were refused may be under way besides the
	// committer's. The server takes 50 for a stream, from all silos together.
	stragglersMost = 8

	// batchMessages is the most messages that a server takes in a batch.
	batchMessages = 1000

	// batchBytes ends a batch early: a bigger one has others wait for it too long.
	batchBytes = 4 << 20

	// claimShards is how many shards are claimed in one request. A claim of more is
	// several requests.
	claimShards = 256

	// messageHead is room for a message's headers within the server's max_payload.
	messageHead = 8 << 10

	// markerLife is how long the server keeps what tells that a record was deleted.
	// Nothing depends on it: a shorter one would spare memory, a longer one spare a
	// refused batch where a record is made again.
	markerLife = "1h"

	// ackWait is how long an answer may take until the store looks for itself.
	ackWait = 3 * time.Second

	// patience is how long the store tries, when the caller's context does not end
	// before. A replicated stream takes 4 to 9 seconds for a new leader.
	patience = 30 * time.Second

	// startWait is how long Open waits for a JetStream cluster to be ready.
	startWait = 30 * time.Second

	// firstTry is how long Open waits for an answer until it asks again: a stream that has
	// no leader yet does not answer. It waits twice as long each time, up to lastTry.
	firstTry = 250 * time.Millisecond
	lastTry  = 4 * time.Second

	// replyWait is how long an answer to a reading request may take until it is asked
	// again.
	replyWait = 2 * time.Second
)

// hooks are where tests reach in.
type hooks struct {
	// answered is nil, or called with what publishing so many requests came to. What it
	// returns is believed.
	answered func(requests int, err error) error
}
