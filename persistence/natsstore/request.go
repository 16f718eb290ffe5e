package natsstore

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/teff-dev/teff/persistence"
)

// A phase says who has a request.
type phase int32

const (
	phaseQueued    phase = iota + 1 // it may still be withdrawn
	phaseBegun                      // the committer has it: it will be answered
	phaseWithdrawn                  // its caller left: nobody touches it any more
	phaseAbandoned                  // its caller left when it was begun: it is not begun again
)

// A request is a claim, a commit or the deletion of a grain. Its revisions may be read
// once the outcome is received.
type request struct {
	fence  persistence.Fence
	shards []persistence.Shard // distinct; a claim may have several
	writes []write             // to the one shard

	// deletes: all records of the grain go. Which they are is looked up once no other
	// request of this store is under way in the shard.
	deletes bool
	grain   string

	revisions []persistence.Revision
	phase     atomic.Int32
	outcome   chan error // takes one without blocking
}

// A write is one message on a record's subject.
type write struct {
	subject string
	value   []byte
	gone    bool // it deletes

	// Unless it is blind, the write is refused where the last message of the subject
	// is not at this sequence. That is the expected revision or, where no record is
	// expected, the marker of its deletion, or 0.
	at     uint64
	blind  bool
	expect persistence.Revision
}

func newRequest(fence persistence.Fence, shards ...persistence.Shard) *request {
	r := &request{fence: fence, shards: shards, outcome: make(chan error, 1)}
	r.phase.Store(int32(phaseQueued))
	return r
}

func (r *request) begin() bool    { return r.move(phaseQueued, phaseBegun) }
func (r *request) withdraw() bool { return r.move(phaseQueued, phaseWithdrawn) }

// abandon says that the caller stopped waiting, and abandoned asks for it.
func (r *request) abandon()        { r.move(phaseBegun, phaseAbandoned) }
func (r *request) abandoned() bool { return phase(r.phase.Load()) == phaseAbandoned }

func (r *request) move(from, to phase) bool {
	return r.phase.CompareAndSwap(int32(from), int32(to))
}

// answer tells the caller, and takes note of nothing else.
func (r *request) answer(err error) { r.outcome <- err }

func (r *request) bytes() int {
	n := 0
	for _, w := range r.writes {
		n += len(w.value) + len(w.subject)
	}
	return n
}

// submit has the committer do the request and waits for the outcome, or for the end of ctx:
// then it says whether the request may have happened.
func (s *Store) submit(ctx context.Context, r *request) error {
	s.queue.push(r)
	select {
	case err := <-r.outcome:
		return err
	case <-ctx.Done():
	}
	if r.withdraw() {
		return ctx.Err()
	}
	r.abandon()
	select {
	case err := <-r.outcome:
		return err
	default:
		return fmt.Errorf("%w: %w", persistence.ErrUnknownOutcome, ctx.Err())
	}
}
