package natsstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// run is the committer: it settles one batch after the other until the queue is shut.
// Two of them would make twice as many batches of half the size, and a batch costs more
// than what is in it: above all on a stream of one replica, where the server makes a
// directory for each, and syncs it.
func (s *Store) run(ctx context.Context) {
	for {
		s.queue.gather()
		b := s.queue.take()
		if b == nil {
			return
		}
		s.settle(ctx, b)
	}
}

// settle answers all requests of a batch. What does not succeed at once is left to a
// goroutine of its own, where it does not hold up other shards, as long as there are
// not too many of them.
func (s *Store) settle(ctx context.Context, b *batch) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	requests := b.requests
	var last error
	if !b.whole { // a deletion has to look around first
		requests, last = s.round(ctx, requests)
	}
	rest := func() {
		defer cancel()
		defer s.queue.done(b.shards())
		s.insist(ctx, requests, last)
	}
	select {
	case s.stragglers <- struct{}{}:
		if len(requests) > 0 {
			s.done.Go(func() { // until the requests are answered
				defer func() { <-s.stragglers }()
				rest()
			})
			return
		}
		<-s.stragglers
	default:
	}
	rest()
}

// insist goes on until all requests are answered, or it lost patience.
func (s *Store) insist(ctx context.Context, requests []*request, last error) {
	for try := 0; len(requests) > 0; try++ {
		if try > 0 { // the first refusal tells something; then it is a race
			const most = 4 // a longer pause loses against whoever else writes to the shard
			if err := pause(ctx, min(try-1, most)); err != nil {
				answerAll(requests, fmt.Errorf("nothing was written, gave up: %w (%w)", err, last))
				return
			}
		}
		requests, last = s.round(ctx, requests)
	}
}

// round publishes the requests once. It returns those that are not answered, of which
// nothing was written, and why.
func (s *Store) round(ctx context.Context, requests []*request) ([]*request, error) {
	requests, err := s.prepare(ctx, requests)
	if err != nil {
		answerAll(requests, err)
		return nil, err
	}
	a := newAttempt(requests, s.guards)
	if requests = a.requests; len(requests) == 0 {
		return nil, nil
	}
	err = s.try(ctx, a)
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, errRefused):
		return s.review(ctx, requests, err)
	case errors.Is(err, errBatchTooLarge):
		s.settleApart(ctx, requests, err)
		return nil, err
	case errors.Is(err, errNotTaken) && !s.nc.IsClosed():
		return requests, err
	default:
		answerAll(requests, err)
		return nil, err
	}
}

// settleApart is for a server that takes fewer messages in a batch than others.
func (s *Store) settleApart(ctx context.Context, requests []*request, err error) {
	if len(requests) == 1 {
		requests[0].answer(fmt.Errorf("%w: %w", persistence.ErrTooLarge, err))
		return
	}
	for i := range requests {
		s.insist(ctx, requests[i:i+1], err)
	}
}

func answerAll(requests []*request, err error) {
	for _, r := range requests {
		r.answer(err)
	}
}

// prepare gets to know the guards, answers the requests that are fenced, looks up
// what deletions delete, and returns the others.
func (s *Store) prepare(ctx context.Context, requests []*request) ([]*request, error) {
	var unknown []persistence.Shard
	for _, r := range requests {
		for _, shard := range r.shards {
			if _, ok := s.guards.get(shard); !ok {
				unknown = append(unknown, shard)
			}
		}
	}
	if len(unknown) > 0 {
		if _, err := s.read(ctx, nil, unknown, 0); err != nil {
			return requests, fmt.Errorf("read the fence: %w", err)
		}
	}
	var left []*request
	for _, r := range requests {
		if err := s.fenced(r); err != nil {
			r.answer(err)
			continue
		}
		left = append(left, r)
	}
	for i, r := range left {
		if r.deletes {
			if err := s.findGrain(ctx, r); err != nil {
				return left[i:], err // a deletion is alone in its batch
			}
		}
	}
	return left, nil
}

// fenced returns ErrFenced when a shard's fence is known to be higher than the
// request's. Fences only grow, so that stays true.
func (s *Store) fenced(r *request) error {
	for _, shard := range r.shards {
		if known, _ := s.guards.get(shard); known.fence.Compare(r.fence) > 0 {
			return fmt.Errorf("%s: %w: claimed with %s, this is %s", shard, persistence.ErrFenced, known.fence, r.fence)
		}
	}
	return nil
}

// review finds out why a batch was refused. It answers the requests that are fenced or
// in conflict and returns the others, which now know better what to expect: those were
// refused for the others' sake, or for another silo's, or for nothing at all.
func (s *Store) review(ctx context.Context, requests []*request, refusal error) ([]*request, error) {
	var places []place
	var shards []persistence.Shard
	for _, r := range requests {
		shards = append(shards, r.shards...)
		for _, w := range r.writes {
			if !w.blind {
				places = append(places, place{r.shards[0], w.subject})
			}
		}
	}
	seen, err := s.read(ctx, places, shards, 0)
	if err != nil {
		answerAll(requests, fmt.Errorf("nothing was written: %w", err))
		return nil, err
	}
	var left []*request
	for _, r := range requests {
		err := s.fenced(r)
		if err == nil {
			err = r.compare(seen)
		}
		if err != nil {
			r.answer(err)
			continue
		}
		left = append(left, r)
	}
	return left, refusal
}

// compare returns ErrConflict when a record is not as expected, and else notes where
// its subject is.
func (r *request) compare(seen sight) error {
	for i := range r.writes {
		w := &r.writes[i]
		if w.blind {
			continue
		}
		at, ok := seen.records[w.subject]
		present := persistence.Revision(at.seq)
		if !ok || at.gone {
			present = 0
		}
		if present != w.expect {
			return fmt.Errorf("%w: %s is at revision %d, expected %d", persistence.ErrConflict, w.subject, present, w.expect)
		}
		w.at = at.seq
	}
	return nil
}
