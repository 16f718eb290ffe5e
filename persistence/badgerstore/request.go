package badgerstore

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/teff-dev/teff/persistence"
)

// An operation is what a request asks for. It is applied by the committer alone, and
// possibly several times: when a transaction turns out too big it is begun anew.
type operation interface {
	cost() int   // about how many bytes it puts on the disk
	sets() bool  // it sets records
	alone() bool // it wants a transaction for itself

	// apply judges the operation against the batch and, when it is good, writes it
	// there. An error other than the batch's own must leave the batch as it was.
	apply(b *batch) error
}

// A phase says who has a request.
type phase int32

const (
	phaseQueued    phase = iota + 1 // it may still be withdrawn
	phaseBegun                      // the committer has it: it will be answered
	phaseWithdrawn                  // its caller left: nobody touches it any more
)

// A request carries an operation to the committer and its outcome back. The
// operation's results may be read once the outcome is received.
type request struct {
	operation operation
	phase     atomic.Int32
	outcome   chan error // takes one without blocking
}

func newRequest(o operation) *request {
	r := &request{operation: o, outcome: make(chan error, 1)}
	r.phase.Store(int32(phaseQueued))
	return r
}

func (r *request) begin() bool    { return r.move(phaseQueued, phaseBegun) }
func (r *request) withdraw() bool { return r.move(phaseQueued, phaseWithdrawn) }

func (r *request) move(from, to phase) bool {
	return r.phase.CompareAndSwap(int32(from), int32(to))
}

// submit has the committer do the operation and waits for the outcome, or for the
// end of ctx: then it says whether the operation may have happened.
func (s *Store) submit(ctx context.Context, o operation) error {
	r := newRequest(o)
	select {
	case s.committer.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.outcome:
		return err
	case <-ctx.Done():
	}
	if r.withdraw() {
		return ctx.Err()
	}
	select {
	case err := <-r.outcome:
		return err
	default:
		return fmt.Errorf("%w: %w", persistence.ErrUnknownOutcome, ctx.Err())
	}
}
