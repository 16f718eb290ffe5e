package graintest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	"github.com/teff-dev/teff/internal/seam"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// note is a one-way method.
func note() *seam.Method {
	return &seam.Method{Service: &seam.Service{Type: "test.Log"}, Name: "Note", OneWay: true}
}

func TestACallThatNothingIsCannedForShowsTheLineToAdd(t *testing.T) {
	var err error
	wantFailure(t, failuresOf(t, func(tb testing.TB) {
		h := graintest.New(tb, newTransfer, "t-1")
		_, err = h.Grain.Start(h.Turn(), &bankv1.StartRequest{From: "alice/1"})
	}), "test.Grain/t-1 calls Withdraw of bank.v1.Account/alice/1",
		"\n\th.Reply(\"bank.v1.Account/alice/1\", \"Withdraw\", &bankv1.WithdrawResponse{})")
	if !errors.Is(err, grain.CodeUnimplemented) {
		t.Errorf("the call returns %v, want UNIMPLEMENTED", err)
	}

	wantFailure(t, failuresOf(t, func(tb testing.TB) {
		c := graintest.NewCaller(tb)
		_, err = bankv1teff.AccountOf(c, "bob").Balance(context.Background(), &bankv1.BalanceRequest{})
	}), "\n\tc.Reply(\"bank.v1.Account/bob\", \"Balance\", &bankv1.BalanceResponse{})")
}

func TestRequestsAndRepliesAreCopied(t *testing.T) {
	h := graintest.New(t, newTransfer, "t-1")
	canned := &bankv1.BalanceResponse{Balance: 5}
	h.Reply("bank.v1.Account/bob", "Balance", canned)
	canned.Balance = 6
	bob := bankv1teff.AccountOf(h.Grain.a, "bob")
	for range 2 {
		resp, err := bob.Balance(h.Turn(), &bankv1.BalanceRequest{})
		if err != nil || resp.GetBalance() != 5 {
			t.Fatalf("got %v, %v; want a balance of 5", resp, err)
		}
		resp.Balance = 7
	}

	req := &bankv1.DepositRequest{Amount: 1}
	h.Answer("bank.v1.Account/bob", "Deposit", func(got proto.Message) (proto.Message, error) {
		got.(*bankv1.DepositRequest).Amount = 100
		return &bankv1.DepositResponse{Balance: 8}, nil
	})
	if _, err := bob.Deposit(h.Turn(), req); err != nil {
		t.Fatal(err)
	}
	last := h.Calls()[2]
	if req.GetAmount() != 1 || !proto.Equal(last.Request, req) {
		t.Errorf("the answer changed the request: %v, recorded %v", req, last.Request)
	}
	if last.ID != (grain.ID{Type: "bank.v1.Account", Key: "bob"}) || last.Method != "Deposit" {
		t.Errorf("recorded %+v", last)
	}
}

func TestErrorsOfCallsArriveFlattened(t *testing.T) {
	h := graintest.New(t, newTransfer, "t-1")
	bob := bankv1teff.AccountOf(h.Grain.a, "bob")
	call := func(err error) *grain.Error {
		t.Helper()
		h.Fail("bank.v1.Account/bob", "Balance", err)
		_, got := bob.Balance(h.Turn(), &bankv1.BalanceRequest{})
		var coded *grain.Error
		if !errors.As(got, &coded) {
			t.Fatalf("the call returns a %T", got)
		}
		return coded
	}
	coded := call(grain.Errorf(grain.CodeNotFound, "no bob: %w", io.EOF).WithDetails(durationpb.New(time.Second)))
	if coded.Code() != grain.CodeNotFound || coded.Message() != "no bob: EOF" || len(coded.Details()) != 1 || errors.Is(coded, io.EOF) {
		t.Errorf("code %v, message %q, details %v, wraps %v", coded.Code(), coded.Message(), coded.Details(), coded.Unwrap())
	}
	coded = call(io.EOF)
	if coded.Code() != grain.CodeUnknown || errors.Is(coded, io.EOF) || strings.Contains(coded.Error(), "EOF") {
		t.Errorf("a foreign error arrives as %v, and its text is not for strangers", coded)
	}
	if coded = call(context.DeadlineExceeded); coded.Code() != grain.CodeDeadlineExceeded {
		t.Errorf("a context's error arrives as %v", coded)
	}
	coded = call(fmt.Errorf("look up: %w", grain.Errorf(grain.CodeAborted, "again")))
	if coded.Code() != grain.CodeAborted || coded.Message() != "look up: ABORTED: again" {
		t.Errorf("a wrapped error arrives as %v", coded)
	}
}

func TestCallsThatNeverLeave(t *testing.T) {
	h := graintest.New(t, newTransfer, "t-1", graintest.WithType("bank.v1.Transfer"))
	h.Reply("bank.v1.Account/bob", "Balance", &bankv1.BalanceResponse{})
	bob := bankv1teff.AccountOf(h.Grain.a, "bob")
	self := bankv1teff.TransferOf(h.Grain.a, "t-1")
	cancelled, cancel := context.WithCancel(h.Turn())
	cancel()
	for name, c := range map[string]struct {
		call func() error
		want grain.Code
	}{
		"nil request": {func() error { _, err := bob.Balance(h.Turn(), nil); return err }, grain.CodeInvalidArgument},
		"empty key": {func() error {
			_, err := bankv1teff.AccountOf(h.Grain.a, "").Balance(h.Turn(), &bankv1.BalanceRequest{})
			return err
		}, grain.CodeInvalidArgument},
		"self":    {func() error { _, err := self.Status(h.Turn(), &bankv1.StatusRequest{}); return err }, grain.CodeAborted},
		"no turn": {func() error { _, err := bob.Balance(t.Context(), &bankv1.BalanceRequest{}); return err }, grain.CodeFailedPrecondition},
		"out of time": {func() error {
			_, err := bob.Balance(h.Turn(graintest.Timeout(-1)), &bankv1.BalanceRequest{})
			return err
		}, grain.CodeDeadlineExceeded},
		"of last turn": {func() error { _, err := bob.Balance(cancelled, &bankv1.BalanceRequest{}); return err }, grain.CodeFailedPrecondition},
		"cancelled": {func() error {
			ctx, cancel := context.WithCancel(h.Turn())
			cancel()
			_, err := bob.Balance(ctx, &bankv1.BalanceRequest{})
			return err
		}, grain.CodeCancelled},
	} {
		h.Turn()
		if err := c.call(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if calls := h.Calls(); len(calls) != 0 {
		t.Errorf("recorded %v", calls)
	}
}

func TestOneWayCallsNeedNoReply(t *testing.T) {
	h := graintest.New(t, newTransfer, "t-1")
	a := h.Grain.a
	if _, err := a.Invoke(h.Turn(), note(), "k", &emptypb.Empty{}); err != nil {
		t.Errorf("a one-way call returns %v", err)
	}
	if calls := h.Calls(); len(calls) != 1 || calls[0].Method != "Note" {
		t.Errorf("recorded %v", calls)
	}
	h.Fail("test.Log/k", "Note", grain.Errorf(grain.CodeUnavailable, "cannot send"))
	if _, err := a.Invoke(h.Turn(), note(), "k", &emptypb.Empty{}); !errors.Is(err, grain.CodeUnavailable) {
		t.Errorf("a one-way call that cannot be sent returns %v", err)
	}
	h.Reply("test.Log/k", "Note", nil)
	if _, err := a.Invoke(h.Turn(), note(), "k", &emptypb.Empty{}); err != nil {
		t.Errorf("a one-way call returns %v", err)
	}
}

func TestRepliesThatNoMethodGives(t *testing.T) {
	var err error
	wantFailure(t, failuresOf(t, func(tb testing.TB) {
		c := graintest.NewCaller(tb)
		c.Reply("bank.v1.Account/bob", "Balance", &bankv1.DepositResponse{})
		_, err = bankv1teff.AccountOf(c, "bob").Balance(context.Background(), &bankv1.BalanceRequest{})
	}), "*bankv1.DepositResponse", "*bankv1.BalanceResponse")
	if !errors.Is(err, grain.CodeInternal) {
		t.Errorf("the call returns %v", err)
	}

	c := graintest.NewCaller(t)
	c.Reply("bank.v1.Account/bob", "Balance", nil)
	if _, err := bankv1teff.AccountOf(c, "bob").Balance(t.Context(), &bankv1.BalanceRequest{}); !errors.Is(err, grain.CodeInternal) {
		t.Errorf("a reply that is none arrives as %v", err)
	}

	wantFailure(t, failuresOf(t, func(tb testing.TB) { graintest.NewCaller(tb).Reply("bob", "Balance", nil) }), "TYPE/KEY")
}

// greeter calls as soon as it is activated.
type greeter struct{ a *grain.Activation }

func (g *greeter) OnActivate(ctx context.Context) error {
	_, err := bankv1teff.AccountOf(g.a, "bob").Balance(ctx, &bankv1.BalanceRequest{})
	return err
}

func TestRepliesForOnActivateAreCannedBefore(t *testing.T) {
	c := graintest.NewCaller(t)
	c.Reply("bank.v1.Account/bob", "Balance", &bankv1.BalanceResponse{})
	h := graintest.New(t, func(a *grain.Activation) (*greeter, error) { return &greeter{a}, nil }, "g", graintest.WithCaller(c))
	if got := len(h.Calls()); got != 1 {
		t.Errorf("%d calls recorded, want that of OnActivate", got)
	}
}

// Behaviour B12: the calls of branches overlap here as in a silo.
func TestBehaviourB12AnswersOfBranchesOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := graintest.New(t, newTransfer, "t-1")
		keys := []string{"a", "b", "c", "d"}
		for i, key := range keys {
			h.Answer("bank.v1.Account/"+key, "Balance", func(proto.Message) (proto.Message, error) {
				<-time.After(20 * time.Millisecond)
				return &bankv1.BalanceResponse{Balance: int64(i)}, nil
			})
		}
		var total int64
		start := time.Now()
		h.Run(func(ctx context.Context) {
			group := grain.NewGroup(ctx)
			for _, key := range keys {
				group.Go(func(ctx context.Context) error {
					resp, err := bankv1teff.AccountOf(h.Grain.a, key).Balance(ctx, &bankv1.BalanceRequest{})
					total += resp.GetBalance()
					return err
				})
			}
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
		})
		if took := time.Since(start); took != 20*time.Millisecond || total != 6 {
			t.Errorf("four calls of 20 ms took %v and sum up to %d; want 20 ms and 6", took, total)
		}
	})
}
