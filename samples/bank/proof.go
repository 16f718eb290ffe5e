package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
)

// A proof compares what the transfers say with what the accounts have.
type proof struct {
	expected []atomic.Int64 // by account: the opening deposit, and what was transferred
	index    map[string]int // an account's key to its number

	done, refused, refunded atomic.Int64
	middle, strange         atomic.Int64 // neither is to be found

	sum, wrong atomic.Int64 // of the balances; how many are not as expected
}

// prove asks every transfer how it ended and every account what it has, tells what it
// found, and fails if it does not fit.
func (d *driver) prove(ctx context.Context) error {
	accounts := int(d.run.GetAccounts())
	p := &proof{expected: make([]atomic.Int64, accounts), index: make(map[string]int, accounts)}
	for i := range accounts {
		p.expected[i].Store(opening)
		p.index[d.key(i)] = i
	}
	err := d.each(ctx, "checking transfers", d.run.GetTransfers(), func(ctx context.Context, i int) error {
		return patiently(ctx, func() error {
			status, err := d.transferOf(i).Status(ctx, &bankv1.StatusRequest{})
			if err != nil {
				return err
			}
			p.count(d.plan(i), status)
			return nil
		})
	})
	if err != nil {
		return err
	}
	err = d.each(ctx, "checking accounts", d.run.GetAccounts(), func(ctx context.Context, i int) error {
		return patiently(ctx, func() error {
			resp, err := d.account(i).Balance(ctx, &bankv1.BalanceRequest{})
			if err != nil {
				return err
			}
			p.add(i, resp.GetBalance())
			return nil
		})
	})
	if err != nil {
		return err
	}
	return d.tell(p)
}

// count takes one transfer into account. It is safe for concurrent use.
func (p *proof) count(plan *bankv1.StartRequest, got *bankv1.StatusResponse) {
	if got.GetFrom() != plan.GetFrom() || got.GetTo() != plan.GetTo() || got.GetAmount() != plan.GetAmount() {
		p.strange.Add(1)
		return
	}
	switch got.GetPhase() {
	case bankv1.Phase_PHASE_DONE:
		p.done.Add(1)
		p.expected[p.index[plan.GetFrom()]].Add(-plan.GetAmount())
		p.expected[p.index[plan.GetTo()]].Add(plan.GetAmount())
	case bankv1.Phase_PHASE_REFUSED:
		p.refused.Add(1)
	case bankv1.Phase_PHASE_REFUNDED:
		p.refunded.Add(1)
	default:
		p.middle.Add(1)
	}
}

// add takes one account's balance into account. It is safe for concurrent use.
func (p *proof) add(account int, balance int64) {
	p.sum.Add(balance)
	if balance != p.expected[account].Load() {
		p.wrong.Add(1)
	}
}

// errDisproved: the numbers that were printed do not fit.
var errDisproved = errors.New("money was made or lost, see above: the data is kept as it is")

func (d *driver) tell(p *proof) error {
	out := d.cmd.Stdout
	deposited := d.run.GetAccounts() * opening
	fmt.Fprintf(out, "run %d: %d transfers: %d done, %d refused, %d refunded, %d in the middle, %d not as planned\n",
		d.run.GetNumber(), d.run.GetTransfers(), p.done.Load(), p.refused.Load(), p.refunded.Load(), p.middle.Load(), p.strange.Load())
	fmt.Fprintf(out, "run %d: %d accounts: %d deposited, %d there now, %d balances differ from what the transfers say\n",
		d.run.GetNumber(), d.run.GetAccounts(), deposited, p.sum.Load(), p.wrong.Load())
	if p.middle.Load() != 0 || p.strange.Load() != 0 || p.wrong.Load() != 0 || p.sum.Load() != deposited {
		fmt.Fprintf(out, "run %d: DISPROVED\n", d.run.GetNumber())
		return errDisproved
	}
	fmt.Fprintf(out, "run %d: proved: the total is conserved\n", d.run.GetNumber())
	return nil
}
