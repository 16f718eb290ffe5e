package badgerstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/teff-dev/teff/persistence"
)

// Claim raises the shards' fences, and returns when that is on disk. Up to
// 1,024 shards are claimed together or not at all.
func (s *Store) Claim(ctx context.Context, fence persistence.Fence, shards ...persistence.Shard) error {
	if err := s.claim(ctx, fence, shards); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	return nil
}

// claimChunk fits a transaction whatever the types' names are.
const claimChunk = 1024

func (s *Store) claim(ctx context.Context, fence persistence.Fence, shards []persistence.Shard) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, shard := range shards {
		if err := shard.Check(); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(shards, claimChunk) {
		op := &claimOp{fence: fence, shards: chunk, keys: make([][]byte, len(chunk))}
		for i, shard := range chunk {
			op.keys[i] = fenceKey(shard)
		}
		if err := s.submit(ctx, op); err != nil {
			return err
		}
	}
	return nil
}

type claimOp struct {
	fence  persistence.Fence
	shards []persistence.Shard // the caller's; used in errors only
	keys   [][]byte
}

func (op *claimOp) cost() int   { return len(op.keys) * 64 }
func (op *claimOp) sets() bool  { return false }
func (op *claimOp) alone() bool { return false }

func (op *claimOp) apply(b *batch) error {
	raised := make([][]byte, 0, len(op.keys))
	for i, key := range op.keys {
		raises, err := b.admit(key, op.fence)
		if err != nil {
			return fmt.Errorf("shard %s: %w", op.shards[i], err)
		}
		if raises {
			raised = append(raised, key)
		}
	}
	for _, key := range raised {
		b.setFence(key, op.fence)
	}
	return nil
}
