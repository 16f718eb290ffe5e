package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

// together runs n of them at the same time and joins their errors.
func together(n int, do func(i int) error) error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	wg.Wait()
	return errors.Join(errs...)
}

// checkIncrements: conditional increments from many callers lose nothing.
func checkIncrements(ctx context.Context, h *harness) error {
	const callers, each = 16, 12
	err := together(callers, func(int) error {
		for range each {
			if err := h.increment(ctx, key("n"), 1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, n, err := h.number(ctx, key("n"))
	if err != nil {
		return err
	}
	if n != callers*each {
		return fmt.Errorf("%d increments were acknowledged and the record says %d", callers*each, n)
	}
	return nil
}

// increment adds by to a number, again and again until nobody was faster.
func (h *harness) increment(ctx context.Context, k persistence.Key, by int) error {
	for {
		revision, n, err := h.number(ctx, k)
		if err != nil {
			return err
		}
		_, err = h.put(ctx, shard(0), fence(1, 1), k, strconv.Itoa(n+by), revision)
		if !errors.Is(err, persistence.ErrConflict) {
			return err
		}
	}
}

// number reads a number; a missing record is zero.
func (h *harness) number(ctx context.Context, k persistence.Key) (persistence.Revision, int, error) {
	r, err := h.store.Load(ctx, shard(0), k)
	if errors.Is(err, persistence.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	n, err := strconv.Atoi(string(r.Value))
	return r.Revision, n, err
}

// checkTransfers: commits of two records, from many callers, keep the sum.
func checkTransfers(ctx context.Context, h *harness) error {
	const callers, each, accounts, start = 8, 12, 4, 1000
	account := func(i int) persistence.Key { return key(fmt.Sprint("account", i%accounts)) }
	for i := range accounts {
		if err := h.increment(ctx, account(i), start); err != nil {
			return err
		}
	}
	err := together(callers, func(caller int) error {
		for i := range each {
			from, to := account(caller+i), account(caller+i+1+i%(accounts-1))
			if err := h.transfer(ctx, from, to, 1+i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	sum := 0
	for i := range accounts {
		_, n, err := h.number(ctx, account(i))
		if err != nil {
			return err
		}
		sum += n
	}
	if sum != accounts*start {
		return fmt.Errorf("transfers changed the sum from %d to %d", accounts*start, sum)
	}
	return nil
}

func (h *harness) transfer(ctx context.Context, from, to persistence.Key, amount int) error {
	for {
		fromRevision, f, err := h.number(ctx, from)
		if err != nil {
			return err
		}
		toRevision, t, err := h.number(ctx, to)
		if err != nil {
			return err
		}
		_, err = h.store.Commit(ctx, shard(0), fence(1, 1),
			persistence.Write{Key: from, Value: fmt.Append(nil, f-amount), Expect: fromRevision},
			persistence.Write{Key: to, Value: fmt.Append(nil, t+amount), Expect: toRevision})
		if !errors.Is(err, persistence.ErrConflict) {
			return err
		}
	}
}

// checkGenerations: the first is 1, and callers at the same time get different ones
// without gaps.
func checkGenerations(ctx context.Context, h *harness) error {
	first, err := h.store.NextGeneration(ctx)
	if err != nil {
		return err
	}
	if first != 1 {
		return fmt.Errorf("the first generation is %d, want 1", first)
	}
	const callers, each = 16, 4
	var mu sync.Mutex
	seen := map[uint64]bool{first: true}
	err = together(callers, func(int) error {
		last := first
		for range each {
			g, err := h.store.NextGeneration(ctx)
			if err != nil {
				return err
			}
			mu.Lock()
			twice := seen[g]
			seen[g] = true
			mu.Unlock()
			if twice {
				return fmt.Errorf("generation %d was given twice", g)
			}
			if g <= last {
				return fmt.Errorf("generation %d was given after %d", g, last)
			}
			last = g
		}
		return nil
	})
	if err != nil {
		return err
	}
	next, err := h.store.NextGeneration(ctx)
	if err != nil {
		return err
	}
	if want := uint64(callers*each + 2); next != want {
		return fmt.Errorf("after %d increments the generation is %d, want %d", want-1, next, want)
	}
	return nil
}
