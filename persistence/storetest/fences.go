package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/teff-dev/teff/persistence"
)

// ascendingFences are adjacent values in the places where narrow comparisons go
// wrong: doubles above 2^53, signed and packed 63-bit numbers, 32-bit halves,
// decimal texts, and the sum of both parts.
func ascendingFences() []persistence.Fence {
	const top = 1<<64 - 1
	return []persistence.Fence{
		fence(0, 1), fence(0, 9), fence(0, 10), fence(0, 1<<32-1), fence(0, 1<<32), fence(0, top),
		fence(1, 0), fence(1, 1), fence(1, 1<<53), fence(1, 1<<53+1), fence(1, 1<<63-1), fence(1, 1<<63), fence(1, top),
		fence(2, 0), fence(9, 9), fence(10, 1), fence(1<<32-1, 5), fence(1<<32, 4),
		fence(1<<53, 7), fence(1<<53+1, 7), fence(1<<53+2, 6), fence(1<<53+3, 0),
		fence(1<<63-1, 1<<53), fence(1<<63-1, 1<<53+1), fence(1<<63, 0),
		fence(top-1, top), fence(top, 0), fence(top, top-1), fence(top, top),
	}
}

// checkFenceOrder: fences compare as two 64-bit numbers, for claims, commits and
// deletions alike.
func checkFenceOrder(ctx context.Context, h *harness) error {
	fences := ascendingFences()
	// A shard that was never claimed has the zero fence.
	if err := h.store.Claim(ctx, fence(0, 0), shard(0)); err != nil {
		return fmt.Errorf("claim with the zero fence: %w", err)
	}
	for i, f := range fences {
		if err := h.store.Claim(ctx, f, shard(0)); err != nil {
			return fmt.Errorf("claim with %s: %w", f, err)
		}
		if i > 0 {
			if err := h.refuses(ctx, shard(0), fences[i-1]); err != nil {
				return fmt.Errorf("claimed with %s: %w", f, err)
			}
		}
		if err := h.store.Claim(ctx, f, shard(0)); err != nil {
			return fmt.Errorf("claim again with %s: %w", f, err)
		}
		if _, err := h.put(ctx, shard(0), f, key(f.String()), "1", 0); err != nil {
			return fmt.Errorf("claimed and committed with %s: %w", f, err)
		}
		if err := h.store.Delete(ctx, shard(0), f, f.String()); err != nil {
			return fmt.Errorf("claimed and deleted with %s: %w", f, err)
		}
	}
	// Commits and deletions raise the fence too.
	for i, f := range fences {
		var err error
		if i%2 == 0 {
			_, err = h.put(ctx, shard(1), f, key(f.String()), "1", 0)
		} else {
			err = h.store.Delete(ctx, shard(1), f, "nobody")
		}
		if err != nil {
			return fmt.Errorf("write with %s: %w", f, err)
		}
		if i > 0 {
			if err := h.refuses(ctx, shard(1), fences[i-1]); err != nil {
				return fmt.Errorf("written with %s: %w", f, err)
			}
		}
	}
	return nil
}

// refuses returns an error unless everything that takes the fence gets ErrFenced.
func (h *harness) refuses(ctx context.Context, s persistence.Shard, f persistence.Fence) error {
	if err := wants(h.store.Claim(ctx, f, s), persistence.ErrFenced, "claim with %s", f); err != nil {
		return err
	}
	_, err := h.put(ctx, s, f, key("late"), "1", 0)
	if err := wants(err, persistence.ErrFenced, "commit with %s", f); err != nil {
		return err
	}
	if err := wants(h.store.Delete(ctx, s, f, "late"), persistence.ErrFenced, "delete with %s", f); err != nil {
		return err
	}
	return h.lacks(ctx, s, key("late"))
}

// checkFenceScope: a claim concerns the shards it names and no others.
func checkFenceScope(ctx context.Context, h *harness) error {
	other := persistence.Shard{Type: testType + "2", Partition: 1}
	if err := h.store.Claim(ctx, fence(5, 5), shard(1), shard(3)); err != nil {
		return err
	}
	for _, s := range []persistence.Shard{shard(0), shard(2), shard(4), shard(1 << 31), other} {
		if _, err := h.put(ctx, s, fence(1, 1), key("a"), "1", 0); err != nil {
			return fmt.Errorf("claimed others, committed to %s: %w", s, err)
		}
	}
	for _, s := range []persistence.Shard{shard(1), shard(3)} {
		if err := h.refuses(ctx, s, fence(5, 4)); err != nil {
			return fmt.Errorf("shard %s: %w", s, err)
		}
	}
	// A claim that fails at one shard may have claimed those before it, and must not
	// lower the one it failed at.
	err := h.store.Claim(ctx, fence(2, 2), shard(6), shard(1), shard(7))
	if err := wants(err, persistence.ErrFenced, "claim of three shards, the second with a higher fence"); err != nil {
		return err
	}
	if err := h.refuses(ctx, shard(1), fence(5, 4)); err != nil {
		return fmt.Errorf("after a failed claim: %w", err)
	}
	// Many at once, as at a start.
	var all []persistence.Shard
	for p := range uint32(3000) {
		all = append(all, shard(p))
	}
	if err := h.store.Claim(ctx, fence(6, 0), all...); err != nil {
		return fmt.Errorf("claim of %d shards: %w", len(all), err)
	}
	for _, s := range []persistence.Shard{all[0], all[1023], all[1024], all[2999]} {
		if err := h.refuses(ctx, s, fence(5, 5)); err != nil {
			return fmt.Errorf("one of %d shards claimed together: %w", len(all), err)
		}
	}
	return nil
}

// checkFenceRefusal: being fenced comes before a conflict, and what is refused does
// not raise the fence.
func checkFenceRefusal(ctx context.Context, h *harness) error {
	low, high := fence(1, 1), fence(1, 2)
	r, err := h.put(ctx, shard(0), low, key("a"), "1", 0)
	if err != nil {
		return err
	}
	_, err = h.put(ctx, shard(0), high, key("a"), "2", r+1)
	if err := wants(err, persistence.ErrConflict, "commit with a wrong revision"); err != nil {
		return err
	}
	_, err = h.store.Commit(ctx, shard(0), high)
	if err := wants(err, persistence.ErrInvalid, "commit of no writes"); err != nil {
		return err
	}
	if r, err = h.put(ctx, shard(0), low, key("a"), "3", r); err != nil {
		return fmt.Errorf("a refused commit raised the fence: %w", err)
	}
	if err := h.store.Claim(ctx, high, shard(0)); err != nil {
		return err
	}
	_, err = h.put(ctx, shard(0), low, key("a"), "4", r+1)
	if err := wants(err, persistence.ErrFenced, "commit with a low fence and a wrong revision"); err != nil {
		return err
	}
	return h.holds(ctx, shard(0), key("a"), []byte("3"), r)
}

// checkFenceRace: a commit that begins after a higher claim was answered never
// succeeds, and none slips in behind the claimer's scan.
func checkFenceRace(ctx context.Context, h *harness) error {
	const claims, writers = 40, 4
	race := &fenceRace{h: h, shard: shard(0), attempts: make(chan attempt, 16), done: make(chan struct{})}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { race.write(ctx, w) })
	}
	var err error
	for since := uint64(1); since <= claims && err == nil; since++ {
		err = race.claim(ctx, since)
	}
	close(race.done)
	wg.Wait()
	return err
}

// A fenceRace is one claimer against several writers.
type fenceRace struct {
	h        *harness
	shard    persistence.Shard
	claimed  atomic.Uint64
	attempts chan attempt
	done     chan struct{}
}

// An attempt is what a writer did while it knew of a claim.
type attempt struct {
	since uint64
	err   error
}

// claim claims, lists, and lists again: what was written with a lower fence must all
// be there the first time. It ends when a writer has tried its luck since.
func (r *fenceRace) claim(ctx context.Context, since uint64) error {
	if err := r.h.store.Claim(ctx, fence(1, since), r.shard); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	first, err := r.h.countBelow(ctx, r.shard, since)
	if err != nil {
		return err
	}
	r.claimed.Store(since)
	for a := range r.attempts {
		if a.err != nil {
			return a.err
		}
		if a.since == since {
			break
		}
	}
	second, err := r.h.countBelow(ctx, r.shard, since)
	if err != nil {
		return err
	}
	if first != second {
		return fmt.Errorf("behind the claim with %d there were %d records of lower fences, and then %d", since, first, second)
	}
	return nil
}

// write reports attempts until the race is done, or one went wrong.
func (r *fenceRace) write(ctx context.Context, writer int) {
	for i := 0; ; i++ {
		since := r.claimed.Load()
		err := r.try(ctx, since, fmt.Sprint(writer, "-", i))
		select {
		case r.attempts <- attempt{since, err}:
		case <-r.done:
			return
		}
		if err != nil {
			return
		}
	}
}

// try commits with the fence before the one that is claimed, which must be refused,
// and with that one, which may be by now.
func (r *fenceRace) try(ctx context.Context, since uint64, grain string) error {
	if since > 0 {
		_, err := r.h.put(ctx, r.shard, fence(1, since-1), persistence.Key{Grain: grain, Name: fmt.Sprint(since - 1)}, "1", 0)
		if err := wants(err, persistence.ErrFenced, "commit with %d, begun after the claim with %d", since-1, since); err != nil {
			return err
		}
	}
	_, err := r.h.put(ctx, r.shard, fence(1, since), persistence.Key{Grain: grain, Name: fmt.Sprint(since)}, "1", 0)
	if err != nil && !errors.Is(err, persistence.ErrFenced) {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (h *harness) countBelow(ctx context.Context, s persistence.Shard, since uint64) (int, error) {
	listed, err := h.listAll(ctx, persistence.Query{Type: s.Type, Partition: &s.Partition, KeysOnly: true, Limit: persistence.MaxPage})
	n := 0
	for _, r := range listed {
		var written uint64
		if _, err := fmt.Sscan(r.Key.Name, &written); err != nil {
			return 0, fmt.Errorf("a key that nobody wrote: %s", r.Key)
		}
		if written < since {
			n++
		}
	}
	return n, err
}
