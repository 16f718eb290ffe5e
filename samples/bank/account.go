package main

import (
	"context"
	"math"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
)

// account is one customer's money. Its turns run one after the other, so that what is
// checked still holds when it is done.
type account struct {
	a     *grain.Activation
	state *grain.State[*bankv1.AccountState]
}

func newAccount(a *grain.Activation) (*account, error) {
	return &account{a: a, state: grain.StateOf[*bankv1.AccountState](a)}, nil
}

// Deposit adds money.
func (g *account) Deposit(ctx context.Context, req *bankv1.DepositRequest) (*bankv1.DepositResponse, error) {
	if req.GetAmount() <= 0 {
		return nil, notPositive(req.GetAmount())
	}
	if err := g.change(ctx, req.GetAmount(), req.GetTransferId()); err != nil {
		return nil, err
	}
	return &bankv1.DepositResponse{Balance: g.state.Value().GetBalance()}, nil
}

// Withdraw takes money, if there is enough.
func (g *account) Withdraw(ctx context.Context, req *bankv1.WithdrawRequest) (*bankv1.WithdrawResponse, error) {
	if req.GetAmount() <= 0 {
		return nil, notPositive(req.GetAmount())
	}
	if err := g.change(ctx, -req.GetAmount(), req.GetTransferId()); err != nil {
		return nil, err
	}
	return &bankv1.WithdrawResponse{Balance: g.state.Value().GetBalance()}, nil
}

// Balance tells how much money there is.
func (g *account) Balance(context.Context, *bankv1.BalanceRequest) (*bankv1.BalanceResponse, error) {
	return &bankv1.BalanceResponse{Balance: g.state.Value().GetBalance()}, nil
}

// change adds change to the balance, once for a transfer that has an id.
func (g *account) change(ctx context.Context, change int64, transfer string) error {
	done, err := g.did(change, transfer)
	if done || err != nil {
		return err
	}
	balance := g.state.Value().GetBalance()
	switch {
	case change < 0 && balance < -change:
		return grain.Errorf(grain.CodeFailedPrecondition, "%s has %d, which is not enough for %d", g.a.ID(), balance, -change)
	case change > 0 && balance > math.MaxInt64-change:
		return grain.Errorf(grain.CodeOutOfRange, "%s has %d, and no room for %d more", g.a.ID(), balance, change)
	}
	return g.state.Update(ctx, func(s *bankv1.AccountState) error {
		s.Balance += change
		if transfer != "" {
			s.Entries = append(s.Entries, &bankv1.Entry{TransferId: transfer, Change: change})
			s.Entries = s.Entries[max(0, len(s.Entries)-window):]
		}
		return nil
	})
}

// window is how many entries an account remembers.
const window = 1000

// did tells whether the account remembers the transfer. A deposit and a withdrawal of one
// transfer are two things, so that a refund can carry the id of what it refunds.
func (g *account) did(change int64, transfer string) (bool, error) {
	if transfer == "" {
		return false, nil
	}
	for _, e := range g.state.Value().GetEntries() {
		if e.GetTransferId() != transfer || e.GetChange() > 0 != (change > 0) {
			continue
		}
		if e.GetChange() != change {
			return false, grain.Errorf(grain.CodeAlreadyExists, "transfer %q changed %s by %d, not by %d", transfer, g.a.ID(), e.GetChange(), change)
		}
		return true, nil
	}
	return false, nil
}

func notPositive(amount int64) error {
	return grain.Errorf(grain.CodeInvalidArgument, "the amount must be positive, got %d", amount)
}
