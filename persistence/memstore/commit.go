package memstore

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// Commit applies all writes or none.
func (s *Store) Commit(ctx context.Context, id persistence.Shard, fence persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.judge(ctx, id, fence, writes); err != nil {
		return nil, fmt.Errorf("commit to %s: %w", id, err)
	}
	sh := s.open(id)
	sh.fence = fence
	revisions := make([]persistence.Revision, len(writes))
	for i, w := range writes {
		if w.Delete {
			sh.remove(w.Key)
			continue
		}
		s.revision++
		sh.put(w.Key, record{value: append([]byte{}, w.Value...), revision: s.revision})
		revisions[i] = s.revision
	}
	return revisions, nil
}

// Delete removes a grain's records.
func (s *Store) Delete(ctx context.Context, id persistence.Shard, fence persistence.Fence, grain string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.judgeDelete(ctx, id, fence, grain); err != nil {
		return fmt.Errorf("delete %q of %s: %w", grain, id, err)
	}
	sh := s.open(id)
	sh.fence = fence
	for key := range sh.records {
		if key.Grain == grain {
			sh.remove(key)
		}
	}
	return nil
}

// judge decides on the whole commit before anything is changed.
func (s *Store) judge(ctx context.Context, id persistence.Shard, fence persistence.Fence, writes []persistence.Write) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := persistence.CheckCommit(id, writes, persistence.MaxRecord); err != nil {
		return err
	}
	sh := s.find(id)
	if err := sh.admits(fence); err != nil {
		return err
	}
	for _, w := range writes {
		// No record has revision zero, which is what get returns for a missing one.
		if r, _ := sh.get(w.Key); r.revision != w.Expect {
			return fmt.Errorf("%w: %s is at revision %d, expected %d", persistence.ErrConflict, w.Key, r.revision, w.Expect)
		}
	}
	return nil
}

func (s *Store) judgeDelete(ctx context.Context, id persistence.Shard, fence persistence.Fence, grain string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := id.Check(); err != nil {
		return err
	}
	if err := (persistence.Key{Grain: grain}).Check(); err != nil {
		return err
	}
	return s.find(id).admits(fence)
}

func (sh *shard) put(key persistence.Key, r record) {
	if _, ok := sh.records[key]; !ok {
		sh.keys = nil
	}
	sh.records[key] = r
}

func (sh *shard) remove(key persistence.Key) {
	if _, ok := sh.records[key]; ok {
		sh.keys = nil
	}
	delete(sh.records, key)
}
