//go:build !race

package silo_test

import (
	"context"
	"testing"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

// A call within the process allocates the call and the copies of its two messages; the
// method's response is the method's own. The race detector allocates too.
func TestALocalCallAllocatesLittle(t *testing.T) {
	sc := &script{do: func(_ context.Context, _ *probe, text string) (string, error) { return text, nil }}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	ref := probev1teff.ProbeOf(s, "k")
	ctx, req := context.Background(), &probev1.DoRequest{Text: "what to do", Number: 1}
	got := testing.AllocsPerRun(1000, func() {
		if _, err := ref.Do(ctx, req); err != nil {
			t.Fatal(err)
		}
	})
	const ours, method = 3, 1
	if got > ours+method {
		t.Errorf("a local call has %v allocations, want at most %d and the method's %d", got, ours, method)
	}
}
