package graintest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// account is a grain such as an application has.
type account struct {
	bankv1teff.UnimplementedAccount
	state *grain.State[*bankv1.AccountState]
}

func newAccount(a *grain.Activation) (*account, error) {
	return &account{state: grain.StateOf[*bankv1.AccountState](a)}, nil
}

func (g *account) Deposit(ctx context.Context, req *bankv1.DepositRequest) (*bankv1.DepositResponse, error) {
	if req.GetAmount() <= 0 {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "amount must be positive, got %d", req.GetAmount())
	}
	err := g.state.Update(ctx, func(s *bankv1.AccountState) error { s.Balance += req.GetAmount(); return nil })
	if err != nil {
		return nil, err
	}
	return &bankv1.DepositResponse{Balance: g.state.Value().GetBalance()}, nil
}

// transfer is a grain that calls others.
type transfer struct {
	bankv1teff.UnimplementedTransfer
	a *grain.Activation
}

func newTransfer(a *grain.Activation) (*transfer, error) { return &transfer{a: a}, nil }

func (g *transfer) Start(ctx context.Context, req *bankv1.StartRequest) (*bankv1.StartResponse, error) {
	_, err := bankv1teff.AccountOf(g.a, req.GetFrom()).Withdraw(ctx, &bankv1.WithdrawRequest{Amount: req.GetAmount()})
	if err != nil {
		return nil, err
	}
	_, err = bankv1teff.AccountOf(g.a, req.GetTo()).Deposit(ctx, &bankv1.DepositRequest{Amount: req.GetAmount()})
	if err != nil {
		return nil, err
	}
	return &bankv1.StartResponse{Phase: bankv1.Phase_PHASE_DONE}, nil
}

func Example() {
	t := new(testing.T) // a test has its own

	h := graintest.New(t, newAccount, "alice", graintest.WithState(&bankv1.AccountState{Balance: 65}))
	resp, err := h.Grain.Deposit(h.Turn(), &bankv1.DepositRequest{Amount: 5})
	fmt.Println("balance", resp.GetBalance(), err)

	h.FailCommit(grain.Errorf(grain.CodeUnavailable, "the store is down"))
	_, err = h.Grain.Deposit(h.Turn(), &bankv1.DepositRequest{Amount: 5})
	stored, _ := h.Stored().(*bankv1.AccountState)
	fmt.Println("balance", stored.GetBalance(), err)
	// Output:
	// balance 70 <nil>
	// balance 70 UNAVAILABLE: the store is down
}

// The calls that a grain makes are answered by the test.
func ExampleHarness_Reply() {
	t := new(testing.T) // a test has its own

	h := graintest.New(t, newTransfer, "t-1")
	h.Reply("bank.v1.Account/alice", "Withdraw", &bankv1.WithdrawResponse{})
	h.Reply("bank.v1.Account/bob", "Deposit", &bankv1.DepositResponse{})

	resp, err := h.Grain.Start(h.Turn(), &bankv1.StartRequest{From: "alice", To: "bob", Amount: 5})
	fmt.Println(resp.GetPhase(), err)
	for _, call := range h.Calls() {
		fmt.Println(call.ID, call.Method)
	}
	// Output:
	// PHASE_DONE <nil>
	// bank.v1.Account/alice Withdraw
	// bank.v1.Account/bob Deposit
}

// Code outside of grains is given a caller.
func ExampleCaller() {
	t := new(testing.T) // a test has its own

	c := graintest.NewCaller(t)
	c.Fail("bank.v1.Account/alice", "Balance", grain.Errorf(grain.CodeUnavailable, "no silo hosts bank.v1.Account"))

	_, err := bankv1teff.AccountOf(c, "alice").Balance(context.Background(), &bankv1.BalanceRequest{})
	fmt.Println(err)
	// Output: UNAVAILABLE: no silo hosts bank.v1.Account
}
