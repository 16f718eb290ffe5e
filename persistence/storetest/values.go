package storetest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/teff-dev/teff/persistence"
)

// checkValues: empty, odd and big values come back as they were, also when a record
// grows and shrinks.
func checkValues(ctx context.Context, h *harness) error {
	limit := h.traits.maxRecord()
	sizes := []int{0, 1, 4 << 10, 0, 64<<10 + 1, 1 << 20, 3, limit, limit - 1, 0}
	var revision persistence.Revision
	for i, size := range sizes {
		if size > limit {
			continue
		}
		value := pattern(size, byte(i))
		revisions, err := h.store.Commit(ctx, shard(0), fence(1, 1),
			persistence.Write{Key: key("v"), Value: value, Expect: revision})
		if err != nil {
			return fmt.Errorf("commit %d bytes: %w", size, err)
		}
		revision = revisions[0]
		if err := h.holds(ctx, shard(0), key("v"), value, revision); err != nil {
			return err
		}
		listed, err := h.listAll(ctx, persistence.Query{Type: testType})
		if err != nil {
			return err
		}
		if len(listed) != 1 || !bytes.Equal(listed[0].Value, value) {
			return fmt.Errorf("list does not give the one record of %d bytes that load gives", size)
		}
	}
	// A nil value is an empty one.
	if _, err := h.store.Commit(ctx, shard(0), fence(1, 1), persistence.Write{Key: key("nil")}); err != nil {
		return fmt.Errorf("commit a nil value: %w", err)
	}
	r, err := h.store.Load(ctx, shard(0), key("nil"))
	if err != nil || len(r.Value) != 0 {
		return fmt.Errorf("load a nil value: %s, %w", show(r.Value), err)
	}
	return nil
}

// pattern cannot be compressed, and differs by seed.
func pattern(size int, seed byte) []byte {
	value := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(value) // never fails
	return value
}

// checkValuesAreCopied: the caller may reuse what it committed, and a loaded value
// never changes.
func checkValuesAreCopied(ctx context.Context, h *harness) error {
	for _, size := range []int{8, min(128<<10, h.traits.maxRecord())} {
		name := key(fmt.Sprint("v", size))
		buffer := pattern(size, 1)
		first := bytes.Clone(buffer)
		revisions, err := h.store.Commit(ctx, shard(0), fence(1, 1), persistence.Write{Key: name, Value: buffer})
		if err != nil {
			return err
		}
		clear(buffer)
		loaded, err := h.store.Load(ctx, shard(0), name)
		if err != nil {
			return err
		}
		if !bytes.Equal(loaded.Value, first) {
			return fmt.Errorf("the record of %d bytes changed with the slice that was committed", size)
		}
		_, err = h.store.Commit(ctx, shard(0), fence(1, 1), persistence.Write{Key: name, Value: pattern(size, 2), Expect: revisions[0]})
		if err != nil {
			return err
		}
		if !bytes.Equal(loaded.Value, first) {
			return fmt.Errorf("a loaded value of %d bytes changed with a later commit", size)
		}
	}
	return nil
}

// checkTooLarge: what is over a limit is refused, and nothing of it is written.
func checkTooLarge(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	limit := h.traits.maxRecord()
	_, err := h.store.Commit(ctx, shard(0), f,
		persistence.Write{Key: key("small"), Value: []byte("1")},
		persistence.Write{Key: key("big"), Value: make([]byte, persistence.MaxRecord+1)})
	if err := wants(err, persistence.ErrTooLarge, "commit of more than MaxRecord bytes"); err != nil {
		return err
	}
	// The limit is for the commit, so halves count together.
	_, err = h.store.Commit(ctx, shard(0), f,
		persistence.Write{Key: key("small"), Value: make([]byte, limit/2+1)},
		persistence.Write{Key: key("big"), Value: make([]byte, limit/2+1)})
	if err := wants(err, persistence.ErrTooLarge, "commit of two values that are over the limit together"); err != nil {
		return err
	}
	many := make([]persistence.Write, persistence.MaxWrites+1)
	for i := range many {
		many[i] = persistence.Write{Key: key(fmt.Sprint("k", i)), Value: []byte("1")}
	}
	_, err = h.store.Commit(ctx, shard(0), f, many...)
	if err := wants(err, persistence.ErrTooLarge, "commit of more than MaxWrites writes"); err != nil {
		return err
	}
	if err := h.isEmpty(ctx); err != nil {
		return fmt.Errorf("after commits that were too large: %w", err)
	}
	return checkMost(ctx, h, many[1:])
}

// checkMost: as many writes as are allowed, with the longest names and values of any
// size, are taken in one commit, and deleted in one.
func checkMost(ctx context.Context, h *harness, writes []persistence.Write) error {
	f := fence(1, 1)
	each := min(8<<10, h.traits.maxRecord()/len(writes))
	for i := range writes {
		writes[i].Key = persistence.Key{Grain: long("g"), Name: long(fmt.Sprint(i, "-"))}
		writes[i].Value = pattern(each*i/len(writes), byte(i))
	}
	revisions, err := h.store.Commit(ctx, shard(0), f, writes...)
	if err != nil {
		return fmt.Errorf("commit of MaxWrites writes with long names: %w", err)
	}
	for i, w := range writes {
		if err := h.holds(ctx, shard(0), w.Key, w.Value, revisions[i]); err != nil {
			return err
		}
	}
	if err := h.store.Delete(ctx, shard(0), f, long("g")); err != nil {
		return fmt.Errorf("delete a grain of MaxWrites records: %w", err)
	}
	return h.isEmpty(ctx)
}

// isEmpty returns an error when a record of the test's type is listed.
func (h *harness) isEmpty(ctx context.Context) error {
	listed, err := h.listAll(ctx, persistence.Query{Type: testType, KeysOnly: true})
	if err != nil {
		return err
	}
	if len(listed) != 0 {
		return fmt.Errorf("%d records are there and none should be, the first is %.60s", len(listed), listed[0].Key)
	}
	return nil
}
