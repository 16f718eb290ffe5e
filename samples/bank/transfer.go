package main

import (
	"context"
	"errors"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// transfer moves money between two accounts, which no commit spans. It writes down what
// it is about to do before it does it, and the accounts know a transfer that they have
// seen. So it can die at any point and be gone on with: a step is repeated, never lost.
//
// It cannot deadlock with a transfer in the opposite direction, since accounts call
// nobody.
type transfer struct {
	a     *grain.Activation
	state *grain.State[*bankv1.TransferState]
}

func newTransfer(a *grain.Activation) (*transfer, error) {
	return &transfer{a: a, state: grain.StateOf[*bankv1.TransferState](a)}, nil
}

// Start begins the transfer, or goes on with it.
func (g *transfer) Start(ctx context.Context, req *bankv1.StartRequest) (*bankv1.StartResponse, error) {
	if err := g.accept(ctx, req); err != nil {
		return nil, err
	}
	for {
		s := g.state.Value()
		var next bankv1.Phase
		var refusal *grain.Error
		var err error
		switch s.GetPhase() {
		case bankv1.Phase_PHASE_STARTED:
			next, refusal, err = g.withdraw(ctx, s)
		case bankv1.Phase_PHASE_WITHDRAWN:
			next, refusal, err = g.deposit(ctx, s)
		case bankv1.Phase_PHASE_REFUNDING:
			next, err = g.refund(ctx, s)
		default: // over
			return &bankv1.StartResponse{Phase: s.GetPhase(), Reason: s.GetReason()}, nil
		}
		if err != nil {
			return nil, err
		}
		if err := g.enter(ctx, next, refusal); err != nil {
			return nil, err
		}
	}
}

// Status tells how far the transfer is.
func (g *transfer) Status(context.Context, *bankv1.StatusRequest) (*bankv1.StatusResponse, error) {
	s := g.state.Value()
	return &bankv1.StatusResponse{From: s.GetFrom(), To: s.GetTo(), Amount: s.GetAmount(), Phase: s.GetPhase(), Reason: s.GetReason()}, nil
}

// accept writes down what is to be done, the first time, and compares afterwards.
func (g *transfer) accept(ctx context.Context, req *bankv1.StartRequest) error {
	if s := g.state.Value(); s.GetPhase() != bankv1.Phase_PHASE_UNSPECIFIED {
		if s.GetFrom() != req.GetFrom() || s.GetTo() != req.GetTo() || s.GetAmount() != req.GetAmount() {
			return grain.Errorf(grain.CodeAlreadyExists, "%s moves %d from %q to %q: give another transfer another id", g.a.ID(), s.GetAmount(), s.GetFrom(), s.GetTo())
		}
		return nil
	}
	if req.GetAmount() <= 0 {
		return notPositive(req.GetAmount())
	}
	if req.GetFrom() == req.GetTo() {
		return grain.Errorf(grain.CodeInvalidArgument, "a transfer is between two accounts, and both are %q", req.GetFrom())
	}
	for _, key := range []string{req.GetFrom(), req.GetTo()} {
		if err := grain.ValidateKey(key); err != nil {
			return err
		}
	}
	return g.state.Update(ctx, func(s *bankv1.TransferState) error {
		s.From, s.To, s.Amount = req.GetFrom(), req.GetTo(), req.GetAmount()
		s.Phase = bankv1.Phase_PHASE_STARTED
		return nil
	})
}

// withdraw takes the money. The refusal, if any, is the account's and final.
func (g *transfer) withdraw(ctx context.Context, s *bankv1.TransferState) (next bankv1.Phase, refusal *grain.Error, err error) {
	_, err = bankv1teff.AccountOf(g.a, s.GetFrom()).Withdraw(ctx, &bankv1.WithdrawRequest{
		Amount:     s.GetAmount(),
		TransferId: new(g.a.ID().Key),
	})
	if refusal := refused(err); refusal != nil {
		return bankv1.Phase_PHASE_REFUSED, refusal, nil
	}
	return bankv1.Phase_PHASE_WITHDRAWN, nil, err
}

// deposit gives the money to the other account, or finds that it will not take it.
func (g *transfer) deposit(ctx context.Context, s *bankv1.TransferState) (next bankv1.Phase, refusal *grain.Error, err error) {
	err = g.give(ctx, s.GetTo(), s.GetAmount())
	if refusal := refused(err); refusal != nil {
		return bankv1.Phase_PHASE_REFUNDING, refusal, nil
	}
	return bankv1.Phase_PHASE_DONE, nil, err
}

// refund gives the money back. An account that has no room for it any more does not end
// the transfer: somebody must make room, and start it again.
func (g *transfer) refund(ctx context.Context, s *bankv1.TransferState) (bankv1.Phase, error) {
	return bankv1.Phase_PHASE_REFUNDED, g.give(ctx, s.GetFrom(), s.GetAmount())
}

func (g *transfer) give(ctx context.Context, account string, amount int64) error {
	_, err := bankv1teff.AccountOf(g.a, account).Deposit(ctx, &bankv1.DepositRequest{
		Amount:     amount,
		TransferId: new(g.a.ID().Key),
	})
	return err
}

// enter persists the phase. A refusal is why.
func (g *transfer) enter(ctx context.Context, phase bankv1.Phase, refusal *grain.Error) error {
	return g.state.Update(ctx, func(s *bankv1.TransferState) error {
		s.Phase = phase
		if refusal != nil {
			s.Reason = refusal.Message()
		}
		return nil
	})
}

// refused returns err if it is an account's own and final word. Everything else leaves
// open whether the account did what it was asked to, or will do it later: an error that
// says that the method did not begin speaks of this attempt, not of one before it.
func refused(err error) *grain.Error {
	var e *grain.Error
	if !errors.As(err, &e) || e.NotExecuted() {
		return nil
	}
	switch e.Code() {
	case grain.CodeFailedPrecondition, grain.CodeOutOfRange, grain.CodeAlreadyExists, grain.CodeInvalidArgument:
		return e
	default:
		return nil
	}
}
