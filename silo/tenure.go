package silo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	gates "github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/persistence"
)

// A tenure is the time for which this silo owns a shard: from one epoch on, as one
// incarnation. What was activated under it may act while it lasts, and not a moment
// longer.
type tenure struct {
	inc   *incarnation
	shard membership.Shard
	place gates.Place // the shard's
	fence persistence.Fence

	// Its turns had their time to end when the shard was to move, and did not.
	revoked atomic.Bool

	claiming sync.Mutex // held while the store takes the fence
	claimed  atomic.Bool
}

// acts is the gate: it says whether something activated under the tenure may begin a turn,
// commit, call or answer, at now on the silo's clock.
func (t *tenure) acts(now membership.Time) bool {
	return t.inc.gate.Open(now) && t.holds()
}

// holds says the same, the lease aside: where that has run out, it may yet be renewed.
func (t *tenure) holds() bool {
	return !t.revoked.Load() && t.place.Acts(t.fence.Since)
}

// again is the same tenure for who comes from now on, without those whom it was revoked
// for. What they may have under way in the store is held against the revisions there.
func (t *tenure) again() *tenure {
	next := &tenure{inc: t.inc, shard: t.shard, place: t.place, fence: t.fence}
	next.claimed.Store(t.claimed.Load())
	return next
}

// claim returns when the store has taken the tenure's fence: from then on, what earlier
// owners have under way is refused there. It is made once, before anything is loaded.
// Whoever comes meanwhile waits; when it fails, the next one tries again.
func (t *tenure) claim(ctx context.Context, store persistence.Store) error {
	if t.claimed.Load() {
		return nil
	}
	t.claiming.Lock()
	defer t.claiming.Unlock()
	if t.claimed.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	shard := t.stored()
	if t.inc.silo.rig.Mutant == membership.MutantNoClaim {
		return nil
	}
	if err := store.Claim(ctx, t.fence, shard); err != nil {
		return storeError(err, fmt.Sprintf("claim %s", shard))
	}
	t.claimed.Store(true)
	t.inc.shards.Claimed(t.shard, t.fence.Since)
	return nil
}

// stored is the shard as the store names it.
func (t *tenure) stored() persistence.Shard {
	return persistence.Shard{Type: t.shard.Type, Partition: uint32(t.shard.Partition)}
}
