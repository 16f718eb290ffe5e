package natsstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/persistence"
)

// A Store is a persistence.Store on a JetStream stream. Create it with Open.
type Store struct {
	nc      *nats.Conn
	layout  layout
	limit   int // of a commit's values, in bytes
	replies *replies
	queue   *queue
	guards  *guards
	absent  *recent
	hooks   hooks
	gate    gate

	stragglers chan struct{} // has an element for each batch that the committer left behind

	cancel context.CancelFunc // ends the committer and the stragglers
	done   sync.WaitGroup

	close    sync.Once
	closeErr error
}

var _ persistence.Store = (*Store)(nil)

// begin starts the committer; it ends with Close.
func begin(nc *nats.Conn, l layout, h hooks) (*Store, error) {
	r, err := newReplies(nc)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Store{
		nc:      nc,
		layout:  l,
		limit:   valueLimit(nc),
		replies: r,
		queue:   newQueue(),
		guards:  newGuards(),
		absent:  newRecent(),
		hooks:   h,
		cancel:  cancel,

		stragglers: make(chan struct{}, stragglersMost),
	}
	s.done.Go(func() { s.run(ctx) }) // until Close
	return s, nil
}

// MaxCommit is the most bytes that this store takes in the values of a commit: what
// the server takes in a message, less some room for headers.
func (s *Store) MaxCommit() int { return s.limit }

// Close lets the calls under way end and leaves the connection as it is. Later calls
// get persistence.ErrClosed. A second Close waits for the first and returns the same.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.gate.shut()
		s.cancel()
		s.queue.shut()
		s.done.Wait()
		s.closeErr = s.replies.close()
	})
	return s.closeErr
}

// enter says why a call cannot begin; after nil the caller must leave the gate.
func (s *Store) enter(ctx context.Context) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		s.gate.leave()
		return err
	}
	return nil
}

// NextGeneration increments the generation; the first is 1.
func (s *Store) NextGeneration(ctx context.Context) (uint64, error) {
	g, err := s.nextGeneration(ctx)
	if err != nil {
		return 0, fmt.Errorf("next generation: %w", err)
	}
	return g, nil
}

// Claim raises the shards' fences to fence, up to 256 of them at once.
func (s *Store) Claim(ctx context.Context, fence persistence.Fence, shards ...persistence.Shard) error {
	if err := s.claim(ctx, fence, shards); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	return nil
}

// Load returns a record, or persistence.ErrNotFound. Any replica may answer, if it has
// seen the last claim and the last commit that this store knows of in the shard.
func (s *Store) Load(ctx context.Context, shard persistence.Shard, key persistence.Key) (persistence.Record, error) {
	r, err := s.load(ctx, shard, key)
	if err != nil {
		return persistence.Record{}, fmt.Errorf("load %s of %s: %w", key, shard, err)
	}
	return r, nil
}

// Commit applies all writes or none.
func (s *Store) Commit(ctx context.Context, shard persistence.Shard, fence persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
	revisions, err := s.commit(ctx, shard, fence, writes)
	if err != nil {
		return nil, fmt.Errorf("commit to %s: %w", shard, err)
	}
	return revisions, nil
}

// Delete removes a grain's records, up to 999 of them.
func (s *Store) Delete(ctx context.Context, shard persistence.Shard, fence persistence.Fence, grain string) error {
	if err := s.remove(ctx, shard, fence, grain); err != nil {
		return fmt.Errorf("delete %q of %s: %w", grain, shard, err)
	}
	return nil
}

// List returns one page of records.
func (s *Store) List(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	page, err := s.list(ctx, query)
	if err != nil {
		return persistence.Page{}, fmt.Errorf("list %s: %w", query.Type, err)
	}
	return page, nil
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
