package grain_test

import (
	"context"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// counter is a grain with a state, and with its activation to call others.
type counter struct {
	a     *grain.Activation
	state *grain.State[*wrapperspb.Int64Value]
}

func newCounter(a *grain.Activation) (*counter, error) {
	return &counter{a: a, state: grain.StateOf[*wrapperspb.Int64Value](a)}, nil
}

// harness has a counter that starts at 10, and answers for the accounts that it calls.
func harness(t *testing.T, accounts ...string) *graintest.Harness[*counter] {
	t.Helper()
	h := graintest.New(t, newCounter, "c", graintest.WithState(wrapperspb.Int64(10)))
	for _, key := range accounts {
		h.Reply("bank.v1.Account/"+key, "Balance", &bankv1.BalanceResponse{Balance: 1})
	}
	return h
}

// add is an Update that adds n.
func (g *counter) add(ctx context.Context, n int64) error {
	return g.state.Update(ctx, func(s *wrapperspb.Int64Value) error { s.Value += n; return nil })
}

// balance calls an account.
func (g *counter) balance(ctx context.Context, key string) (int64, error) {
	resp, err := bankv1teff.AccountOf(g.a, key).Balance(ctx, &bankv1.BalanceRequest{})
	return resp.GetBalance(), err
}
