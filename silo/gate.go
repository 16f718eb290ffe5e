package silo

import (
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/persistence"
)

// passes is the gate that everything the activation does to the world passes, at now on
// the silo's clock.
func (a *activation) passes(g rig.Gate, now membership.Time) bool {
	if !a.tenure.acts(now) && !a.of.silo.ajar(g) {
		return false
	}
	a.tell(g, now, persistence.Key{}, 0)
	return true
}

// passesNow reads the clock first: what the silo is stopped in is then before the pass.
func (a *activation) passesNow(g rig.Gate) bool { return a.passes(g, a.of.silo.boot.Now()) }

// passesSoon is passesNow, and waits where the lease has run out and may yet be renewed: as
// long as the shard is ours nobody else had it meanwhile, so that what was read is still
// true, and a machine that held its breath costs callers nothing but time. It is false
// where the gate will not open again, or over says that nobody waits for what is behind it.
func (a *activation) passesSoon(g rig.Gate, over func() bool) bool {
	s := a.of.silo
	for !a.passesNow(g) {
		switch {
		case !a.tenure.holds(), s.revoked.Load(), over():
			return false
		case s.draining.Load() && !s.heart.IsConnected():
			return false // who stops without NATS does not wait for it
		}
		select {
		case <-time.After(gateLook):
		case <-s.stopped:
			return false
		}
	}
	return true
}

// gateLook is how often one who waits at a closed gate looks at it. Few ever do.
const gateLook = 5 * time.Millisecond

// ajar is what a mutant does to a gate that has closed.
func (s *Silo) ajar(g rig.Gate) bool {
	return s.rig.Mutant == membership.MutantGateOnlyBeforeTurn && g != rig.Turn
}

// tell tells who asked for it.
func (a *activation) tell(g rig.Gate, at membership.Time, key persistence.Key, revision persistence.Revision) {
	told := a.of.silo.rig.Pass
	if told == nil {
		return
	}
	t := a.tenure
	told(rig.Pass{
		Gate: g, At: at, Shard: t.shard, Incarnation: t.inc.id(), Fence: t.fence,
		Key: key, Revision: revision,
	})
}
