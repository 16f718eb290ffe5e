package graintest_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
)

func TestStoredIsWhatWasCommitted(t *testing.T) {
	h := graintest.New(t, newCounter, "c")
	if got := h.Stored(); got != nil {
		t.Errorf("stored before any commit: %v", got)
	}
	if err := h.Grain.Add(h.Turn(), 3); err != nil {
		t.Fatal(err)
	}
	if got := h.Stored(); !proto.Equal(got, wrapperspb.Int64(3)) || h.Commits() != 1 {
		t.Errorf("stored %v after %d commits, want 3 after 1", got, h.Commits())
	}
	h.Stored().(*wrapperspb.Int64Value).Value = 99
	h.Grain.state.Value().Value = 98 // a mistake of the grain; the store has a copy
	if got := h.Stored(); !proto.Equal(got, wrapperspb.Int64(3)) {
		t.Errorf("what is stored is shared: %v", got)
	}
}

func TestTheNextActivationLoadsWhatTheLastOneStored(t *testing.T) {
	first := graintest.New(t, newCounter, "c")
	next := graintest.New(t, newCounter, "c", graintest.WithState(first.Stored()))
	if got := next.Grain.state.Value(); got.GetValue() != 0 {
		t.Errorf("nothing stored is loaded as %v", got)
	}
	if err := next.Grain.Add(next.Turn(), 4); err != nil {
		t.Fatal(err)
	}
	last := graintest.New(t, newCounter, "c", graintest.WithState(next.Stored()))
	if got := last.Grain.state.Value().GetValue(); got != 4 {
		t.Errorf("loaded %d, want 4", got)
	}
}

func TestFailCommitFailsOneCommit(t *testing.T) {
	h := graintest.New(t, newCounter, "c", graintest.WithState(wrapperspb.Int64(1)))
	down := grain.Errorf(grain.CodeUnavailable, "the store is down")
	h.FailCommit(down)
	if err := h.Grain.Add(h.Turn(), 1); !errors.Is(err, down) {
		t.Errorf("Update returns %v, want %v", err, down)
	}
	if h.Ending() || h.Commits() != 0 || h.Grain.state.Value().GetValue() != 1 || !proto.Equal(h.Stored(), wrapperspb.Int64(1)) {
		t.Errorf("a refused commit left a trace: ending %t, %d commits, value %v, stored %v", h.Ending(), h.Commits(), h.Grain.state.Value(), h.Stored())
	}
	if err := h.Grain.Add(h.Turn(), 1); err != nil {
		t.Errorf("the commit after the failed one: %v", err)
	}
	h.FailCommit(down)
	h.FailCommit(nil)
	if err := h.Grain.Add(h.Turn(), 1); err != nil {
		t.Errorf("the failure was taken back, and still: %v", err)
	}
}

func TestACommitInDoubtEndsTheActivation(t *testing.T) {
	for _, code := range []grain.Code{grain.CodeAborted, grain.CodeMaybeExecuted} {
		h := graintest.New(t, newCounter, "c")
		h.FailCommit(grain.Errorf(code, "in doubt"))
		if err := h.Grain.Add(h.Turn(), 1); !errors.Is(err, code) {
			t.Errorf("Update returns %v, want %v", err, code)
		}
		if !h.Ending() {
			t.Errorf("the activation goes on after %v", code)
		}
	}
}

func TestACommitNeedsTime(t *testing.T) {
	h := graintest.New(t, newCounter, "c")
	if err := h.Grain.Add(h.Turn(graintest.Timeout(-1)), 1); !errors.Is(err, grain.CodeDeadlineExceeded) {
		t.Errorf("Update after the deadline returns %v", err)
	}
	if h.Commits() != 0 {
		t.Error("it was committed after the deadline")
	}
}

// A string that is not UTF-8 cannot be encoded, by a silo either.
func TestAStateThatCannotBeEncodedIsRefused(t *testing.T) {
	var state *grain.State[*wrapperspb.StringValue]
	h := graintest.New(t, func(a *grain.Activation) (*struct{}, error) {
		state = grain.StateOf[*wrapperspb.StringValue](a)
		return new(struct{}), nil
	}, "c")
	err := state.Update(h.Turn(), func(s *wrapperspb.StringValue) error { s.Value = "\xff"; return nil })
	if !errors.Is(err, grain.CodeInternal) || state.Value().GetValue() != "" {
		t.Errorf("Update returns %v and the value is %q", err, state.Value().GetValue())
	}
}
