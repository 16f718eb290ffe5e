package silo

import (
	"time"

	"github.com/teff-dev/teff/grain"
)

// collect ends activations that have idled past their age, until stop is closed.
func (s *Silo) collect(stop <-chan struct{}) {
	tick := time.NewTicker(s.cfg.IdleScan)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for _, h := range s.sorted {
			h.collect(s.clock())
		}
	}
}

// collect looks at all activations of the type once.
func (h *hosted) collect(now int64) {
	h.each(func(a *activation) {
		switch idle, failed := a.idleAt(now); {
		case failed:
			h.forget(a)
		case idle:
			a.endIfIdle(grain.DeactivatedIdle)
		}
	})
}

// idleAt says whether the activation has idled past its age, and whether it is one that
// failed and has said so for long enough.
func (a *activation) idleAt(now int64) (idle, failed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase == phaseFailed && now > a.until {
		a.phase = phaseGone
		return false, true
	}
	age := int64(a.of.idleAfter)
	return age >= 0 && a.phase == phaseActive && !a.busy && now-a.used >= age && now >= a.keep, false
}
