package storetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

func commitMutants() []mutant {
	return []mutant{
		{"no revision check", commitBlind, []string{"Revisions", "Increments", "Transfers", "Atomicity", "Model"}},
		{"revisions are checked before the commit", commitLate, []string{"Increments", "Transfers"}},
		{"commits are not atomic", commitOneByOne, []string{"Atomicity", "Model"}},
		{"revisions in another order", commitReversed, []string{"Basics", "Model"}},
		{"the last write of a key wins", commitLastOfKey, []string{"Invalid"}},
		{"too many bytes are dropped silently", commitDropBig, []string{"TooLarge"}},
		{"big values are cut", commitCut, []string{"Values"}},
		{"values are not copied", commitShared, []string{"ValuesAreCopied"}},
		{"empty values are missing", loadEmptyAsMissing, []string{"Values", "Model"}},
		{"revisions begin anew after a deletion", recounted(false), []string{"Revisions", "Model"}},
		{"revisions begin anew after reopening", recounted(true), []string{"ReopenRevisions"}},
	}
}

type commitFunc = func(context.Context, persistence.Shard, persistence.Fence, ...persistence.Write) ([]persistence.Revision, error)

// committing makes a store with another Commit.
func committing(d *disk, with func(s *openStore, commit commitFunc) commitFunc) persistence.Store {
	s := d.open()
	s.commit = with(s, s.commit)
	return s
}

// commitPresent commits on whatever revisions the records have.
func commitPresent(ctx context.Context, s *openStore, commit commitFunc, id persistence.Shard, f persistence.Fence, writes []persistence.Write) ([]persistence.Revision, error) {
	writes = slices.Clone(writes)
	for {
		for i := range writes {
			r, _ := s.load(ctx, id, writes[i].Key)
			writes[i].Expect = r.Revision
		}
		revisions, err := commit(ctx, id, f, writes...)
		if !errors.Is(err, persistence.ErrConflict) {
			return revisions, err
		}
	}
}

func commitBlind(d *disk) persistence.Store {
	return committing(d, func(s *openStore, commit commitFunc) commitFunc {
		return func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			runtime.Gosched()
			return commitPresent(ctx, s, commit, id, f, writes)
		}
	})
}

func commitLate(d *disk) persistence.Store {
	return committing(d, func(s *openStore, commit commitFunc) commitFunc {
		return func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			for _, w := range writes {
				if r, _ := s.load(ctx, id, w.Key); r.Revision != w.Expect {
					return nil, persistence.ErrConflict
				}
			}
			runtime.Gosched()
			return commitPresent(ctx, s, commit, id, f, writes)
		}
	})
}

func commitOneByOne(d *disk) persistence.Store {
	return committing(d, func(_ *openStore, commit commitFunc) commitFunc {
		return func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			if len(writes) == 0 {
				return nil, persistence.ErrInvalid
			}
			var revisions []persistence.Revision
			for _, w := range writes {
				r, err := commit(ctx, id, f, w)
				if err != nil {
					return nil, err
				}
				revisions = append(revisions, r...)
			}
			return revisions, nil
		}
	})
}

func commitReversed(d *disk) persistence.Store {
	return committing(d, func(_ *openStore, commit commitFunc) commitFunc {
		return func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			revisions, err := commit(ctx, id, f, writes...)
			slices.Reverse(revisions)
			return revisions, err
		}
	})
}

func commitLastOfKey(d *disk) persistence.Store {
	return committing(d, func(_ *openStore, commit commitFunc) commitFunc {
		return func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			last := map[persistence.Key]int{}
			for i, w := range writes {
				last[w.Key] = i
			}
			var kept []persistence.Write
			for i, w := range writes {
				if last[w.Key] == i {
					kept = append(kept, w)
				}
			}
			return commit(ctx, id, f, kept...)
		}
	})
}

func commitDropBig(d *disk) persistence.Store {
	return committing(d, func(_ *openStore, commit commitFunc) commitFunc {
		return func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			revisions, err := commit(ctx, id, f, writes...)
			if errors.Is(err, persistence.ErrTooLarge) {
				return make([]persistence.Revision, len(writes)), nil
			}
			return revisions, err
		}
	})
}

func commitCut(d *disk) persistence.Store {
	const most = 1 << 20
	return committing(d, func(_ *openStore, commit commitFunc) commitFunc {
		return func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			writes = slices.Clone(writes)
			for i, w := range writes {
				if len(w.Value) > most && len(w.Value) <= persistence.MaxRecord {
					writes[i].Value = w.Value[:most]
				}
			}
			return commit(ctx, id, f, writes...)
		}
	})
}

func commitShared(d *disk) persistence.Store {
	s := d.open()
	commit, load := s.commit, s.load
	var values sync.Map // persistence.Key → []byte
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		revisions, err := commit(ctx, id, f, writes...)
		for _, w := range writes {
			values.Store(w.Key, w.Value)
		}
		return revisions, err
	}
	s.load = func(ctx context.Context, id persistence.Shard, k persistence.Key) (persistence.Record, error) {
		r, err := load(ctx, id, k)
		if value, ok := values.Load(k); ok {
			r.Value = value.([]byte)
		}
		return r, err
	}
	return s
}

func loadEmptyAsMissing(d *disk) persistence.Store {
	s := d.open()
	load := s.load
	s.load = func(ctx context.Context, id persistence.Shard, k persistence.Key) (persistence.Record, error) {
		r, err := load(ctx, id, k)
		if err == nil && len(r.Value) == 0 {
			return persistence.Record{}, persistence.ErrNotFound
		}
		return r, err
	}
	return s
}

// recounted numbers the revisions of each key from 1, and forgets the number of a
// deleted one, at once or when the store is opened again.
func recounted(atOpening bool) func(*disk) persistence.Store {
	return func(d *disk) persistence.Store {
		s := d.open()
		c := keep(d, "counts", func() *revisionCounts { return &revisionCounts{atOpening: atOpening} })
		c.reset()
		c.renumber(s)
		return s
	}
}

type revisionCounts struct {
	atOpening bool
	mu        sync.Mutex
	counts    map[persistence.Key]persistence.Revision
	real      map[persistence.Key]persistence.Revision
}

func (c *revisionCounts) reset() {
	c.counts, c.real = map[persistence.Key]persistence.Revision{}, map[persistence.Key]persistence.Revision{}
}

func (c *revisionCounts) renumber(s *openStore) {
	commit, load, remove, list := s.commit, s.load, s.delete, s.list
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		writes = slices.Clone(writes)
		for i, w := range writes {
			switch {
			case c.real[w.Key] != 0 && w.Expect == c.counts[w.Key]:
				writes[i].Expect = c.real[w.Key]
			case w.Expect != 0:
				writes[i].Expect = 1 << 50
			}
		}
		revisions, err := commit(ctx, id, f, writes...)
		for i := range revisions {
			k := writes[i].Key
			if writes[i].Delete {
				c.forget(k)
				continue
			}
			c.counts[k]++
			c.real[k], revisions[i] = revisions[i], c.counts[k]
		}
		return revisions, err
	}
	s.load = func(ctx context.Context, id persistence.Shard, k persistence.Key) (persistence.Record, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		r, err := load(ctx, id, k)
		r.Revision = c.counts[k]
		return r, err
	}
	s.delete = func(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.forget(key(grain))
		return remove(ctx, id, f, grain)
	}
	s.list = func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
		page, err := list(ctx, query)
		for i, r := range page.Records {
			page.Records[i].Revision = c.counts[r.Key]
		}
		return page, err
	}
}

func (c *revisionCounts) forget(k persistence.Key) {
	delete(c.real, k)
	if !c.atOpening {
		delete(c.counts, k)
	}
}
