package graintest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// counter records what happens to it.
type counter struct {
	a       *grain.Activation
	state   *grain.State[*wrapperspb.Int64Value]
	history []string

	activate, deactivate error
}

func newCounter(a *grain.Activation) (*counter, error) {
	return &counter{a: a, state: grain.StateOf[*wrapperspb.Int64Value](a)}, nil
}

func (g *counter) OnActivate(ctx context.Context) error {
	g.history = append(g.history, "activated")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return g.activate
}

func (g *counter) OnDeactivate(_ context.Context, reason grain.DeactivationReason) error {
	g.history = append(g.history, "deactivated: "+reason.String())
	return g.deactivate
}

func (g *counter) Add(ctx context.Context, n int64) error {
	return g.state.Update(ctx, func(s *wrapperspb.Int64Value) error { s.Value += n; return nil })
}

func TestALifeFromActivationToDeactivation(t *testing.T) {
	var g *counter
	failures := failuresOf(t, func(tb testing.TB) {
		h := graintest.New(tb, newCounter, "c/1", graintest.WithState(wrapperspb.Int64(7)))
		g = h.Grain
		if got, want := g.a.ID(), (grain.ID{Type: "test.Grain", Key: "c/1"}); got != want {
			t.Errorf("the grain is %v, want %v", got, want)
		}
		if got := g.state.Value().GetValue(); got != 7 {
			t.Errorf("the state starts as %d, want the seed's 7", got)
		}
	})
	if len(failures) != 0 {
		t.Errorf("an ordinary life fails the test: %q", failures)
	}
	if want := []string{"activated", "deactivated: idle"}; !slices.Equal(g.history, want) {
		t.Errorf("history %q, want %q", g.history, want)
	}
}

func TestAFailedHookIsSeen(t *testing.T) {
	broken := errors.New("broken")
	construct := func(a *grain.Activation) (*counter, error) {
		g, err := newCounter(a)
		g.activate = broken
		return g, err
	}
	if _, err := graintest.Activate(t, construct, "c"); !errors.Is(err, broken) {
		t.Errorf("Activate returns %v, want the hook's error", err)
	}
	wantFailure(t, failuresOf(t, func(tb testing.TB) { graintest.New(tb, construct, "c") }),
		"cannot be activated", "broken")

	wantFailure(t, failuresOf(t, func(tb testing.TB) {
		graintest.New(tb, newCounter, "c").Grain.deactivate = broken
	}), "OnDeactivate", "broken")

	_, err := graintest.Activate(t, func(*grain.Activation) (*counter, error) { return nil, broken }, "c")
	if !errors.Is(err, broken) {
		t.Errorf("Activate returns %v, want the constructor's error", err)
	}
	_, err = graintest.Activate(t, func(*grain.Activation) (*counter, error) { return nil, nil }, "c")
	if !errors.Is(err, grain.CodeInternal) {
		t.Errorf("Activate returns %v for neither a grain nor an error, want INTERNAL", err)
	}
}

// wrongHook has the hook's name and another signature.
type wrongHook struct{}

func (*wrongHook) OnActivate() error { return nil }

func TestTheTestsOwnMistakesSayWhatToWrite(t *testing.T) {
	stateless := func(a *grain.Activation) (*wrongHook, error) { return nil, errors.New("not reached") }
	twice := func(a *grain.Activation) (*counter, error) {
		grain.StateOf[*wrapperspb.Int64Value](a)
		return newCounter(a)
	}
	bare := func(a *grain.Activation) (*transfer, error) { return newTransfer(a) }
	kind := bankv1teff.AccountKind(newAccount)
	otherState := func(a *grain.Activation) (*counter, error) { return newCounter(a) }
	for name, c := range map[string]struct {
		run  func(tb testing.TB)
		want []string
	}{
		"hook with a wrong signature": {func(tb testing.TB) { graintest.New(tb, stateless, "k") }, []string{"OnActivate", "would never be called"}},
		"empty key":                   {func(tb testing.TB) { graintest.New(tb, newCounter, "") }, []string{"key must not be empty"}},
		"bad type":                    {func(tb testing.TB) { graintest.New(tb, newCounter, "k", graintest.WithType("a-b")) }, []string{`"a-b" is not a grain type`}},
		"state declared twice":        {func(tb testing.TB) { graintest.New(tb, twice, "k") }, []string{"twice"}},
		"seed of another type": {
			func(tb testing.TB) { graintest.New(tb, newCounter, "k", graintest.WithState(wrapperspb.String("x"))) },
			[]string{"google.protobuf.StringValue", "google.protobuf.Int64Value"},
		},
		"seed without a state": {
			func(tb testing.TB) { graintest.New(tb, bare, "k", graintest.WithState(wrapperspb.String("x"))) },
			[]string{"has no state", "StateOf"},
		},
		"state other than the service's": {
			func(tb testing.TB) { graintest.New(tb, otherState, "k", graintest.WithKind(kind)) },
			[]string{"google.protobuf.Int64Value", "bank.v1.AccountState"},
		},
		"kind that is not sound": {
			func(tb testing.TB) {
				graintest.New(tb, newAccount, "k", graintest.WithKind(bankv1teff.AccountKind(newAccount, grain.Mailbox(0))))
			},
			[]string{"would not start", "Mailbox(0)"},
		},
		"state declared late": {
			func(tb testing.TB) {
				h := graintest.New(tb, newCounter, "k")
				grain.StateOf[*wrapperspb.Int64Value](h.Grain.a)
			},
			[]string{"after its constructor"},
		},
		"turn after the end": {
			func(tb testing.TB) {
				h := graintest.New(tb, newCounter, "k")
				_ = h.Deactivate(grain.DeactivatedIdle)
				h.Turn()
			},
			[]string{"has ended", "h.Stored()"},
		},
	} {
		t.Run(name, func(t *testing.T) { wantFailure(t, failuresOf(t, c.run), c.want...) })
	}
}

func TestWithKindNamesTheType(t *testing.T) {
	h := graintest.New(t, newAccount, "alice", graintest.WithKind(bankv1teff.AccountKind(newAccount)))
	if _, err := h.Grain.Deposit(h.Turn(), &bankv1.DepositRequest{Amount: 5}); err != nil {
		t.Fatal(err)
	}
	want := &bankv1.AccountState{Balance: 5}
	if got := h.Stored(); !proto.Equal(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
}

func TestAnActivationAsksForItsEnd(t *testing.T) {
	h := graintest.New(t, newCounter, "c")
	if h.Ending() || h.Delay() != 0 {
		t.Errorf("a fresh activation is ending (%t) or delayed (%v)", h.Ending(), h.Delay())
	}
	h.Grain.a.DelayDeactivation(time.Hour)
	h.Grain.a.DeactivateOnIdle()
	if !h.Ending() || h.Delay() != time.Hour {
		t.Errorf("ending %t, delay %v; want true, 1h", h.Ending(), h.Delay())
	}
	h.Grain.deactivate = errors.New("sorry")
	if err := h.Deactivate(grain.DeactivatedForRoom); err == nil {
		t.Error("Deactivate hides the hook's error")
	}
	if err := h.Deactivate(grain.DeactivatedIdle); err != nil {
		t.Errorf("a second Deactivate runs the hook again: %v", err)
	}
	if last := h.Grain.history[len(h.Grain.history)-1]; !strings.Contains(last, "coldest") {
		t.Errorf("the hook got %q", last)
	}
}

func TestTheLogIsTheTests(t *testing.T) {
	var out strings.Builder
	r := &outputOf{TB: t, out: &out}
	h := graintest.New(r, newCounter, "c")
	h.Grain.a.Logger().Info("here I am")
	if text := out.String(); !strings.Contains(text, "here I am") || !strings.Contains(text, "grain=test.Grain/c") {
		t.Errorf("the log says %q", text)
	}
}
