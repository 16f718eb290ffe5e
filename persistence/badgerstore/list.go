package badgerstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/internal/rowkey"
)

// pageBytes ends a page of big values early.
const pageBytes = 4 << 20

// List returns one page of records. A damaged record makes it fail with ErrCorrupt,
// unless the query is for keys only and the damage is in the value.
func (s *Store) List(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	page, err := s.list(ctx, query)
	if err != nil {
		return persistence.Page{}, fmt.Errorf("list %s: %w", query.Type, err)
	}
	return page, nil
}

func (s *Store) list(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	if err := s.gate.enter(); err != nil {
		return persistence.Page{}, err
	}
	defer s.gate.leave()
	if err := query.Check(); err != nil {
		return persistence.Page{}, err
	}
	types := typePrefix(spaceRow, query.Type)
	prefix, after := types, types
	if query.Partition != nil {
		prefix = rowkey.AppendPartition(typePrefix(spaceRow, query.Type), *query.Partition)
		after = prefix
	}
	if query.After != "" {
		partition, key, err := rowkey.ParseCursor(query.After)
		if err != nil {
			return persistence.Page{}, err
		}
		after = rowKey(persistence.Shard{Type: query.Type, Partition: partition}, key)
		if bytes.Compare(after, prefix) < 0 {
			after = prefix // the cursor of a lower partition
		}
	}
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	l := listing{txn: txn, query: query, skip: len(types)}
	return l.page(ctx, prefix, after)
}

// A listing is one call of List.
type listing struct {
	txn   *badger.Txn
	query persistence.Query
	skip  int // bytes of a key before the partition
	bytes int // of values in the page
}

// page collects what has the prefix and comes behind after.
func (l *listing) page(ctx context.Context, prefix, after []byte) (persistence.Page, error) {
	it := l.txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	var page persistence.Page
	for it.Seek(after); it.Valid(); it.Next() {
		if err := ctx.Err(); err != nil {
			return persistence.Page{}, err
		}
		key := it.Item().KeyCopy(nil)
		if bytes.Equal(key, after) {
			continue
		}
		if n := len(page.Records); n == l.query.PageSize() || l.bytes >= pageBytes {
			last := page.Records[n-1]
			page.Next = rowkey.Cursor(last.Shard.Partition, last.Key)
			break
		}
		record, err := l.record(it.Item(), key)
		if err != nil {
			return persistence.Page{}, err
		}
		page.Records = append(page.Records, record)
	}
	return page, ctx.Err()
}

func (l *listing) record(item *badger.Item, key []byte) (persistence.ListedRecord, error) {
	partition, name, err := rowkey.Parse(key[l.skip:])
	if err != nil {
		return persistence.ListedRecord{}, fmt.Errorf("%w: key %x: %w", persistence.ErrCorrupt, key, err)
	}
	shard := persistence.Shard{Type: l.query.Type, Partition: partition}
	r, err := l.row(item)
	if err != nil {
		return persistence.ListedRecord{}, fmt.Errorf("read %s of %s: %w", name, shard, err)
	}
	l.bytes += len(r.value)
	return persistence.ListedRecord{
		Shard:  shard,
		Record: persistence.Record{Key: name, Value: r.value, Revision: r.revision},
	}, nil
}

func (l *listing) row(item *badger.Item) (r row, err error) {
	if !l.query.KeysOnly {
		return recordOf(l.txn, item)
	}
	err = item.Value(func(encoded []byte) (err error) {
		r, err = decodeRow(encoded)
		r.value = nil // it is not for keeping
		return err
	})
	return r, err
}
