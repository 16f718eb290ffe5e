package main

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

const (
	alice = "bank.v1.Account/alice"
	bob   = "bank.v1.Account/bob"
)

// A world is one transfer of 30 from alice to bob, both of whom are real accounts.
type world struct {
	t          *testing.T
	alice, bob *graintest.Harness[*account]
	transfer   *graintest.Harness[*transfer]
	total      uint64 // may not fit an int64

	trouble func(call int, run func() error) error // nil: none
	calls   int
}

func newWorld(t *testing.T, aliceHas, bobHas int64) *world {
	t.Helper()
	w := &world{t: t, alice: accountWith(t, "alice", aliceHas), bob: accountWith(t, "bob", bobHas)}
	w.total = uint64(aliceHas) + uint64(bobHas)
	w.activate(nil)
	return w
}

// activate makes the next activation of the transfer, as after the death of a process.
func (w *world) activate(stored proto.Message) {
	w.t.Helper()
	w.transfer = graintest.New(w.t, newTransfer, "t-1",
		graintest.WithKind(bankv1teff.TransferKind(newTransfer)), graintest.WithState(stored))
	for id, h := range map[string]*graintest.Harness[*account]{alice: w.alice, bob: w.bob} {
		w.transfer.Answer(id, "Withdraw", func(req proto.Message) (resp proto.Message, err error) {
			withdraw, _ := req.(*bankv1.WithdrawRequest)
			err = w.reach(func() (err error) { resp, err = h.Grain.Withdraw(h.Turn(), withdraw); return err })
			return resp, err
		})
		w.transfer.Answer(id, "Deposit", func(req proto.Message) (resp proto.Message, err error) {
			deposit, _ := req.(*bankv1.DepositRequest)
			err = w.reach(func() (err error) { resp, err = h.Grain.Deposit(h.Turn(), deposit); return err })
			return resp, err
		})
	}
}

// reach runs one call to an account, with the trouble that comes with it.
func (w *world) reach(run func() error) error {
	w.calls++
	if w.trouble == nil {
		return run()
	}
	return w.trouble(w.calls, run)
}

func (w *world) start() (bankv1.Phase, error) {
	resp, err := w.transfer.Grain.Start(w.transfer.Turn(), &bankv1.StartRequest{From: "alice", To: "bob", Amount: 30})
	return resp.GetPhase(), err
}

func (w *world) phase() bankv1.Phase {
	w.t.Helper()
	resp, err := w.transfer.Grain.Status(w.transfer.Turn(graintest.ReadOnly()), &bankv1.StatusRequest{})
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.GetPhase()
}

func (w *world) check(phase bankv1.Phase, aliceHas, bobHas int64) {
	w.t.Helper()
	if got := w.phase(); got != phase {
		w.t.Errorf("the transfer is %v, want %v", got, phase)
	}
	a, b := balance(w.t, w.alice), balance(w.t, w.bob)
	if a != aliceHas || b != bobHas {
		w.t.Errorf("alice has %d and bob %d, want %d and %d", a, b, aliceHas, bobHas)
	}
	if uint64(a)+uint64(b) != w.total {
		w.t.Errorf("the total is %d, was %d", uint64(a)+uint64(b), w.total)
	}
}

// The three ways that a transfer can end, and what alice and bob have then.
var endings = []struct {
	name                   string
	aliceBefore, bobBefore int64
	phase                  bankv1.Phase
	aliceAfter, bobAfter   int64
	calls                  int
}{
	{"done", 100, 5, bankv1.Phase_PHASE_DONE, 70, 35, 2},
	{"refused", 29, 5, bankv1.Phase_PHASE_REFUSED, 29, 5, 1},
	{"refunded", 100, math.MaxInt64 - 29, bankv1.Phase_PHASE_REFUNDED, 100, math.MaxInt64 - 29, 3},
}

func TestTransferEnds(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			w := newWorld(t, e.aliceBefore, e.bobBefore)
			for range 3 { // the outcome stays
				if phase, err := w.start(); phase != e.phase || err != nil {
					t.Fatalf("got %v, %v, want %v", phase, err, e.phase)
				}
			}
			w.check(e.phase, e.aliceAfter, e.bobAfter)
			if w.calls != e.calls {
				t.Errorf("%d calls to accounts, want %d", w.calls, e.calls)
			}
			stored, _ := w.transfer.Stored().(*bankv1.TransferState)
			if told := stored.GetReason() != ""; told != (e.phase != bankv1.Phase_PHASE_DONE) {
				t.Errorf("the reason is %q", stored.GetReason())
			}
		})
	}
}

// A process may die before a call arrives, before its answer does, and before the answer
// is written down. Whatever the point, and however often, the next process brings the
// same transfer to the same end.
func TestTransferSurvivesDeathAnywhere(t *testing.T) {
	lost := grain.Errorf(grain.CodeMaybeExecuted, "the process died")
	for _, e := range endings {
		for call := 1; call <= e.calls; call++ {
			for _, when := range []string{"before", "after", "unwritten"} {
				t.Run(fmt.Sprint(e.name, "/", when, " call ", call), func(t *testing.T) {
					w := newWorld(t, e.aliceBefore, e.bobBefore)
					deaths := 0
					w.trouble = func(n int, run func() error) error {
						if n != call && n != call+1 || deaths == 2 {
							return run()
						}
						deaths++
						switch when {
						case "before":
							return lost
						case "after":
							_ = run() // nobody hears what it says
							return lost
						default:
							w.transfer.FailCommit(lost)
							return run()
						}
					}
					for deaths < 2 {
						if phase, err := w.start(); !errors.Is(err, grain.CodeMaybeExecuted) {
							t.Fatalf("got %v, %v, want the error of a death", phase, err)
						}
						w.activate(w.transfer.Stored())
					}
					if phase, err := w.start(); phase != e.phase || err != nil {
						t.Errorf("got %v, %v, want %v", phase, err, e.phase)
					}
					w.check(e.phase, e.aliceAfter, e.bobAfter)
				})
			}
		}
	}
}

func TestTransferThatCannotBeWrittenDownTakesNothing(t *testing.T) {
	w := newWorld(t, 100, 0)
	w.transfer.FailCommit(grain.Errorf(grain.CodeUnavailable, "the store is down"))
	if _, err := w.start(); !errors.Is(err, grain.CodeUnavailable) || w.calls != 0 {
		t.Errorf("got %v and %d calls, want %v and none", err, w.calls, grain.CodeUnavailable)
	}
	w.check(bankv1.Phase_PHASE_UNSPECIFIED, 100, 0)
}

// What is no account's own and final word must not end a transfer.
func TestTransferGoesOnAfterErrorsThatMayPass(t *testing.T) {
	for _, code := range []grain.Code{
		grain.CodeUnavailable, grain.CodeMaybeExecuted, grain.CodeDeadlineExceeded, grain.CodeCancelled, grain.CodeAborted,
		grain.CodeResourceExhausted, grain.CodeInternal, grain.CodeUnknown, grain.CodeDataLoss, grain.CodeUnimplemented,
		grain.CodePermissionDenied,
	} {
		t.Run(code.String(), func(t *testing.T) {
			w := newWorld(t, 100, 0)
			w.trouble = func(call int, run func() error) error {
				if call%2 == 1 {
					return grain.Errorf(code, "not now")
				}
				return run()
			}
			for _, want := range []bankv1.Phase{bankv1.Phase_PHASE_STARTED, bankv1.Phase_PHASE_WITHDRAWN} {
				if _, err := w.start(); !errors.Is(err, code) {
					t.Fatalf("got %v, want %v", err, code)
				}
				if got := w.phase(); got != want {
					t.Fatalf("the transfer is %v, want %v", got, want)
				}
			}
			if _, err := w.start(); err != nil {
				t.Fatal(err)
			}
			w.check(bankv1.Phase_PHASE_DONE, 70, 30)
		})
	}
}

func TestTransferRefusesWhatMakesNoSense(t *testing.T) {
	for name, req := range map[string]*bankv1.StartRequest{
		"nothing":        {From: "alice", To: "bob"},
		"less":           {From: "alice", To: "bob", Amount: -1},
		"to itself":      {From: "alice", To: "alice", Amount: 1},
		"from nobody":    {To: "bob", Amount: 1},
		"to nobody":      {From: "alice", Amount: 1},
		"to no UTF-8":    {From: "alice", To: "\xff", Amount: 1},
		"an empty start": {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 100, 0)
			if _, err := w.transfer.Grain.Start(w.transfer.Turn(), req); !errors.Is(err, grain.CodeInvalidArgument) {
				t.Errorf("got %v, want %v", err, grain.CodeInvalidArgument)
			}
			w.check(bankv1.Phase_PHASE_UNSPECIFIED, 100, 0)
		})
	}
}

func TestTransferIsNotTakenForAnother(t *testing.T) {
	w := newWorld(t, 100, 100)
	if _, err := w.start(); err != nil {
		t.Fatal(err)
	}
	for name, req := range map[string]*bankv1.StartRequest{
		"amount": {From: "alice", To: "bob", Amount: 31},
		"from":   {From: "carol", To: "bob", Amount: 30},
		"to":     {From: "alice", To: "carol", Amount: 30},
		"turned": {From: "bob", To: "alice", Amount: 30},
	} {
		if _, err := w.transfer.Grain.Start(w.transfer.Turn(), req); !errors.Is(err, grain.CodeAlreadyExists) {
			t.Errorf("%s: got %v, want %v", name, err, grain.CodeAlreadyExists)
		}
	}
	w.check(bankv1.Phase_PHASE_DONE, 70, 130)
}
