package badgerstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// Load returns a record, or ErrNotFound, or ErrCorrupt.
func (s *Store) Load(ctx context.Context, shard persistence.Shard, key persistence.Key) (persistence.Record, error) {
	record, err := s.load(ctx, shard, key)
	if err != nil {
		return persistence.Record{}, fmt.Errorf("load %s of %s: %w", key, shard, err)
	}
	return record, nil
}

func (s *Store) load(ctx context.Context, shard persistence.Shard, key persistence.Key) (persistence.Record, error) {
	if err := s.gate.enter(); err != nil {
		return persistence.Record{}, err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return persistence.Record{}, err
	}
	if err := shard.Check(); err != nil {
		return persistence.Record{}, err
	}
	if err := key.Check(); err != nil {
		return persistence.Record{}, err
	}
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	r, err := readRecord(txn, rowKey(shard, key))
	if err != nil {
		return persistence.Record{}, err
	}
	return persistence.Record{Key: key, Value: r.value, Revision: r.revision}, nil
}

// readRecord returns a row with its value, wherever that is, in memory of its own.
func readRecord(txn *badger.Txn, key []byte) (row, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return row{}, persistence.ErrNotFound
	}
	if err != nil {
		return row{}, err
	}
	return recordOf(txn, item)
}

func recordOf(txn *badger.Txn, item *badger.Item) (row, error) {
	encoded, err := item.ValueCopy(nil)
	if err != nil {
		return row{}, err
	}
	r, err := decodeRow(encoded)
	if err != nil || r.bodyLen == 0 {
		return r, err
	}
	r.value, err = readBody(txn, r)
	return r, err
}

// readBody puts a row's body together from its chunks.
func readBody(txn *badger.Txn, r row) ([]byte, error) {
	if r.bodyLen > persistence.MaxRecord {
		return nil, fmt.Errorf("%w: a value of %d bytes", persistence.ErrCorrupt, r.bodyLen)
	}
	body := make([]byte, 0, r.bodyLen)
	for i := range chunks(r.bodyLen) {
		found, err := read(txn, chunkKey(r.revision, i), func(part []byte) error {
			body = append(body, part...)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("%w: part %d of its value is missing", persistence.ErrCorrupt, i)
		}
	}
	if len(body) != r.bodyLen || checksum(body) != r.bodySum {
		return nil, fmt.Errorf("%w: its value of %d bytes does not match its checksum", persistence.ErrCorrupt, r.bodyLen)
	}
	return body, nil
}
