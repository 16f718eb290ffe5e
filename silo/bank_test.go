package silo_test

import (
	"context"
	"sync"
	"testing"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

type account struct {
	bankv1teff.UnimplementedAccount
	a     *grain.Activation
	state *grain.State[*bankv1.AccountState]
}

func newAccount(a *grain.Activation) (*account, error) {
	return &account{a: a, state: grain.StateOf[*bankv1.AccountState](a)}, nil
}

func (g *account) Deposit(ctx context.Context, req *bankv1.DepositRequest) (*bankv1.DepositResponse, error) {
	err := g.state.Update(ctx, func(s *bankv1.AccountState) error { s.Balance += req.GetAmount(); return nil })
	if err != nil {
		return nil, err
	}
	return &bankv1.DepositResponse{Balance: g.state.Value().GetBalance()}, nil
}

func (g *account) Balance(context.Context, *bankv1.BalanceRequest) (*bankv1.BalanceResponse, error) {
	return &bankv1.BalanceResponse{Balance: g.state.Value().GetBalance()}, nil
}

func TestFirstCall(t *testing.T) {
	s := start(t, silo.Config{Grains: []grain.Kind{bankv1teff.AccountKind(newAccount)}})
	alice := bankv1teff.AccountOf(s, "alice")
	for want := int64(5); want <= 15; want += 5 {
		got, err := alice.Deposit(t.Context(), &bankv1.DepositRequest{Amount: 5})
		if err != nil || got.GetBalance() != want {
			t.Fatalf("got %v, %v, want %d", got, err, want)
		}
	}
}

func BenchmarkLocalCall(b *testing.B) {
	s := start(b, silo.Config{Grains: []grain.Kind{bankv1teff.AccountKind(newAccount)}})
	alice := bankv1teff.AccountOf(s, "alice")
	req := &bankv1.BalanceRequest{}
	b.Run("background", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := alice.Balance(context.Background(), req); err != nil {
				b.Fatal(err)
			}
		}
	})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.Run("cancellable", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := alice.Balance(ctx, req); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A caller that cannot be cancelled may run the turn itself. That is nobody else's
// business: other calls queue behind it, and a stop waits for it.
func TestACallersOwnTurnIsATurn(t *testing.T) {
	gate, entered := make(chan struct{}), make(chan struct{})
	sc := &script{do: func(_ context.Context, _ *probe, text string) (string, error) {
		if text == "hold" {
			entered <- struct{}{}
			<-gate
		}
		return text, nil
	}}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	mustDo(t, s, "k", "in memory")
	var wg sync.WaitGroup
	wg.Go(func() {
		if got, err := do(context.Background(), s, "k", "hold"); got != "hold" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
	<-entered
	for range 3 {
		wg.Go(func() { mustDo(t, s, "k", "behind") })
	}
	wg.Go(func() {
		if _, err := do(context.Background(), s, "k", "behind"); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, func() bool { return silo.Waiting(s, probeType, "k") == 5 })
	gate <- struct{}{}
	wg.Wait()
	if got := mustDo(t, s, "k", "after"); got != "after" {
		t.Errorf("got %q", got)
	}
}
