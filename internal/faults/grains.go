//go:build linux

package faults

import (
	"context"
	"time"

	"github.com/teff-dev/teff/grain"
	faultsv1 "github.com/teff-dev/teff/internal/faults/faults/v1"
	"github.com/teff-dev/teff/internal/faults/faults/v1/faultsv1teff"
)

// kinds are the grains that a node hosts.
func kinds() []grain.Kind {
	return []grain.Kind{
		faultsv1teff.RegisterKind(newRegister),
		faultsv1teff.CounterKind(newCounter),
		faultsv1teff.PurseKind(newPurse),
		faultsv1teff.PaymentKind(newPayment),
		faultsv1teff.RelayKind(newRelay),
	}
}

// holdStep is how often a turn that holds looks up. It holds in steps, so that one which
// was stopped for long does not end as soon as it goes on.
const holdStep = 20 * time.Millisecond

// hold lets a turn take its time.
func hold(ctx context.Context, millis int64) error {
	for left := time.Duration(millis) * time.Millisecond; left > 0; left -= holdStep {
		if err := wait(ctx, min(left, holdStep)); err != nil {
			return err
		}
	}
	return nil
}

// wait returns when the time is over, or the context.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type register struct {
	state *grain.State[*faultsv1.RegisterState]
}

func newRegister(a *grain.Activation) (*register, error) {
	return &register{state: grain.StateOf[*faultsv1.RegisterState](a)}, nil
}

// Read reads first, so that what it answers is as old as can be.
func (g *register) Read(ctx context.Context, req *faultsv1.ReadRequest) (*faultsv1.ReadResponse, error) {
	value := g.state.Value().GetValue()
	return &faultsv1.ReadResponse{Value: value}, hold(ctx, req.GetHold())
}

// Write writes last.
func (g *register) Write(ctx context.Context, req *faultsv1.WriteRequest) (*faultsv1.WriteResponse, error) {
	if err := hold(ctx, req.GetHold()); err != nil {
		return nil, err
	}
	return &faultsv1.WriteResponse{}, g.set(ctx, req.GetValue())
}

// Swap compares first and writes last.
func (g *register) Swap(ctx context.Context, req *faultsv1.SwapRequest) (*faultsv1.SwapResponse, error) {
	matches := g.state.Value().GetValue() == req.GetExpect()
	if err := hold(ctx, req.GetHold()); err != nil {
		return nil, err
	}
	if !matches {
		return &faultsv1.SwapResponse{}, nil
	}
	return &faultsv1.SwapResponse{Swapped: true}, g.set(ctx, req.GetValue())
}

func (g *register) set(ctx context.Context, value int64) error {
	return g.state.Update(ctx, func(s *faultsv1.RegisterState) error {
		s.Value = value
		return nil
	})
}

type counter struct {
	state *grain.State[*faultsv1.CounterState]
}

func newCounter(a *grain.Activation) (*counter, error) {
	return &counter{state: grain.StateOf[*faultsv1.CounterState](a)}, nil
}

// Add adds one to what it has in memory.
func (g *counter) Add(ctx context.Context, _ *faultsv1.AddRequest) (*faultsv1.AddResponse, error) {
	return &faultsv1.AddResponse{}, g.state.Update(ctx, func(s *faultsv1.CounterState) error {
		s.Count++
		return nil
	})
}

// Count tells what it has.
func (g *counter) Count(context.Context, *faultsv1.CountRequest) (*faultsv1.CountResponse, error) {
	return &faultsv1.CountResponse{Count: g.state.Value().GetCount()}, nil
}

type relay struct {
	a *grain.Activation
}

func newRelay(a *grain.Activation) (*relay, error) { return &relay{a: a}, nil }

// Run holds, and then waits for the others.
func (g *relay) Run(ctx context.Context, req *faultsv1.RunRequest) (*faultsv1.RunResponse, error) {
	if err := hold(ctx, req.GetHold()); err != nil {
		return nil, err
	}
	rest := req.GetRest()
	if len(rest) == 0 {
		return &faultsv1.RunResponse{Ran: 1}, nil
	}
	resp, err := faultsv1teff.RelayOf(g.a, rest[0]).Run(ctx, &faultsv1.RunRequest{Hold: req.GetHold(), Rest: rest[1:]})
	return &faultsv1.RunResponse{Ran: resp.GetRan() + 1}, err
}
