package natsstore

import (
	"context"

	"github.com/teff-dev/teff/persistence"
)

func (s *Store) load(ctx context.Context, shard persistence.Shard, key persistence.Key) (persistence.Record, error) {
	if err := s.enter(ctx); err != nil {
		return persistence.Record{}, err
	}
	defer s.gate.leave()
	if err := shard.Check(); err != nil {
		return persistence.Record{}, err
	}
	if err := key.Check(); err != nil {
		return persistence.Record{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	subject := s.layout.record(shard, key)
	seen, err := s.read(ctx, []place{{shard, subject}}, nil, 0)
	if err != nil {
		return persistence.Record{}, err
	}
	r, ok := seen.records[subject]
	if !ok || r.gone {
		s.absent.put(subject, r.seq)
		return persistence.Record{}, persistence.ErrNotFound
	}
	return persistence.Record{Key: key, Value: r.value, Revision: persistence.Revision(r.seq)}, nil
}
