package badgerstore

import (
	"context"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// Delete removes a grain's records, and returns when that is on disk.
func (s *Store) Delete(ctx context.Context, shard persistence.Shard, fence persistence.Fence, grain string) error {
	if err := s.delete(ctx, shard, fence, grain); err != nil {
		return fmt.Errorf("delete %q of %s: %w", grain, shard, err)
	}
	return nil
}

func (s *Store) delete(ctx context.Context, shard persistence.Shard, fence persistence.Fence, grain string) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := shard.Check(); err != nil {
		return err
	}
	if err := (persistence.Key{Grain: grain}).Check(); err != nil {
		return err
	}
	return s.submit(ctx, &deleteOp{fence: fence, fenceKey: fenceKey(shard), prefix: grainPrefix(shard, grain)})
}

type deleteOp struct {
	fence    persistence.Fence
	fenceKey []byte
	prefix   []byte // of the grain's rows
}

func (op *deleteOp) cost() int   { return len(op.prefix) }
func (op *deleteOp) sets() bool  { return false }
func (op *deleteOp) alone() bool { return false }

func (op *deleteOp) apply(b *batch) error {
	raises, err := b.admit(op.fenceKey, op.fence)
	if err != nil {
		return err
	}
	rows, err := rowsBelow(b.txn, op.prefix)
	if err != nil {
		return fmt.Errorf("read the grain's records: %w", err)
	}
	if raises {
		b.setFence(op.fenceKey, op.fence)
	}
	for _, r := range rows {
		b.removeRow(r.key, r.head)
	}
	return nil
}

type keyedRow struct {
	key  []byte
	head head
}

// rowsBelow returns the rows with a prefix, the transaction's own included. A damaged
// row must be deletable, so it counts as one without a body.
func rowsBelow(txn *badger.Txn, prefix []byte) ([]keyedRow, error) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	var rows []keyedRow
	for it.Rewind(); it.Valid(); it.Next() {
		r := keyedRow{key: it.Item().KeyCopy(nil)}
		err := it.Item().Value(func(encoded []byte) error {
			if found, err := decodeRow(encoded); err == nil {
				r.head = found.head()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}
