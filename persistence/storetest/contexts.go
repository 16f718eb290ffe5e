package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// checkEndedContexts: a call whose context has ended does nothing and says so.
func checkEndedContexts(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	r, err := h.put(ctx, shard(0), f, key("a"), "1", 0)
	if err != nil {
		return err
	}
	generation, err := h.store.NextGeneration(ctx)
	if err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, call := range []struct {
		name string
		do   func() error
	}{
		{"next generation", func() error { _, err := h.store.NextGeneration(ended); return err }},
		{"claim", func() error { return h.store.Claim(ended, fence(1, 2), shard(0)) }},
		{"load", func() error { _, err := h.store.Load(ended, shard(0), key("a")); return err }},
		{"commit", func() error { _, err := h.put(ended, shard(0), f, key("a"), "2", r); return err }},
		{"delete", func() error { return h.store.Delete(ended, shard(0), f, "a") }},
		{"list", func() error { _, err := h.store.List(ended, persistence.Query{Type: testType}); return err }},
	} {
		if err := wants(call.do(), context.Canceled, "%s with an ended context", call.name); err != nil {
			return err
		}
	}
	next, err := h.store.NextGeneration(ctx)
	if err != nil {
		return err
	}
	if next != generation+1 {
		return fmt.Errorf("a call with an ended context took generation %d", generation+1)
	}
	if err := h.holds(ctx, shard(0), key("a"), []byte("1"), r); err != nil {
		return fmt.Errorf("after calls with an ended context: %w", err)
	}
	if _, err := h.put(ctx, shard(0), f, key("b"), "1", 0); err != nil {
		return fmt.Errorf("a claim with an ended context raised the fence: %w", err)
	}
	return nil
}

// checkEndingContexts: commits whose contexts end under way leave what their answers
// say: a record after none, no record after the context's error, either after
// ErrUnknownOutcome.
func checkEndingContexts(ctx context.Context, h *harness) error {
	const callers, each = 8, 25
	f := fence(1, 1)
	outcomes := make([][each]error, callers)
	err := together(callers, func(caller int) error {
		for i := range each {
			one, cancel := context.WithCancel(ctx)
			go cancel() // somewhere between before and after the commit
			_, err := h.put(one, shard(0), f, key(fmt.Sprint(caller, "-", i)), "1", 0)
			cancel()
			outcomes[caller][i] = err
			known := errors.Is(err, persistence.ErrUnknownOutcome) || errors.Is(err, context.Canceled)
			if err != nil && !known {
				return fmt.Errorf("commit with a context that ends: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// What was under way is done when a later commit is.
	if _, err := h.put(ctx, shard(0), f, key("last"), "1", 0); err != nil {
		return err
	}
	for caller := range outcomes {
		for i, outcome := range outcomes[caller] {
			_, err := h.store.Load(ctx, shard(0), key(fmt.Sprint(caller, "-", i)))
			switch {
			case outcome == nil && err != nil:
				return fmt.Errorf("a commit succeeded and its record is not there: %w", err)
			case outcome != nil && !errors.Is(outcome, persistence.ErrUnknownOutcome) && err == nil:
				return fmt.Errorf("a commit failed and its record is there: %w", outcome)
			}
		}
	}
	return nil
}
