package graintest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
)

func TestATurnEndsWithTheNext(t *testing.T) {
	h := graintest.New(t, newCounter, "c")
	first := h.Turn()
	if d, ok := first.Deadline(); !ok || time.Until(d) > 30*time.Second || time.Until(d) < 20*time.Second {
		t.Errorf("a turn's deadline is %v, %t; want 30 s from now", d, ok)
	}
	second := h.Turn()
	if first.Err() == nil || second.Err() != nil {
		t.Errorf("first %v, second %v; want only the first to be over", first.Err(), second.Err())
	}
	if err := h.Grain.Add(first, 1); !errors.Is(err, grain.CodeFailedPrecondition) {
		t.Errorf("Update in a turn that is over returns %v", err)
	}
	var inRun context.Context
	h.Run(func(ctx context.Context) { inRun = ctx }, graintest.ReadOnly())
	if second.Err() == nil || inRun.Err() == nil {
		t.Error("Run leaves a turn open")
	}
}

func TestAReadOnlyTurnRefusesUpdate(t *testing.T) {
	h := graintest.New(t, newCounter, "c")
	if err := h.Grain.Add(h.Turn(graintest.ReadOnly()), 1); !errors.Is(err, grain.CodeFailedPrecondition) {
		t.Errorf("Update returns %v, want FAILED_PRECONDITION", err)
	}
}

func TestQueuedFunctionsRunAsTurnsWhenTheTestSaysSo(t *testing.T) {
	h := graintest.New(t, newCounter, "c")
	late := errors.New("late")
	var ran []string
	queue := func(name string, f func(context.Context) error) {
		t.Helper()
		err := h.Grain.a.Go(func(ctx context.Context) error {
			ran = append(ran, name)
			return f(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	queue("a", func(ctx context.Context) error { return h.Grain.Add(ctx, 1) })
	queue("b", func(context.Context) error {
		queue("c", func(context.Context) error { return nil })
		return late
	})
	if len(ran) != 0 || h.Queued() != 2 {
		t.Errorf("%q ran and %d wait; want none and 2", ran, h.Queued())
	}
	if err := h.RunQueued(); !errors.Is(err, late) {
		t.Errorf("RunQueued returns %v, want the function's error", err)
	}
	if want := []string{"a", "b"}; !slices.Equal(ran, want) || h.Queued() != 1 {
		t.Errorf("%q ran and %d wait; want %q and 1", ran, h.Queued(), want)
	}
	if h.Commits() != 1 {
		t.Errorf("%d commits, want that of a's turn", h.Commits())
	}
	if err := h.Deactivate(grain.DeactivatedIdle); err != nil {
		t.Fatal(err)
	}
	if err := h.Grain.a.Go(func(context.Context) error { return nil }); !errors.Is(err, grain.CodeUnavailable) {
		t.Errorf("Go on an activation that ended returns %v", err)
	}
	if h.Queued() != 0 {
		t.Error("what was queued outlives the activation")
	}
}

func TestABranchThatPanicsUnheardFailsTheTest(t *testing.T) {
	failures := failuresOf(t, func(tb testing.TB) {
		h := graintest.New(tb, newCounter, "c")
		h.Run(func(ctx context.Context) {
			grain.NewGroup(ctx).Go(func(context.Context) error { panic("boom") })
		})
		if !h.Ending() {
			t.Error("the activation goes on after a panic")
		}
	})
	wantFailure(t, failures, "panicked", "boom")
}
