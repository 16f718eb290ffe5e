package badgerstore

import (
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// stageBytes is the most that a commit may put into a transaction with others. The
// bodies of a bigger one are staged.
const stageBytes = 1 << 20

// stage writes the operation's bodies in transactions of their own, before the rows
// that will have them: together they would be too big for one. Nobody sees a body
// without its row. Each is marked as staged, and the transaction that writes the rows
// takes the marks away, so what a crash leaves is found by sweep.
//
// The operation is judged by then and alone in its batch, so the rows will follow.
func (op *commitOp) stage(b *batch) error {
	c := b.committer
	// The revisions name bodies from here on, whatever becomes of the rows.
	c.revision = b.revision
	s := &staging{committer: c, txn: c.db.NewTransaction(true)}
	defer func() { s.txn.Discard() }()
	s.set([]byte(keyRevision), encodeCounter(b.revision))
	for i, w := range op.writes {
		if w.body != nil {
			s.set(stagedKey(op.revisions[i]), nil)
		}
	}
	for i, w := range op.writes {
		for n := range chunks(len(w.body)) {
			s.set(chunkKey(op.revisions[i], n), chunk(w.body, n))
		}
	}
	s.flush()
	return s.err
}

// A staging is a row of transactions. After an error it does nothing.
type staging struct {
	committer *committer
	txn       *badger.Txn
	bytes     int
	err       error
}

func (s *staging) set(key, value []byte) {
	if s.bytes+len(value) > stageBytes {
		s.flush()
	}
	if s.err != nil {
		return
	}
	s.err = s.txn.Set(key, value)
	s.bytes += len(key) + len(value)
}

func (s *staging) flush() {
	if s.err != nil {
		return
	}
	s.committer.space.wrote(s.bytes)
	// Without its row nothing of it is committed, so the outcome is known.
	if err := s.committer.sync(s.txn); err != nil {
		s.err = s.committer.failed
		return
	}
	s.txn, s.bytes = s.committer.db.NewTransaction(true), 0
}

// sweep removes what a crash left staged. It runs while nobody else writes.
func sweep(db *badger.DB) error {
	for {
		mark, err := firstKey(db, []byte{spaceStaged})
		if err != nil || mark == nil {
			return err
		}
		if err := sweepOne(db, mark); err != nil {
			return err
		}
	}
}

// sweepOne removes a staged body and then its mark. A body's chunks fit one
// transaction by far.
func sweepOne(db *badger.DB, mark []byte) error {
	err := db.Update(func(txn *badger.Txn) error {
		prefix := append([]byte{spaceBody}, mark[1:]...)
		for _, key := range append(keysBelow(txn, prefix), mark) {
			if err := txn.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove the rest of a commit that a crash ended: %w", err)
	}
	return nil
}

func keysBelow(txn *badger.Txn, prefix []byte) [][]byte {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	var keys [][]byte
	for it.Rewind(); it.Valid(); it.Next() {
		keys = append(keys, it.Item().KeyCopy(nil))
	}
	return keys
}

// firstKey returns nil when no key has the prefix.
func firstKey(db *badger.DB, prefix []byte) (key []byte, err error) {
	err = db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		if it.Rewind(); it.Valid() {
			key = it.Item().KeyCopy(nil)
		}
		return nil
	})
	return key, err
}
