package silo_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

// Each turn waits until all have begun: a worker that is held up must not keep the rest
// waiting, however many there are.
func TestATurnThatBlocksHoldsUpNoOtherGrain(t *testing.T) {
	const grains = 500
	var begun sync.WaitGroup
	all := func() {
		begun.Done()
		begun.Wait()
	}
	sc := &script{do: func(context.Context, *probe, string) (string, error) { all(); return "", nil }}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		begun.Add(grains)
		var done sync.WaitGroup
		for i := range grains {
			done.Go(func() {
				if _, err := do(t.Context(), caller, fmt.Sprint(i), ""); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	})
}
