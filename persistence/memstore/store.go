package memstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

// A Store is a persistence.Store in memory. Create it with New.
type Store struct {
	mu         sync.RWMutex
	closed     bool
	generation uint64
	revision   persistence.Revision // the last one given, to any record
	types      map[string]map[uint32]*shard
}

var _ persistence.Store = (*Store)(nil)

// A shard outlives its records: it holds the fence.
type shard struct {
	fence   persistence.Fence
	records map[persistence.Key]record

	// keys are the records' keys in order, or nil when a key came or went since they
	// were last sorted.
	keys []persistence.Key
}

type record struct {
	value    []byte // never changed: readers hold it
	revision persistence.Revision
}

// New returns an empty store.
func New() *Store {
	return &Store{types: make(map[string]map[uint32]*shard)}
}

// NextGeneration increments the generation; the first is 1.
func (s *Store) NextGeneration(ctx context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, fmt.Errorf("next generation: %w", err)
	}
	s.generation++
	return s.generation, nil
}

// Claim raises the shards' fences to fence, all of them or none.
func (s *Store) Claim(ctx context.Context, fence persistence.Fence, shards ...persistence.Shard) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	for _, id := range shards {
		if err := id.Check(); err != nil {
			return fmt.Errorf("claim: %w", err)
		}
		if err := s.find(id).admits(fence); err != nil {
			return fmt.Errorf("claim %s: %w", id, err)
		}
	}
	for _, id := range shards {
		s.open(id).fence = fence
	}
	return nil
}

// Load returns a record, or ErrNotFound.
func (s *Store) Load(ctx context.Context, id persistence.Shard, key persistence.Key) (persistence.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.load(ctx, id, key)
	if err != nil {
		return persistence.Record{}, fmt.Errorf("load %s of %s: %w", key, id, err)
	}
	return persistence.Record{Key: key, Value: r.value, Revision: r.revision}, nil
}

func (s *Store) load(ctx context.Context, id persistence.Shard, key persistence.Key) (record, error) {
	if err := s.usable(ctx); err != nil {
		return record{}, err
	}
	if err := id.Check(); err != nil {
		return record{}, err
	}
	if err := key.Check(); err != nil {
		return record{}, err
	}
	r, ok := s.find(id).get(key)
	if !ok {
		return record{}, persistence.ErrNotFound
	}
	return r, nil
}

// Close drops everything. Later calls get ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.types = true, nil
	return nil
}

// usable says why a call cannot begin; s.mu is held.
func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return persistence.ErrClosed
	}
	return ctx.Err()
}

// find returns the shard, or nil when nobody wrote to it yet.
func (s *Store) find(id persistence.Shard) *shard { return s.types[id.Type][id.Partition] }

// open returns the shard and makes it when needed; s.mu is held for writing.
func (s *Store) open(id persistence.Shard) *shard {
	partitions := s.types[id.Type]
	if partitions == nil {
		partitions = make(map[uint32]*shard)
		s.types[id.Type] = partitions
	}
	sh := partitions[id.Partition]
	if sh == nil {
		sh = &shard{records: make(map[persistence.Key]record)}
		partitions[id.Partition] = sh
	}
	return sh
}

// get works on a nil shard too.
func (sh *shard) get(key persistence.Key) (record, bool) {
	if sh == nil {
		return record{}, false
	}
	r, ok := sh.records[key]
	return r, ok
}

// admits works on a nil shard too.
func (sh *shard) admits(fence persistence.Fence) error {
	if sh != nil && sh.fence.Compare(fence) > 0 {
		return fmt.Errorf("%w: claimed with %s, this is %s", persistence.ErrFenced, sh.fence, fence)
	}
	return nil
}
