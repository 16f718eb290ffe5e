package storetest

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// checkBasics: what is committed is loaded, revisions come in the writes' order, and
// a deletion's is zero.
func checkBasics(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	if err := h.lacks(ctx, shard(0), key("a")); err != nil {
		return err
	}
	if err := h.store.Claim(ctx, f); err != nil {
		return fmt.Errorf("claim no shards: %w", err)
	}
	if err := h.store.Claim(ctx, f, shard(0), shard(1), shard(0)); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	if err := h.store.Claim(ctx, f, shard(0)); err != nil {
		return fmt.Errorf("claim twice with one fence: %w", err)
	}
	revisions, err := h.store.Commit(ctx, shard(0), f,
		persistence.Write{Key: key("a"), Value: []byte("1")},
		persistence.Write{Key: persistence.Key{Grain: "a", Name: "n"}, Value: []byte("2")},
		persistence.Write{Key: key("never"), Delete: true},
	)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if len(revisions) != 3 || revisions[0] == 0 || revisions[1] == 0 || revisions[2] != 0 {
		return fmt.Errorf("two sets and a deletion gave the revisions %v", revisions)
	}
	if err := h.holds(ctx, shard(0), key("a"), []byte("1"), revisions[0]); err != nil {
		return err
	}
	if err := h.holds(ctx, shard(0), persistence.Key{Grain: "a", Name: "n"}, []byte("2"), revisions[1]); err != nil {
		return err
	}
	// The same key in another partition, or of another type, is another record.
	if err := h.lacks(ctx, shard(1), key("a")); err != nil {
		return err
	}
	return h.lacks(ctx, persistence.Shard{Type: testType + "x"}, key("a"))
}

// checkClose: after Close everything is ErrClosed, and closing twice is safe.
func checkClose(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	if _, err := h.put(ctx, shard(0), f, key("a"), "1", 0); err != nil {
		return err
	}
	for range 2 {
		if err := h.store.Close(); err != nil {
			return fmt.Errorf("close: %w", err)
		}
	}
	_, err := h.store.NextGeneration(ctx)
	if err := wants(err, persistence.ErrClosed, "next generation after close"); err != nil {
		return err
	}
	if err := wants(h.store.Claim(ctx, f, shard(0)), persistence.ErrClosed, "claim after close"); err != nil {
		return err
	}
	_, err = h.store.Load(ctx, shard(0), key("a"))
	if err := wants(err, persistence.ErrClosed, "load after close"); err != nil {
		return err
	}
	_, err = h.put(ctx, shard(0), f, key("b"), "1", 0)
	if err := wants(err, persistence.ErrClosed, "commit after close"); err != nil {
		return err
	}
	if err := wants(h.store.Delete(ctx, shard(0), f, "a"), persistence.ErrClosed, "delete after close"); err != nil {
		return err
	}
	_, err = h.store.List(ctx, persistence.Query{Type: testType})
	return wants(err, persistence.ErrClosed, "list after close")
}
