package main

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

func TestRunGoesOnUntilItIsFinished(t *testing.T) {
	h := graintest.New(t, newRun, currentRun, graintest.WithKind(bankv1teff.RunKind(newRun)))
	begin := func(seed uint64, want *bankv1.BeginResponse) {
		t.Helper()
		got, err := h.Grain.Begin(h.Turn(), &bankv1.BeginRequest{Seed: seed, Accounts: int64(seed) + 1, Transfers: 10})
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("begin with seed %d: got %v, %v, want %v", seed, got, err, want)
		}
	}
	begin(7, &bankv1.BeginResponse{Number: 1, Seed: 7, Accounts: 8, Transfers: 10})
	begin(8, &bankv1.BeginResponse{Number: 1, Seed: 7, Accounts: 8, Transfers: 10, Resumed: true})
	if _, err := h.Grain.Opened(h.Turn(), &bankv1.OpenedRequest{Number: 1}); err != nil {
		t.Error(err)
	}
	begin(8, &bankv1.BeginResponse{Number: 1, Seed: 7, Accounts: 8, Transfers: 10, Opened: true, Resumed: true})
	for range 2 {
		if _, err := h.Grain.Finish(h.Turn(), &bankv1.FinishRequest{Number: 1}); err != nil {
			t.Error(err)
		}
	}
	begin(9, &bankv1.BeginResponse{Number: 2, Seed: 9, Accounts: 10, Transfers: 10})
	if _, err := h.Grain.Finish(h.Turn(), &bankv1.FinishRequest{Number: 1}); !errors.Is(err, grain.CodeFailedPrecondition) {
		t.Errorf("finish a run that is long over: got %v", err)
	}
	if _, err := h.Grain.Opened(h.Turn(), &bankv1.OpenedRequest{Number: 3}); !errors.Is(err, grain.CodeFailedPrecondition) {
		t.Errorf("open a run that was never begun: got %v", err)
	}
}

func TestRunRefusesWhatMakesNoSense(t *testing.T) {
	h := graintest.New(t, newRun, currentRun)
	for _, req := range []*bankv1.BeginRequest{{Accounts: 1, Transfers: 1}, {Accounts: 2}, {Accounts: -1, Transfers: 5}} {
		if _, err := h.Grain.Begin(h.Turn(), req); !errors.Is(err, grain.CodeInvalidArgument) {
			t.Errorf("%v: got %v", req, err)
		}
	}
	if _, err := h.Grain.Finish(h.Turn(), &bankv1.FinishRequest{}); !errors.Is(err, grain.CodeFailedPrecondition) {
		t.Errorf("finish before any run: got %v", err)
	}
}
