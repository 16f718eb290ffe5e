package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

const (
	// maxBatch is the most requests in a transaction.
	maxBatch = 512

	// batchBytes ends a batch early: Badger takes 2.4 MiB in a transaction, and one
	// more request of up to stageBytes may come behind this mark.
	batchBytes = 1 << 20
)

// A committer is the only writer of the database: one goroutine, from start to stop.
type committer struct {
	db     *badger.DB
	queue  chan *request // closed by stop
	space  *space
	log    *slog.Logger
	badger *badgerLog
	hooks  hooks
	done   sync.WaitGroup

	// What follows belongs to the goroutine.

	revision uint64 // the last one given, also by commits that failed
	failed   error  // why nothing is written any more, or nil
	rows     *recent[head]
	fences   *recent[persistence.Fence]
	batch    []*request
}

func newCommitter(db *badger.DB, opts Options, h hooks, space *space, log *badgerLog) (*committer, error) {
	revision, err := readCounter(db, keyRevision)
	if err != nil {
		return nil, fmt.Errorf("read the revision counter: %w", err)
	}
	if h.maxBatch == 0 {
		h.maxBatch = maxBatch
	}
	return &committer{
		db:       db,
		queue:    make(chan *request, h.maxBatch),
		space:    space,
		log:      opts.Logger,
		badger:   log,
		hooks:    h,
		revision: revision,
		rows:     newRecent[head](),
		fences:   newRecent[persistence.Fence](),
	}, nil
}

func (c *committer) start() { c.done.Go(c.run) } // until stop

// stop answers what is queued and ends the goroutine. Nothing may be queued later.
func (c *committer) stop() {
	close(c.queue)
	c.done.Wait()
}

func (c *committer) run() {
	for r := range c.queue {
		c.serve(r)
	}
}

// serve commits first and what else is queued by now.
func (c *committer) serve(first *request) {
	c.batch = c.batch[:0]
	bytes := c.take(first)
	// The callers of the last batch are awake and about to ask again. Letting them
	// run first makes one big batch of what would be two small ones.
	for waiting := -1; len(c.queue) > waiting; {
		waiting = len(c.queue)
		runtime.Gosched()
	}
	for len(c.batch) < c.hooks.maxBatch && bytes < batchBytes {
		select {
		case r, ok := <-c.queue:
			if ok {
				bytes += c.take(r)
				continue
			}
		default:
		}
		break
	}
	for rest := c.batch; len(rest) > 0; {
		n := group(rest)
		c.commit(rest[:n])
		rest = rest[n:]
	}
	clear(c.batch) // lets go of the values
}

// group returns how many of the requests go into one transaction: those before the
// next that goes alone, or that one.
func group(requests []*request) int {
	for i, r := range requests {
		if r.operation.alone() {
			return max(i, 1)
		}
	}
	return len(requests)
}

func (c *committer) take(r *request) (bytes int) {
	if !r.begin() {
		return 0
	}
	c.batch = append(c.batch, r)
	return r.operation.cost()
}

// commit answers all requests, with as few transactions as they fit in.
func (c *committer) commit(requests []*request) {
	b := c.begin()
	defer b.discard()
	outcomes := make([]error, len(requests))
	for i, r := range requests {
		outcomes[i] = c.apply(b, r)
		if b.broken != nil {
			c.split(requests, b)
			return
		}
	}
	if b.finish(); b.broken != nil {
		c.split(requests, b)
		return
	}
	err := c.write(b, len(requests))
	for i, r := range requests {
		if err != nil && outcomes[i] == nil {
			outcomes[i] = err
		}
		r.outcome <- outcomes[i]
	}
}

func (c *committer) apply(b *batch, r *request) error {
	if c.failed != nil {
		return c.failed
	}
	if err := c.space.admit(r.operation.sets()); err != nil {
		return err
	}
	return r.operation.apply(b)
}

// split is for a batch that took a part of a request and no more. The transaction
// is dropped, so nothing of it happened, and each half tries for itself.
func (c *committer) split(requests []*request, b *batch) {
	b.discard()
	if len(requests) > 1 {
		half := len(requests) / 2
		c.commit(requests[:half])
		c.commit(requests[half:])
		return
	}
	err := b.broken
	if errors.Is(err, badger.ErrTxnTooBig) {
		err = fmt.Errorf("%w: it does not fit one transaction", persistence.ErrTooLarge)
	}
	requests[0].outcome <- err
}

// write makes the batch durable. After an error nobody knows what is on the disk,
// and whatever were written behind it might be lost with it.
func (c *committer) write(b *batch, requests int) error {
	if !b.dirty {
		return nil
	}
	c.revision = b.revision
	c.space.wrote(b.bytes)
	if err := c.sync(b.txn); err != nil {
		return fmt.Errorf("%w: %w", persistence.ErrUnknownOutcome, err)
	}
	b.remember()
	if c.hooks.committed != nil {
		c.hooks.committed(requests)
	}
	return nil
}

// sync commits a transaction to disk. The store fails with it.
func (c *committer) sync(txn *badger.Txn) error {
	err := txn.Commit()
	if err == nil && c.badger.syncFailed.Load() {
		err = errors.New("sync of the value log failed")
	}
	if err != nil {
		c.failed = fmt.Errorf("%w (%w)", errFailed, err)
		c.log.Error("store: commit failed, writing no more", slog.Any("error", err))
	}
	return err
}
