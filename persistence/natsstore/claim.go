package natsstore

import (
	"context"
	"slices"

	"github.com/teff-dev/teff/persistence"
)

func (s *Store) claim(ctx context.Context, fence persistence.Fence, shards []persistence.Shard) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.leave()
	for _, shard := range shards {
		if err := shard.Check(); err != nil {
			return err
		}
	}
	// One after the other: where a claim is fenced, nothing behind is claimed. A guard is
	// written even where the fence is the same already. That keeps what is still on its
	// way, from this store or another with this fence, from coming later, and it is what
	// makes a replica that has not seen it unfit to be read.
	for part := range slices.Chunk(distinct(shards), claimShards) {
		if err := s.submit(ctx, newRequest(fence, part...)); err != nil {
			return err
		}
	}
	return nil
}

func distinct(shards []persistence.Shard) []persistence.Shard {
	seen := make(map[persistence.Shard]struct{}, len(shards))
	var first []persistence.Shard
	for _, shard := range shards {
		if _, ok := seen[shard]; !ok {
			seen[shard] = struct{}{}
			first = append(first, shard)
		}
	}
	return first
}
