//go:build linux

package faults

import (
	"context"
	"fmt"
	"maps"
	"slices"

	faultsv1 "github.com/teff-dev/teff/internal/faults/faults/v1"
	"github.com/teff-dev/teff/internal/faults/faults/v1/faultsv1teff"
)

// checkCounters holds each counter against what its callers know: at least what was
// acknowledged, and at most what may have happened beside.
func (c *crowd) checkCounters(ctx context.Context) []string {
	var acked, unknown [counters]int64
	for _, o := range c.history.all() {
		if o.kind != opAdd {
			continue
		}
		for i := range counters {
			switch {
			case o.key != counterKey(i):
			case o.fate == fateDone:
				acked[i]++
			case o.fate == fateOpen:
				unknown[i]++
			}
		}
	}
	var bad []string
	for i := range counters {
		key, count := counterKey(i), int64(0)
		if err := c.insist(ctx, func() error {
			resp, err := faultsv1teff.CounterOf(c.caller(0), key).Count(ctx, &faultsv1.CountRequest{})
			count = resp.GetCount()
			return err
		}); err != nil {
			bad = append(bad, fmt.Sprintf("%s is not served after the faults: %v", key, err))
		} else if count < acked[i] || count > acked[i]+unknown[i] {
			bad = append(bad, fmt.Sprintf("%s counts %d; %d were acknowledged, and of %d it is not known", key, count, acked[i], unknown[i]))
		}
	}
	return bad
}

// checkMoney has every payment go on to its end, and counts the money.
func (c *crowd) checkMoney(ctx context.Context) []string {
	c.mu.Lock()
	unpaid := maps.Clone(c.unpaid)
	c.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(unpaid)) {
		if err := c.insist(ctx, func() error { return c.payOnce(ctx, 0, key, unpaid[key]).failed() }); err != nil {
			return []string{fmt.Sprintf("%s cannot be brought to an end: %v", key, err)}
		}
	}
	total := int64(0)
	for i := range purses {
		if err := c.insist(ctx, func() error {
			resp, err := faultsv1teff.PurseOf(c.caller(0), purseKey(i)).Look(ctx, &faultsv1.LookRequest{})
			if err == nil {
				total += resp.GetBalance()
			}
			return err
		}); err != nil {
			return []string{fmt.Sprintf("%s is not served after the faults: %v", purseKey(i), err)}
		}
	}
	if total != purses*opening {
		return []string{fmt.Sprintf("the purses hold %d together, and held %d before", total, purses*opening)}
	}
	return nil
}
