//go:build linux

package faults

import (
	"context"
	"errors"

	"github.com/teff-dev/teff/grain"
	faultsv1 "github.com/teff-dev/teff/internal/faults/faults/v1"
	"github.com/teff-dev/teff/internal/faults/faults/v1/faultsv1teff"
)

// opening is what a purse has at first.
const opening = 1000

type purse struct {
	a     *grain.Activation
	state *grain.State[*faultsv1.PurseState]
}

func newPurse(a *grain.Activation) (*purse, error) {
	return &purse{a: a, state: grain.StateOf[*faultsv1.PurseState](a)}, nil
}

// Move knows the payments that it has seen: a step that is repeated is no second one.
func (g *purse) Move(ctx context.Context, req *faultsv1.MoveRequest) (*faultsv1.MoveResponse, error) {
	s := g.state.Value()
	if _, did := s.GetMoves()[req.GetPayment()]; did {
		return &faultsv1.MoveResponse{}, nil
	}
	if opening+s.GetBalance()+req.GetAmount() < 0 {
		return nil, grain.Errorf(grain.CodeFailedPrecondition, "%s has not got %d", g.a.ID(), -req.GetAmount())
	}
	return &faultsv1.MoveResponse{}, g.state.Update(ctx, func(s *faultsv1.PurseState) error {
		if s.Moves == nil {
			s.Moves = make(map[string]int64)
		}
		s.Balance += req.GetAmount()
		s.Moves[req.GetPayment()] = req.GetAmount()
		return nil
	})
}

// Look tells what there is.
func (g *purse) Look(context.Context, *faultsv1.LookRequest) (*faultsv1.LookResponse, error) {
	return &faultsv1.LookResponse{Balance: opening + g.state.Value().GetBalance()}, nil
}

// payment writes down what it is about to do before it does it, so that it can die at any
// point and be gone on with.
type payment struct {
	a     *grain.Activation
	state *grain.State[*faultsv1.PaymentState]
}

func newPayment(a *grain.Activation) (*payment, error) {
	return &payment{a: a, state: grain.StateOf[*faultsv1.PaymentState](a)}, nil
}

// Pay goes through the steps that are left.
func (g *payment) Pay(ctx context.Context, req *faultsv1.PayRequest) (*faultsv1.PayResponse, error) {
	if g.state.Value().GetStep() == faultsv1.Step_STEP_UNSPECIFIED {
		err := g.state.Update(ctx, func(s *faultsv1.PaymentState) error {
			s.From, s.To, s.Amount, s.Step = req.GetFrom(), req.GetTo(), req.GetAmount(), faultsv1.Step_STEP_BEGUN
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	s := g.state.Value()
	if s.GetStep() == faultsv1.Step_STEP_BEGUN {
		next := faultsv1.Step_STEP_TAKEN
		switch err := g.move(ctx, s.GetFrom(), -s.GetAmount()); {
		case errors.Is(err, grain.CodeFailedPrecondition):
			next = faultsv1.Step_STEP_REFUSED
		case err != nil:
			return nil, err
		}
		if err := g.enter(ctx, next); err != nil {
			return nil, err
		}
	}
	if g.state.Value().GetStep() == faultsv1.Step_STEP_TAKEN {
		if err := g.move(ctx, s.GetTo(), s.GetAmount()); err != nil {
			return nil, err
		}
		if err := g.enter(ctx, faultsv1.Step_STEP_DONE); err != nil {
			return nil, err
		}
	}
	return &faultsv1.PayResponse{Step: g.state.Value().GetStep()}, nil
}

func (g *payment) move(ctx context.Context, purse string, amount int64) error {
	_, err := faultsv1teff.PurseOf(g.a, purse).Move(ctx, &faultsv1.MoveRequest{Payment: g.a.ID().Key, Amount: amount})
	return err
}

func (g *payment) enter(ctx context.Context, step faultsv1.Step) error {
	return g.state.Update(ctx, func(s *faultsv1.PaymentState) error {
		s.Step = step
		return nil
	})
}
