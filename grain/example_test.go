package grain_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// auditor is a grain that calls accounts.
type auditor struct {
	a     *grain.Activation
	state *grain.State[*wrapperspb.Int64Value]
}

func newAuditor(a *grain.Activation) (*auditor, error) {
	return &auditor{a: a, state: grain.StateOf[*wrapperspb.Int64Value](a)}, nil
}

// Sum asks all accounts at once.
func (g *auditor) Sum(ctx context.Context, keys []string) (int64, error) {
	var total int64 // needs no lock: the branches' code never runs at the same time
	group := grain.NewGroup(ctx)
	for _, key := range keys {
		group.Go(func(ctx context.Context) error {
			resp, err := bankv1teff.AccountOf(g.a, key).Balance(ctx, &bankv1.BalanceRequest{})
			if err != nil {
				return err
			}
			total += resp.GetBalance()
			return nil
		})
	}
	err := group.Wait()
	return total, err
}

// Later does the slow part outside of the turn, and comes back with its result.
func (g *auditor) Later(slow func() int64) <-chan error {
	back := make(chan error, 1)
	go func() {
		n := slow() // touches nothing of g's
		back <- g.a.Go(func(ctx context.Context) error {
			return g.state.Update(ctx, func(s *wrapperspb.Int64Value) error { s.Value = n; return nil })
		})
	}()
	return back
}

func ExampleGroup() {
	t := new(testing.T) // a test has its own
	h := graintest.New(t, newAuditor, "audit")
	for _, key := range []string{"alice", "bob", "carol"} {
		h.Reply("bank.v1.Account/"+key, "Balance", &bankv1.BalanceResponse{Balance: 10})
	}
	fmt.Println(h.Grain.Sum(h.Turn(), []string{"alice", "bob", "carol"}))
	// Output: 30 <nil>
}

func ExampleActivation_Go() {
	t := new(testing.T) // a test has its own
	h := graintest.New(t, newAuditor, "audit")
	if err := <-h.Grain.Later(func() int64 { return 42 }); err != nil {
		fmt.Println(err)
	}
	if err := h.RunQueued(); err != nil { // in a silo it runs by itself
		fmt.Println(err)
	}
	fmt.Println(h.Grain.state.Value().GetValue())
	// Output: 42
}

func ExampleCodeOf() {
	err := error(grain.Errorf(grain.CodeNotFound, "account %q", "bob"))
	err = fmt.Errorf("transfer: %w", err)

	fmt.Println(err)
	fmt.Println(grain.CodeOf(err), errors.Is(err, grain.CodeNotFound))
	// Output:
	// transfer: NOT_FOUND: account "bob"
	// NOT_FOUND true
}
