package storetest

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/teff-dev/teff/persistence"
)

func lifeMutants() []mutant {
	return []mutant{
		{"the last write is lost at reopening", loseLast, []string{"Reopen"}},
		{"the generation is not incremented atomically", nextRacy, []string{"Generations"}},
		{"the generation begins anew at reopening", nextForgotten, []string{"Reopen"}},
		{"generations begin at zero", nextFromZero, []string{"Generations"}},
		{"contexts are ignored", ignoreContexts, []string{"EndedContexts"}},
		{"commits that happened are said to be cancelled", cancelLate, []string{"EndingContexts"}},
		{"nothing is refused after close", stayOpen, []string{"Close"}},
	}
}

// loseLast restores, at the next opening, what the last deletion deleted.
func loseLast(d *disk) persistence.Store {
	type undo struct{ run func() }
	last := keep(d, "undo", func() *undo { return &undo{run: func() {}} })
	last.run()
	s := d.open()
	remove := s.delete
	s.delete = func(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
		page, err := s.list(ctx, persistence.Query{Type: id.Type, Partition: &id.Partition})
		if err != nil {
			return err
		}
		last.run = func() {
			for _, r := range page.Records {
				_, _ = d.memory.Commit(context.Background(), id, f, persistence.Write{Key: r.Key, Value: r.Value})
			}
		}
		return remove(ctx, id, f, grain)
	}
	return s
}

func nextRacy(d *disk) persistence.Store {
	s := d.open()
	var generation atomic.Uint64
	s.next = func(context.Context) (uint64, error) {
		n := generation.Load() + 1
		runtime.Gosched()
		generation.Store(n)
		return n, nil
	}
	return s
}

func nextForgotten(d *disk) persistence.Store {
	s := d.open()
	var generation atomic.Uint64
	s.next = func(context.Context) (uint64, error) { return generation.Add(1), nil }
	return s
}

func nextFromZero(d *disk) persistence.Store {
	s := d.open()
	var generation atomic.Uint64
	s.next = func(context.Context) (uint64, error) { return generation.Add(1) - 1, nil }
	return s
}

func ignoreContexts(d *disk) persistence.Store {
	s := d.open()
	commit := s.commit
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		return commit(context.WithoutCancel(ctx), id, f, writes...)
	}
	return s
}

func cancelLate(d *disk) persistence.Store {
	s := d.open()
	commit := s.commit
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		revisions, err := commit(ctx, id, f, writes...)
		for range 50 {
			runtime.Gosched()
		}
		if err == nil {
			err = ctx.Err()
		}
		return revisions, err
	}
	return s
}

func stayOpen(d *disk) persistence.Store {
	s := d.open()
	s.shut = func() {}
	return s
}
