package silo_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

// TestIdleActivationsOwnNoGoroutine: a million of them would be a million goroutines.
func TestIdleActivationsOwnNoGoroutine(t *testing.T) {
	const idle, callers = 10_000, 8
	const keptWorkers = 256 // a silo's idle ones
	s := start(t, silo.Config{Grains: []grain.Kind{blankKind()}})
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < idle; i += callers {
				if err := ping(t.Context(), s, fmt.Sprint("grain-", i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := silo.Activations(s, probev1teff.BlankName); got != idle {
		t.Errorf("%d activations, want %d", got, idle)
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before+keptWorkers })
}
