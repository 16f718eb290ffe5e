package badgerstore

import (
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// A Store is a persistence.Store in a directory. Create it with Open.
type Store struct {
	db        *badger.DB
	committer *committer
	gate      gate

	close    sync.Once
	closeErr error
}

var _ persistence.Store = (*Store)(nil)

// Close lets the calls under way end, syncs, and gives the directory free. Later
// calls get persistence.ErrClosed. A second Close waits for the first and returns
// the same.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.gate.shut()
		s.committer.stop()
		s.closeErr = s.db.Close()
	})
	return s.closeErr
}

// A gate lets calls in until it is shut, and knows when the last one left.
type gate struct {
	mu    sync.RWMutex
	shuts bool
	calls sync.WaitGroup
}

// enter returns persistence.ErrClosed, or nil and the caller must leave.
func (g *gate) enter() error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.shuts {
		return persistence.ErrClosed
	}
	g.calls.Add(1)
	return nil
}

func (g *gate) leave() { g.calls.Done() }

// shut turns later calls away and waits for those inside.
func (g *gate) shut() {
	g.mu.Lock()
	g.shuts = true
	g.mu.Unlock()
	g.calls.Wait()
}
