package main

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

func accountWith(t *testing.T, key string, balance int64) *graintest.Harness[*account] {
	t.Helper()
	return graintest.New(t, newAccount, key,
		graintest.WithKind(bankv1teff.AccountKind(newAccount)),
		graintest.WithState(&bankv1.AccountState{Balance: balance}))
}

// change deposits, or withdraws where by is negative, and returns the balance told.
func change(h *graintest.Harness[*account], by int64, id string) (int64, error) {
	var transfer *string
	if id != "" {
		transfer = new(id)
	}
	if by < 0 {
		resp, err := h.Grain.Withdraw(h.Turn(), &bankv1.WithdrawRequest{Amount: -by, TransferId: transfer})
		return resp.GetBalance(), err
	}
	resp, err := h.Grain.Deposit(h.Turn(), &bankv1.DepositRequest{Amount: by, TransferId: transfer})
	return resp.GetBalance(), err
}

func balance(t *testing.T, h *graintest.Harness[*account]) int64 {
	t.Helper()
	resp, err := h.Grain.Balance(h.Turn(graintest.ReadOnly()), &bankv1.BalanceRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetBalance()
}

func TestAccountChanges(t *testing.T) {
	tests := []struct {
		name     string
		has, by  int64
		want     int64 // the balance afterwards
		wantCode grain.Code
	}{
		{"deposit", 65, 5, 70, 0},
		{"withdraw", 65, -5, 60, 0},
		{"withdraw all", 65, -65, 0, 0},
		{"overdraft", 65, -66, 65, grain.CodeFailedPrecondition},
		{"overdraft of nothing", 0, -math.MaxInt64, 0, grain.CodeFailedPrecondition},
		{"deposit nothing", 65, 0, 65, grain.CodeInvalidArgument},
		{"all that fits", 65, math.MaxInt64 - 65, math.MaxInt64, 0},
		{"one too many", 65, math.MaxInt64 - 64, 65, grain.CodeOutOfRange},
		{"no room at all", math.MaxInt64, 1, math.MaxInt64, grain.CodeOutOfRange},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := accountWith(t, "alice", test.has)
			told, err := change(h, test.by, "")
			if grain.CodeOf(err) != test.wantCode {
				t.Errorf("got %v, want %v", err, test.wantCode)
			}
			if err == nil && told != test.want {
				t.Errorf("told %d, want %d", told, test.want)
			}
			if got := balance(t, h); got != test.want {
				t.Errorf("the balance is %d, want %d", got, test.want)
			}
		})
	}
}

func TestAccountRefusesAmountsThatAreNotPositive(t *testing.T) {
	for _, amount := range []int64{0, -1, math.MinInt64} {
		h := accountWith(t, "alice", 65)
		if _, err := h.Grain.Deposit(h.Turn(), &bankv1.DepositRequest{Amount: amount}); !errors.Is(err, grain.CodeInvalidArgument) {
			t.Errorf("deposit %d: got %v", amount, err)
		}
		if _, err := h.Grain.Withdraw(h.Turn(), &bankv1.WithdrawRequest{Amount: amount}); !errors.Is(err, grain.CodeInvalidArgument) {
			t.Errorf("withdraw %d: got %v", amount, err)
		}
		if h.Commits() != 0 {
			t.Errorf("amount %d was committed", amount)
		}
	}
}

func TestAccountDoesEachTransferOnce(t *testing.T) {
	h := accountWith(t, "alice", 100)
	steps := []struct {
		by   int64
		id   string
		want int64
		code grain.Code
	}{
		{-30, "t-1", 70, 0},
		{-30, "t-1", 70, 0},                              // the same again
		{-31, "t-1", 70, grain.CodeAlreadyExists},        // another amount
		{30, "t-1", 100, 0},                              // a refund is another thing
		{30, "t-1", 100, 0},                              //
		{-200, "t-2", 100, grain.CodeFailedPrecondition}, // refused
		{150, "t-3", 250, 0},                             //
		{-200, "t-2", 50, 0},                             // a refusal is no withdrawal
		{5, "", 55, 0},                                   //
		{5, "", 60, 0},                                   // no id: again
	}
	for i, step := range steps {
		told, err := change(h, step.by, step.id)
		if grain.CodeOf(err) != step.code || err == nil && told != step.want {
			t.Errorf("step %d: told %d, %v, want %d, %v", i, told, err, step.want, step.code)
		}
		if got := balance(t, h); got != step.want {
			t.Fatalf("step %d: the balance is %d, want %d", i, got, step.want)
		}
	}
}

func TestAccountRemembersTheLastTransfersOnly(t *testing.T) {
	h := accountWith(t, "alice", 0)
	for i := range window + 1 {
		if _, err := change(h, 1, fmt.Sprint("t-", i)); err != nil {
			t.Fatal(err)
		}
	}
	stored, _ := h.Stored().(*bankv1.AccountState)
	if n := len(stored.GetEntries()); n != window {
		t.Fatalf("%d entries are stored, want %d", n, window)
	}
	if _, err := change(h, 1, "t-1"); err != nil || balance(t, h) != window+1 {
		t.Errorf("the oldest entry in the window was not recognised: balance %d, %v", balance(t, h), err)
	}
	if _, err := change(h, 1, "t-0"); err != nil || balance(t, h) != window+2 {
		t.Errorf("an entry that left the window was recognised: balance %d, %v", balance(t, h), err)
	}
}

func TestAccountChangesNothingWhenTheStoreRefuses(t *testing.T) {
	h := accountWith(t, "alice", 65)
	h.FailCommit(grain.Errorf(grain.CodeUnavailable, "the store is down"))
	if _, err := change(h, 5, "t-1"); !errors.Is(err, grain.CodeUnavailable) {
		t.Errorf("got %v, want %v", err, grain.CodeUnavailable)
	}
	if told, err := change(h, 5, "t-1"); err != nil || told != 70 {
		t.Errorf("again: told %d, %v, want 70", told, err)
	}
}
