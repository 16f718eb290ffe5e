package grain_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
)

// wantUntouched checks that neither memory nor the store has changed from 10.
func wantUntouched(t *testing.T, h *graintest.Harness[*counter]) {
	t.Helper()
	stored, _ := h.Stored().(*wrapperspb.Int64Value)
	if v := h.Grain.state.Value().GetValue(); v != 10 || stored.GetValue() != 10 || h.Commits() != 0 {
		t.Errorf("the value is %d, stored %d, after %d commits; want 10, 10, 0", v, stored.GetValue(), h.Commits())
	}
}

func TestUpdateChangesACopyAndSwaps(t *testing.T) {
	h := harness(t)
	before := h.Grain.state.Value()
	err := h.Grain.state.Update(h.Turn(), func(s *wrapperspb.Int64Value) error {
		s.Value = 11
		if before.GetValue() != 10 || h.Grain.state.Value().GetValue() != 10 {
			t.Error("the change shows before it is persisted")
		}
		return nil
	})
	if err != nil || h.Grain.state.Value().GetValue() != 11 || before.GetValue() != 10 {
		t.Errorf("got %v; the value is %v, the one kept from before %v", err, h.Grain.state.Value(), before)
	}
}

// Behaviour D2: f returns an error.
func TestBehaviourD2AnErrorOfTheFunctionChangesNothing(t *testing.T) {
	h := harness(t)
	broke := errors.New("broke")
	err := h.Grain.state.Update(h.Turn(), func(s *wrapperspb.Int64Value) error { s.Value = 99; return broke })
	if err != broke { //nolint:errorlint // as it is, not wrapped
		t.Errorf("Update returns %v, want the function's error as it is", err)
	}
	wantUntouched(t, h)
}

// Behaviour D2: the commit fails for sure.
func TestBehaviourD2AFailedCommitLeavesNothingForTheNextTurn(t *testing.T) {
	h := harness(t)
	h.FailCommit(grain.Errorf(grain.CodeUnavailable, "the store is down"))
	if err := h.Grain.add(h.Turn(), 5); !errors.Is(err, grain.CodeUnavailable) {
		t.Errorf("Update returns %v", err)
	}
	wantUntouched(t, h)
	if err := h.Grain.add(h.Turn(), 1); err != nil || h.Grain.state.Value().GetValue() != 11 {
		t.Errorf("the next turn got %v and leaves %v, want 11", err, h.Grain.state.Value())
	}
}

// Behaviour D2: f panics.
func TestBehaviourD2APanicOfTheFunctionChangesNothing(t *testing.T) {
	h := harness(t)
	func() {
		defer func() {
			if r := recover(); r != "boom" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = h.Grain.state.Update(h.Turn(), func(s *wrapperspb.Int64Value) error { s.Value = 99; panic("boom") })
	}()
	wantUntouched(t, h)
	if err := h.Grain.add(h.Turn(), 1); err != nil {
		t.Errorf("Update after the panic: %v", err)
	}
}

// Behaviour B13, for Update.
func TestBehaviourB13UpdateNeedsItsOwnLiveTurn(t *testing.T) {
	h := harness(t)
	other := harness(t)
	over := h.Turn()
	h.Run(func(context.Context) {})
	type mine struct{}
	for name, c := range map[string]struct {
		ctx  context.Context
		says string
	}{
		"no turn":        {context.Background(), "not of its own turn"},
		"foreign turn":   {other.Turn(), "not of its own turn"},
		"turn over":      {over, "a turn that is over"},
		"derived, over":  {context.WithValue(over, mine{}, 1), "a turn that is over"},
		"read-only turn": {h.Turn(graintest.ReadOnly()), "NO_SIDE_EFFECTS"},
	} {
		err := h.Grain.state.Update(c.ctx, func(*wrapperspb.Int64Value) error {
			t.Errorf("%s: the function runs", name)
			return nil
		})
		if !errors.Is(err, grain.CodeFailedPrecondition) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want FAILED_PRECONDITION that says %q", name, err, c.says)
		}
	}
	wantUntouched(t, h)
}

// An Update within an Update would be undone by the outer one.
func TestUpdateWithinUpdateIsRefused(t *testing.T) {
	h := harness(t)
	ctx := h.Turn()
	err := h.Grain.state.Update(ctx, func(s *wrapperspb.Int64Value) error {
		s.Value++
		return h.Grain.add(ctx, 100)
	})
	if !errors.Is(err, grain.CodeFailedPrecondition) || !strings.Contains(err.Error(), "another Update") {
		t.Errorf("got %v", err)
	}
	wantUntouched(t, h)
}

// So would one of a branch that gets its chance while the function awaits a call.
func TestUpdateOfABranchWithinAnothersFunctionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := harness(t)
		slow(h, "bob", time.Millisecond)
		refused := 0
		h.Run(func(ctx context.Context) {
			group := grain.NewGroup(ctx)
			for range 2 {
				group.Go(func(ctx context.Context) error {
					err := h.Grain.state.Update(ctx, func(s *wrapperspb.Int64Value) error {
						s.Value++
						_, err := h.Grain.balance(ctx, "bob")
						return err
					})
					if errors.Is(err, grain.CodeFailedPrecondition) {
						refused++
						return nil
					}
					return err
				})
			}
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
		})
		if got := h.Grain.state.Value().GetValue(); got != 11 || refused != 1 {
			t.Errorf("%d of 2 updates were refused, and 10 became %d; want 1 and 11", refused, got)
		}
	})
}

func TestValueInTheConstructorPanicsWithASentence(t *testing.T) {
	var said any
	_, err := graintest.Activate(t, func(a *grain.Activation) (*counter, error) {
		defer func() { said = recover() }()
		grain.StateOf[*wrapperspb.Int64Value](a).Value()
		return nil, nil
	}, "c")
	if err == nil {
		t.Error("a constructor that panicked made a grain")
	}
	if text, _ := said.(string); !strings.Contains(text, "test.Grain/c") || !strings.Contains(text, "OnActivate") {
		t.Errorf("it panicked with %v", said)
	}
}
