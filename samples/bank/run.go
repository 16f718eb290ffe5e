package main

import (
	"context"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
)

// currentRun is the key of the only Run.
const currentRun = "current"

// run remembers the driver's run across processes.
type run struct {
	a     *grain.Activation
	state *grain.State[*bankv1.RunState]
}

func newRun(a *grain.Activation) (*run, error) {
	return &run{a: a, state: grain.StateOf[*bankv1.RunState](a)}, nil
}

// Begin starts a run unless one is under way.
func (g *run) Begin(ctx context.Context, req *bankv1.BeginRequest) (*bankv1.BeginResponse, error) {
	if req.GetAccounts() < 2 || req.GetTransfers() < 1 {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "a run has at least 2 accounts and 1 transfer, got %d and %d", req.GetAccounts(), req.GetTransfers())
	}
	last := g.state.Value()
	resumed := last.GetNumber() > 0 && !last.GetDone()
	if !resumed {
		err := g.state.Update(ctx, func(s *bankv1.RunState) error {
			s.Number++
			s.Seed, s.Accounts, s.Transfers = req.GetSeed(), req.GetAccounts(), req.GetTransfers()
			s.Opened, s.Done = false, false
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	s := g.state.Value()
	return &bankv1.BeginResponse{
		Number:    s.GetNumber(),
		Seed:      s.GetSeed(),
		Accounts:  s.GetAccounts(),
		Transfers: s.GetTransfers(),
		Opened:    s.GetOpened(),
		Resumed:   resumed,
	}, nil
}

// Opened notes that every account has its opening deposit.
func (g *run) Opened(ctx context.Context, req *bankv1.OpenedRequest) (*bankv1.OpenedResponse, error) {
	err := g.note(ctx, req.GetNumber(), func(s *bankv1.RunState) { s.Opened = true })
	if err != nil {
		return nil, err
	}
	return &bankv1.OpenedResponse{}, nil
}

// Finish ends the run.
func (g *run) Finish(ctx context.Context, req *bankv1.FinishRequest) (*bankv1.FinishResponse, error) {
	err := g.note(ctx, req.GetNumber(), func(s *bankv1.RunState) { s.Done = true })
	if err != nil {
		return nil, err
	}
	return &bankv1.FinishResponse{}, nil
}

// note changes the state of the last run, which must have that number.
func (g *run) note(ctx context.Context, number int64, change func(*bankv1.RunState)) error {
	if last := g.state.Value().GetNumber(); number != last || last == 0 {
		return grain.Errorf(grain.CodeFailedPrecondition, "the last run is number %d, not %d", last, number)
	}
	return g.state.Update(ctx, func(s *bankv1.RunState) error { change(s); return nil })
}
