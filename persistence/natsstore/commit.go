package natsstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/teff-dev/teff/persistence"
)

func (s *Store) commit(ctx context.Context, shard persistence.Shard, fence persistence.Fence, writes []persistence.Write) ([]persistence.Revision, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	if err := persistence.CheckCommit(shard, writes, s.limit); err != nil {
		return nil, err
	}
	r := newRequest(fence, shard)
	r.writes = make([]write, len(writes))
	for i, w := range writes {
		out := write{subject: s.layout.record(shard, w.Key), gone: w.Delete, at: uint64(w.Expect), expect: w.Expect}
		if !w.Delete {
			// The caller may have it back before the last try to publish it.
			out.value = bytes.Clone(w.Value)
		}
		r.writes[i] = out
	}
	if err := s.expectNothing(ctx, r); err != nil {
		return nil, err
	}
	if err := s.submit(ctx, r); err != nil {
		return nil, err
	}
	return r.revisions, nil
}

// expectNothing finds out where the subjects are on which no record is expected.
func (s *Store) expectNothing(ctx context.Context, r *request) error {
	var unknown []place
	for i := range r.writes {
		w := &r.writes[i]
		if w.expect != 0 {
			continue
		}
		if seq, ok := s.absent.get(w.subject); ok {
			w.at = seq
			continue
		}
		unknown = append(unknown, place{r.shards[0], w.subject})
	}
	if len(unknown) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	seen, err := s.read(ctx, unknown, nil, 0)
	if err != nil {
		return err
	}
	for i := range r.writes {
		// A record that is there after all is found by whoever decides.
		if w := &r.writes[i]; w.expect == 0 && seen.records[w.subject].gone {
			w.at = seen.records[w.subject].seq
		}
	}
	return nil
}

func (s *Store) remove(ctx context.Context, shard persistence.Shard, fence persistence.Fence, grain string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := shard.Check(); err != nil {
		return err
	}
	if err := (persistence.Key{Grain: grain}).Check(); err != nil {
		return err
	}
	r := newRequest(fence, shard)
	r.deletes, r.grain = true, grain
	return s.submit(ctx, r)
}

// findGrain makes the writes of a deletion. The guard is known before, and no commit
// of this store is under way in the shard: one of another store that comes between
// moves the guard, and the batch is refused.
func (s *Store) findGrain(ctx context.Context, r *request) error {
	shard := r.shards[0]
	subjects, err := s.subjects(ctx, s.layout.grain(shard, r.grain)+"*")
	if err != nil {
		return err
	}
	const most = batchMessages - 1 // and the guard
	if len(subjects) > most {
		// Perhaps most of them are markers.
		if subjects, err = s.present(ctx, shard, subjects); err != nil {
			return err
		}
	}
	if len(subjects) > most {
		return fmt.Errorf("%w: the grain has %d records, at most %d are deleted at once", persistence.ErrTooLarge, len(subjects), most)
	}
	r.writes = r.writes[:0]
	for _, subject := range subjects {
		r.writes = append(r.writes, write{subject: subject, gone: true, blind: true})
	}
	return nil
}

// present returns those of a shard's subjects that hold records.
func (s *Store) present(ctx context.Context, shard persistence.Shard, subjects []string) ([]string, error) {
	var found []string
	for part := range slices.Chunk(subjects, readMost) {
		seen, err := s.read(ctx, placesOf(shard, part), nil, s.guards.highest())
		if err != nil {
			return nil, err
		}
		for _, subject := range part {
			if r, ok := seen.records[subject]; ok && !r.gone {
				found = append(found, subject)
			}
		}
	}
	return found, nil
}

func placesOf(shard persistence.Shard, subjects []string) []place {
	places := make([]place, len(subjects))
	for i, subject := range subjects {
		places[i] = place{shard, subject}
	}
	return places
}
