package storetest

import (
	"context"
	"sync"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/memstore"
)

// A disk outlives the stores that are opened on it.
type disk struct {
	memory *memstore.Store
	opened int // how many times

	mu    sync.Mutex
	notes map[string]any // what mutants keep on disk, by name
}

func newDisk() *disk { return &disk{memory: memstore.New(), notes: map[string]any{}} }

// keep returns a mutant's note, made on first use.
func keep[T any](d *disk, name string, make func() T) T {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.notes[name]; !ok {
		d.notes[name] = make()
	}
	return d.notes[name].(T)
}

// open opens a durable store on the disk. A mutant replaces some of its methods.
func (d *disk) open() *openStore {
	s := &openStore{}
	m := d.memory
	s.next, s.claim, s.load, s.commit, s.delete, s.list = m.NextGeneration, m.Claim, m.Load, m.Commit, m.Delete, m.List
	s.shut = func() { s.closed = true }
	return s
}

// An openStore is a store made of functions.
type openStore struct {
	mu     sync.RWMutex
	closed bool

	next   func(context.Context) (uint64, error)
	claim  func(context.Context, persistence.Fence, ...persistence.Shard) error
	load   func(context.Context, persistence.Shard, persistence.Key) (persistence.Record, error)
	commit func(context.Context, persistence.Shard, persistence.Fence, ...persistence.Write) ([]persistence.Revision, error)
	delete func(context.Context, persistence.Shard, persistence.Fence, string) error
	list   func(context.Context, persistence.Query) (persistence.Page, error)
	shut   func()
}

func (s *openStore) gate() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return persistence.ErrClosed
	}
	return nil
}

func (s *openStore) NextGeneration(ctx context.Context) (uint64, error) {
	if err := s.gate(); err != nil {
		return 0, err
	}
	return s.next(ctx)
}

func (s *openStore) Claim(ctx context.Context, f persistence.Fence, shards ...persistence.Shard) error {
	if err := s.gate(); err != nil {
		return err
	}
	return s.claim(ctx, f, shards...)
}

func (s *openStore) Load(ctx context.Context, id persistence.Shard, k persistence.Key) (persistence.Record, error) {
	if err := s.gate(); err != nil {
		return persistence.Record{}, err
	}
	return s.load(ctx, id, k)
}

func (s *openStore) Commit(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
	if err := s.gate(); err != nil {
		return nil, err
	}
	return s.commit(ctx, id, f, writes...)
}

func (s *openStore) Delete(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
	if err := s.gate(); err != nil {
		return err
	}
	return s.delete(ctx, id, f, grain)
}

func (s *openStore) List(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	if err := s.gate(); err != nil {
		return persistence.Page{}, err
	}
	return s.list(ctx, query)
}

func (s *openStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut()
	return nil
}
