package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// A batch is one transaction in the making. Its reads see its own writes, and so an
// operation sees those before it.
type batch struct {
	committer *committer

	// What the batch changes. Every change of a row or a fence is here too, and
	// becomes what the committer remembers when the batch is committed.
	rows   map[string]head
	fences map[string]persistence.Fence

	txn      *badger.Txn
	started  uint64 // the revision counter before the batch
	revision uint64
	bytes    int
	dirty    bool

	// broken is why a write was not taken. The transaction may then hold half an
	// operation and must be discarded.
	broken error
}

func (c *committer) begin() *batch {
	return &batch{
		committer: c,
		rows:      make(map[string]head),
		fences:    make(map[string]persistence.Fence),
		txn:       c.db.NewTransaction(true),
		started:   c.revision,
		revision:  c.revision,
	}
}

// discard may follow a commit, or another discard.
func (b *batch) discard() { b.txn.Discard() }

// finish adds what is stored once a batch.
func (b *batch) finish() {
	if b.revision != b.started {
		b.set([]byte(keyRevision), encodeCounter(b.revision))
	}
}

func (b *batch) nextRevision() persistence.Revision {
	b.revision++
	return persistence.Revision(b.revision)
}

// set and remove do nothing once the batch is broken. They keep key and value.
func (b *batch) set(key, value []byte) {
	b.modified(len(key)+len(value), func() error { return b.txn.Set(key, value) })
}

func (b *batch) remove(key []byte) {
	b.modified(len(key), func() error { return b.txn.Delete(key) })
}

// setBody writes a body's chunks, which share its memory.
func (b *batch) setBody(revision persistence.Revision, body []byte) {
	for i := range chunks(len(body)) {
		b.set(chunkKey(revision, i), chunk(body, i))
	}
}

// setRow replaces a row, and removes the body of the one before.
func (b *batch) setRow(key, encoded []byte, before, after head) {
	b.removeBody(before)
	b.set(key, encoded)
	b.rows[string(key)] = after
}

// removeRow removes a row, if there is one, and its body.
func (b *batch) removeRow(key []byte, before head) {
	b.removeBody(before)
	b.remove(key)
	b.rows[string(key)] = head{}
}

func (b *batch) removeBody(h head) {
	for i := range chunks(h.bodyLen) {
		b.remove(chunkKey(h.revision, i))
	}
}

func (b *batch) setFence(key []byte, fence persistence.Fence) {
	b.set(key, encodeFence(fence))
	b.fences[string(key)] = fence
}

// remember tells the committer what is committed.
func (b *batch) remember() {
	for key, h := range b.rows {
		b.committer.rows.put(key, h)
	}
	for key, fence := range b.fences {
		b.committer.fences.put(key, fence)
	}
}

func chunk(body []byte, i int) []byte {
	return body[i*chunkSize : min((i+1)*chunkSize, len(body))]
}

func (b *batch) modified(bytes int, do func() error) {
	if b.broken != nil {
		return
	}
	b.broken = do()
	b.bytes += bytes
	b.dirty = true
}

// read calls use with a key's value, which is good until use returns, or returns
// false when there is none.
func read(txn *badger.Txn, key []byte, use func(value []byte) error) (found bool, err error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, item.Value(use)
}

// row returns the head of the row at a key.
func (b *batch) row(key []byte) (h head, err error) {
	if h, ok := b.rows[string(key)]; ok {
		return h, nil
	}
	if h, ok := b.committer.rows.get(key); ok {
		return h, nil
	}
	_, err = read(b.txn, key, func(value []byte) error {
		r, err := decodeRow(value)
		h = r.head()
		return err
	})
	if err == nil {
		b.committer.rows.put(string(key), h)
	}
	return h, err
}

// fence returns a shard's fence.
func (b *batch) fence(key []byte) (f persistence.Fence, err error) {
	if f, ok := b.fences[string(key)]; ok {
		return f, nil
	}
	if f, ok := b.committer.fences.get(key); ok {
		return f, nil
	}
	_, err = read(b.txn, key, func(value []byte) (err error) {
		f, err = decodeFence(value)
		return err
	})
	if err != nil {
		return f, fmt.Errorf("read the shard's fence: %w", err)
	}
	b.committer.fences.put(string(key), f)
	return f, nil
}

// admit compares a fence with the shard's and returns ErrFenced when it is too low.
// raises tells whether it is higher.
func (b *batch) admit(key []byte, fence persistence.Fence) (raises bool, err error) {
	held, err := b.fence(key)
	if err != nil {
		return false, err
	}
	if held.Compare(fence) > 0 {
		return false, fmt.Errorf("%w: claimed with %s, this is %s", persistence.ErrFenced, held, fence)
	}
	return held != fence, nil
}

func readCounter(db *badger.DB, key string) (uint64, error) {
	txn := db.NewTransaction(false)
	defer txn.Discard()
	return counter(txn, key)
}

// counter returns zero for a counter that was never stored.
func counter(txn *badger.Txn, key string) (n uint64, err error) {
	_, err = read(txn, []byte(key), func(value []byte) error {
		if len(value) != 8 {
			return fmt.Errorf("%w: a counter of %d bytes", persistence.ErrCorrupt, len(value))
		}
		n = binary.BigEndian.Uint64(value)
		return nil
	})
	return n, err
}

func encodeCounter(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
