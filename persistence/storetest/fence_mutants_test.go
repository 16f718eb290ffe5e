package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

func fenceMutants() []mutant {
	always := func(persistence.Fence) persistence.Fence { return fence(1<<64-1, 1<<64-1) }
	double := func(f persistence.Fence) persistence.Fence { return fence(asDouble(f.Generation), asDouble(f.Since)) }
	packed := func(f persistence.Fence) persistence.Fence { return fence(0, f.Generation<<32|f.Since&(1<<32-1)) }
	since := func(f persistence.Fence) persistence.Fence { return fence(0, f.Since) }
	return []mutant{
		{"no fence", seen(always), []string{"FenceOrder", "FenceRefusal", "FenceRace", "Delete", "Model", "Reopen"}},
		{"fences are doubles", seen(double), []string{"FenceOrder"}},
		{"fences are packed into 64 bits", seen(packed), []string{"FenceOrder"}},
		{"the generation is ignored", seen(since), []string{"FenceOrder"}},
		{"claims do nothing", claimNothing, []string{"FenceOrder", "FenceRace", "FenceScope", "Model"}},
		{"claims lower fences", flawed(fenceFlaws{lower: true}), []string{"FenceOrder", "Model"}},
		{"claims stop after 1024 shards", claimSome, []string{"FenceScope"}},
		{"claims take the neighbour too", claimNeighbour, []string{"FenceScope"}},
		{"commits do not raise the fence", flawed(fenceFlaws{commitKeeps: true}), []string{"FenceOrder", "Model"}},
		{"refused commits raise the fence", raiseAnyway, []string{"FenceRefusal", "Model"}},
		{"conflicts come before fences", conflictFirst, []string{"FenceRefusal"}},
		{"deletion drops the fence", flawed(fenceFlaws{deleteDrops: true}), []string{"Delete", "Model"}},
		{"deletion is not fenced", flawed(fenceFlaws{deleteFree: true}), []string{"FenceOrder", "Model"}},
		{"fences are lost at reopening", flawed(fenceFlaws{forget: true}), []string{"Reopen"}},
	}
}

func asDouble(n uint64) uint64 {
	const top = 1 << 63
	if n >= top {
		return top
	}
	return uint64(float64(n))
}

// seen makes a store that sees fences otherwise.
func seen(as func(persistence.Fence) persistence.Fence) func(*disk) persistence.Store {
	return func(d *disk) persistence.Store {
		s := d.open()
		claim, commit, remove := s.claim, s.commit, s.delete
		s.claim = func(ctx context.Context, f persistence.Fence, shards ...persistence.Shard) error {
			return claim(ctx, as(f), shards...)
		}
		s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			return commit(ctx, id, as(f), writes...)
		}
		s.delete = func(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
			return remove(ctx, id, as(f), grain)
		}
		return s
	}
}

func claimNothing(d *disk) persistence.Store {
	s := d.open()
	s.claim = func(context.Context, persistence.Fence, ...persistence.Shard) error { return nil }
	return s
}

func claimSome(d *disk) persistence.Store {
	s := d.open()
	claim := s.claim
	s.claim = func(ctx context.Context, f persistence.Fence, shards ...persistence.Shard) error {
		return claim(ctx, f, shards[:min(len(shards), 1024)]...)
	}
	return s
}

func claimNeighbour(d *disk) persistence.Store {
	s := d.open()
	claim := s.claim
	s.claim = func(ctx context.Context, f persistence.Fence, shards ...persistence.Shard) error {
		var more []persistence.Shard
		for _, id := range shards {
			more = append(more, id, persistence.Shard{Type: id.Type, Partition: id.Partition + 1})
		}
		return claim(ctx, f, more...)
	}
	return s
}

func raiseAnyway(d *disk) persistence.Store {
	s := d.open()
	commit := s.commit
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		revisions, err := commit(ctx, id, f, writes...)
		if errors.Is(err, persistence.ErrConflict) {
			err = errors.Join(err, s.claim(ctx, f, id))
		}
		return revisions, err
	}
	return s
}

func conflictFirst(d *disk) persistence.Store {
	s := d.open()
	commit := s.commit
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		for _, w := range writes {
			if r, err := s.load(ctx, id, w.Key); err == nil && r.Revision != w.Expect {
				return nil, persistence.ErrConflict
			}
		}
		return commit(ctx, id, f, writes...)
	}
	return s
}

// fenceFlaws are what may be wrong with fences that a mutant keeps for itself.
type fenceFlaws struct {
	lower, commitKeeps, deleteDrops, deleteFree, forget bool
}

type fenceTable struct {
	mu     sync.Mutex
	fences map[persistence.Shard]persistence.Fence
}

func newFenceTable() *fenceTable {
	return &fenceTable{fences: map[persistence.Shard]persistence.Fence{}}
}

func flawed(flaws fenceFlaws) func(*disk) persistence.Store {
	return func(d *disk) persistence.Store {
		s := seen(func(persistence.Fence) persistence.Fence { return fence(1, 1) })(d).(*openStore)
		table := keep(d, "fences", newFenceTable)
		if flaws.forget {
			table = newFenceTable()
		}
		table.guard(s, flaws)
		return s
	}
}

func (table *fenceTable) guard(s *openStore, flaws fenceFlaws) {
	commit, remove := s.commit, s.delete
	s.claim = func(_ context.Context, f persistence.Fence, shards ...persistence.Shard) error {
		table.mu.Lock()
		defer table.mu.Unlock()
		for _, id := range shards {
			if table.fences[id].Compare(f) > 0 && !flaws.lower {
				return persistence.ErrFenced
			}
			table.fences[id] = f
		}
		return nil
	}
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		table.mu.Lock()
		defer table.mu.Unlock()
		if table.fences[id].Compare(f) > 0 {
			return nil, persistence.ErrFenced
		}
		revisions, err := commit(ctx, id, f, writes...)
		if err == nil && !flaws.commitKeeps {
			table.fences[id] = f
		}
		return revisions, err
	}
	s.delete = func(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
		table.mu.Lock()
		defer table.mu.Unlock()
		if table.fences[id].Compare(f) > 0 && !flaws.deleteFree {
			return persistence.ErrFenced
		}
		table.fences[id] = f
		if flaws.deleteDrops {
			delete(table.fences, id)
		}
		return remove(ctx, id, f, grain)
	}
}
