package badgerstore

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// Commit applies all writes or none, and returns when they are on disk. It takes
// values up to persistence.MaxRecord.
func (s *Store) Commit(ctx context.Context, shard persistence.Shard, fence persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
	revisions, err := s.commit(ctx, shard, fence, writes)
	if err != nil {
		return nil, fmt.Errorf("commit to %s: %w", shard, err)
	}
	return revisions, nil
}

func (s *Store) commit(ctx context.Context, shard persistence.Shard, fence persistence.Fence, writes []persistence.Write) ([]persistence.Revision, error) {
	if err := s.gate.enter(); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := persistence.CheckCommit(shard, writes, persistence.MaxRecord); err != nil {
		return nil, err
	}
	op := newCommitOp(shard, fence, writes)
	if err := s.submit(ctx, op); err != nil {
		return nil, err
	}
	return op.revisions, nil
}

// A commitOp is a commit, encoded by its caller's goroutine as far as possible: the
// committer's time is everybody's.
type commitOp struct {
	fence    persistence.Fence
	fenceKey []byte
	writes   []rowWrite
	bytes    int
	setsAny  bool
	bodies   int

	revisions []persistence.Revision
}

// A rowWrite is a write in the store's terms. Its row and body are nil in a deletion.
type rowWrite struct {
	name   persistence.Key
	expect persistence.Revision
	key    []byte
	row    []byte
	body   []byte
	before head // what is replaced; known when judged
}

func newCommitOp(shard persistence.Shard, fence persistence.Fence, writes []persistence.Write) *commitOp {
	op := &commitOp{
		fence:     fence,
		fenceKey:  fenceKey(shard),
		writes:    make([]rowWrite, len(writes)),
		revisions: make([]persistence.Revision, len(writes)),
	}
	for i, w := range writes {
		rw := rowWrite{name: w.Key, expect: w.Expect, key: rowKey(shard, w.Key)}
		if !w.Delete {
			rw.row, rw.body = newRow(w.Value)
			op.setsAny = true
		}
		if rw.body != nil {
			op.bodies++
		}
		op.bytes += len(rw.key) + len(rw.row) + len(rw.body)
		op.writes[i] = rw
	}
	return op
}

func (op *commitOp) cost() int   { return op.bytes }
func (op *commitOp) sets() bool  { return op.setsAny }
func (op *commitOp) alone() bool { return op.bodies > 0 && op.bytes > stageBytes }

func (op *commitOp) apply(b *batch) error {
	raises, err := b.admit(op.fenceKey, op.fence)
	if err != nil {
		return err
	}
	for i := range op.writes {
		if err := op.writes[i].judge(b); err != nil {
			return err
		}
	}
	for i := range op.writes {
		op.revisions[i] = 0
		if op.writes[i].row != nil {
			op.revisions[i] = b.nextRevision()
		}
	}
	if op.alone() {
		if err := op.stage(b); err != nil {
			return err
		}
	}
	if raises {
		b.setFence(op.fenceKey, op.fence)
	}
	for i := range op.writes {
		op.writes[i].write(b, op.revisions[i], op.alone())
	}
	return nil
}

func (w *rowWrite) judge(b *batch) error {
	found, err := b.row(w.key)
	if err != nil {
		return fmt.Errorf("read %s: %w", w.name, err)
	}
	if found.revision != w.expect {
		return fmt.Errorf("%w: %s is at revision %d, expected %d", persistence.ErrConflict, w.name, found.revision, w.expect)
	}
	w.before = found
	return nil
}

func (w *rowWrite) write(b *batch, revision persistence.Revision, staged bool) {
	switch {
	case w.row != nil:
		stamp(w.row, revision)
		b.setRow(w.key, w.row, w.before, head{revision: revision, bodyLen: len(w.body)})
	case w.expect != 0:
		b.removeRow(w.key, w.before)
	}
	switch {
	case w.body == nil:
	case staged:
		b.remove(stagedKey(revision))
	default:
		b.setBody(revision, w.body)
	}
}
