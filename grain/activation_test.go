package grain_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/teff-dev/teff/grain"
)

// Behaviour B13, for calls.
func TestBehaviourB13CallsNeedTheirOwnLiveTurn(t *testing.T) {
	h := harness(t, "bob")
	other := harness(t)
	over := h.Turn()
	if _, err := h.Grain.balance(over, "bob"); err != nil {
		t.Fatalf("a call in its turn: %v", err)
	}
	for name, c := range map[string]struct {
		ctx  func() context.Context
		says string
	}{
		"no turn":      {context.Background, "not of its own turn"},
		"foreign turn": {func() context.Context { return other.Turn() }, "not of its own turn"},
		"turn over":    {func() context.Context { h.Turn(); return over }, "Activation.Go"},
	} {
		_, err := h.Grain.balance(c.ctx(), "bob")
		if !errors.Is(err, grain.CodeFailedPrecondition) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "bank.v1.Account.Balance") {
			t.Errorf("%s: got %v, want FAILED_PRECONDITION that names the call and says %q", name, err, c.says)
		}
	}
	if got := len(h.Calls()); got != 1 {
		t.Errorf("%d calls were sent, want the first only", got)
	}
}

func TestCallsTakeDerivedContexts(t *testing.T) {
	h := harness(t, "bob")
	type mine struct{}
	ctx, cancel := context.WithCancel(context.WithValue(h.Turn(), mine{}, 1))
	defer cancel()
	if _, err := h.Grain.balance(ctx, "bob"); err != nil {
		t.Errorf("a derived context: %v", err)
	}
}

func TestDeactivationReasonsHaveWords(t *testing.T) {
	seen := map[string]bool{"unknown": true}
	for r := grain.DeactivatedIdle; r <= grain.DeactivatedAfterFault; r++ {
		if seen[r.String()] {
			t.Errorf("reason %d reads %q, as another does", int(r), r)
		}
		seen[r.String()] = true
	}
	if got := grain.DeactivationReason(0).String(); got != "unknown" {
		t.Errorf("the zero reason reads %q", got)
	}
}
