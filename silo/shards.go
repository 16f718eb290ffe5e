package silo

import (
	"context"
	"fmt"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

// shards remembers which shards this silo has claimed, with which fence. A shard is
// claimed once, before anything is loaded from it.
type shards struct {
	store persistence.Store
	fence persistence.Fence
	all   sync.Map // persistence.Shard → *claimed
}

type claimed struct {
	mu   sync.Mutex
	done bool
}

// claim returns when the shard is claimed. Whoever comes while a claim is under way waits
// for it; when it fails, the next one tries again.
func (s *shards) claim(ctx context.Context, shard persistence.Shard) error {
	v, ok := s.all.Load(shard)
	if !ok {
		v, _ = s.all.LoadOrStore(shard, new(claimed))
	}
	c, _ := v.(*claimed)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	if err := s.store.Claim(ctx, s.fence, shard); err != nil {
		return storeError(err, fmt.Sprintf("claim %s", shard))
	}
	c.done = true
	return nil
}
