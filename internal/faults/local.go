//go:build linux

package faults

import (
	"context"
	"time"

	"github.com/teff-dev/teff/grain"
	faultsv1 "github.com/teff-dev/teff/internal/faults/faults/v1"
	"github.com/teff-dev/teff/internal/faults/faults/v1/faultsv1teff"
)

// callLocally reads registers from within a silo: those that it owns need no network, and
// so press against its lease until the last moment of it.
func callLocally(ctx context.Context, caller grain.Caller, seed int) {
	skip := make(map[string]time.Time) // not here, when last tried
	for i := seed; ctx.Err() == nil; i++ {
		key := registerKey(i % registers)
		if until := skip[key]; time.Now().Before(until) {
			_ = wait(ctx, time.Millisecond/4) // its end shows in the loop's condition
			continue
		}
		try, cancel := context.WithTimeout(ctx, localPatience)
		_, err := faultsv1teff.RegisterOf(caller, key).Read(try, &faultsv1.ReadRequest{})
		cancel()
		if err != nil {
			skip[key] = time.Now().Add(localAgain)
		}
		_ = wait(ctx, time.Millisecond)
	}
}

const (
	localPatience = 20 * time.Millisecond
	localAgain    = time.Second
)
