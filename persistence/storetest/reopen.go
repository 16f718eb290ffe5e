package storetest

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// checkReopen: closing and opening again keeps records, deletions, fences and the
// generation.
func checkReopen(ctx context.Context, h *harness) error {
	f := fence(3, 1<<60)
	want, err := h.fill(ctx)
	if err != nil {
		return err
	}
	big := pattern(min(1<<20, h.traits.maxRecord()), 3)
	revisions, err := h.store.Commit(ctx, shard(77), f, persistence.Write{Key: key("big"), Value: big})
	if err != nil {
		return err
	}
	if err := h.store.Claim(ctx, f, shard(78)); err != nil {
		return err
	}
	// The last write before the end is the one that is lost most easily.
	gone := want[len(want)-1]
	if err := h.store.Delete(ctx, gone.Shard, fence(1, 1), gone.Key.Grain); err != nil {
		return err
	}
	kept := 0
	for _, r := range want {
		if r.Shard != gone.Shard || r.Key.Grain != gone.Key.Grain {
			want[kept] = r
			kept++
		}
	}
	want = want[:kept]
	var generation uint64
	for round := range 3 {
		next, err := h.store.NextGeneration(ctx)
		if err != nil {
			return err
		}
		if next != generation+1 {
			return fmt.Errorf("generation %d was given after %d and %d times opening", next, generation, round)
		}
		generation = next
		if err := h.reopen(); err != nil {
			return err
		}
		if err := h.keeps(ctx, want, f); err != nil {
			return fmt.Errorf("opened again: %w", err)
		}
		if err := h.holds(ctx, shard(77), key("big"), big, revisions[0]); err != nil {
			return fmt.Errorf("opened again: %w", err)
		}
	}
	return nil
}

// keeps compares partitions below 77 or over 78, and the fences of those two.
func (h *harness) keeps(ctx context.Context, want []persistence.ListedRecord, f persistence.Fence) error {
	for _, p := range []uint32{77, 78} {
		if err := h.refuses(ctx, shard(p), fence(f.Generation, f.Since-1)); err != nil {
			return err
		}
	}
	listed, err := h.listAll(ctx, persistence.Query{Type: testType, Limit: 10})
	if err != nil {
		return err
	}
	var got []persistence.ListedRecord
	for _, r := range listed {
		if r.Shard != shard(77) {
			got = append(got, r)
		}
	}
	return sameListing(got, want, false)
}

// checkReopenRevisions: a revision is not used again after opening again, though its
// record is gone.
func checkReopenRevisions(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	used := &revisionLog{}
	for round := range 4 {
		for i := range 3 {
			r, err := h.put(ctx, shard(0), f, key("a"), fmt.Sprint(i), 0)
			if err != nil {
				return err
			}
			if err := used.add(r); err != nil {
				return fmt.Errorf("after opening %d times: %w", round+1, err)
			}
			if err := h.store.Delete(ctx, shard(0), f, "a"); err != nil {
				return err
			}
		}
		if err := h.reopen(); err != nil {
			return err
		}
	}
	return nil
}
