package natsstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// try publishes the attempt until its fate is known. It answers the requests when it
// returns nil, and when it cannot tell what became of them it returns
// ErrUnknownOutcome; otherwise nothing was written.
func (s *Store) try(ctx context.Context, a *attempt) error {
	unclear := false // an earlier try may have happened, or may yet happen
	for try := 0; ; try++ {
		first, err := s.publish(ctx, a, try)
		if s.hooks.answered != nil {
			err = s.hooks.answered(len(a.requests), err)
		}
		switch {
		case err == nil:
			s.succeed(a, first)
			return nil
		case errors.Is(err, errNoAnswer):
			unclear = true
		case !unclear:
			return err
		}
		fate, first, lookErr := s.lookFor(ctx, a)
		if lookErr != nil || fate == fateUnknown {
			return fmt.Errorf("%w: %w", persistence.ErrUnknownOutcome, errors.Join(err, lookErr))
		}
		switch fate {
		case fateDone:
			s.succeed(a, first)
			return nil
		case fateNever:
			return errRefused
		default: // not yet: once more, since it cannot happen twice
		}
		if ended := pause(ctx, try); ended != nil {
			return fmt.Errorf("%w: %w", persistence.ErrUnknownOutcome, errors.Join(err, ended))
		}
	}
}

// A fate is what became of an attempt that nobody answered.
type fate int

const (
	fateUnknown fate = iota
	fateOpen         // it has not happened, and still may
	fateDone         // it has happened
	fateNever        // it has not happened, and never will
)

// lookFor tells an attempt's fate by its guards. All of them are written, or none; and
// once one of them is anywhere else, none will be. A guard alone does not tell that what
// belongs to it is there: a server whose disk is full may have come half way.
func (s *Store) lookFor(ctx context.Context, a *attempt) (_ fate, first uint64, _ error) {
	seen, err := s.read(ctx, a.places(), a.shards, 0)
	if err != nil {
		return fateUnknown, 0, err
	}
	still, first, done := a.match(seen)
	switch {
	case done && !a.whole(seen, first):
		return fateUnknown, 0, nil
	case done:
		return fateDone, first, nil
	case len(still) == len(a.shards):
		return fateOpen, 0, nil
	case len(still) == 0: // all were written again since: by this attempt in between, or not
		return fateUnknown, 0, nil
	}
	// One was written by somebody else, so that one which is in its place behind that
	// moment shows that this attempt never happens. Many guards are read in pieces, so
	// the moment has to be made sure of.
	if seen, err = s.read(ctx, a.places(), still, seen.last); err != nil {
		return fateUnknown, 0, err
	}
	later, first, done := a.match(seen)
	switch {
	case done && !a.whole(seen, first):
		return fateUnknown, 0, nil
	case done:
		return fateDone, first, nil
	case len(later) > 0:
		return fateNever, 0, nil
	default:
		return fateUnknown, 0, nil
	}
}

// match returns the shards whose guards are where the attempt wants them and, when the
// attempt wrote one, the sequence of its first message.
func (a *attempt) match(seen sight) (still []persistence.Shard, first uint64, done bool) {
	for i, shard := range a.shards {
		g, ok := seen.guards[shard]
		if ok && g.batch == a.id {
			return nil, g.seq - uint64(i), true
		}
		if g.seq == a.at[i] && (ok || a.at[i] == 0) {
			still = append(still, shard)
		}
	}
	return still, 0, false
}

// places are the records that the attempt writes.
func (a *attempt) places() []place {
	var all []place
	for _, r := range a.requests {
		for _, w := range r.writes {
			all = append(all, place{r.shards[0], w.subject})
		}
	}
	return all
}

// whole says that each record is where an attempt put it whose first message is at first.
// In a shard that was written since, that cannot be seen any more.
func (a *attempt) whole(seen sight, first uint64) bool {
	seq := first + uint64(len(a.shards))
	for _, r := range a.requests {
		for _, w := range r.writes {
			if seen.guards[r.shards[0]].batch == a.id && seen.records[w.subject].seq != seq {
				return false
			}
			seq++
		}
	}
	return true
}
