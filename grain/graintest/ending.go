package graintest

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
)

// Ending tells whether a silo would end the activation once it is idle: the grain
// called DeactivateOnIdle, or a commit failed in a way that leaves the state in memory
// in doubt. The harness only records it. It is safe for concurrent use.
func (h *Harness[G]) Ending() bool {
	h.host.mu.Lock()
	defer h.host.mu.Unlock()
	return h.host.why != 0
}

// Delay is what the grain last gave to DelayDeactivation; zero if it never did. It is
// safe for concurrent use.
func (h *Harness[G]) Delay() time.Duration {
	h.host.mu.Lock()
	defer h.host.mu.Unlock()
	return h.host.delay
}

// DeactivateOnIdle implements seam.Host.
func (h *host) DeactivateOnIdle() { h.endFor(grain.DeactivatedByGrain) }

// DelayDeactivation implements seam.Host.
func (h *host) DelayDeactivation(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.delay = d
}

// endFor notes why the activation is to end; a fault outweighs a wish.
func (h *host) endFor(why grain.DeactivationReason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.why = max(h.why, why)
}

// reason is why the activation ends if nobody says.
func (h *host) reason() grain.DeactivationReason {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.why == 0 {
		return grain.DeactivatedIdle
	}
	return h.why
}

// deactivate runs OnDeactivate as the last turn. A second time it does nothing.
func (h *host) deactivate(reason grain.DeactivationReason) error {
	h.tb.Helper()
	h.end()
	if h.phase == phaseEnded {
		return nil
	}
	defer h.enter(phaseEnded)
	if h.leave == nil {
		return nil
	}
	ctx := h.begin()
	defer h.end()
	return h.leave.OnDeactivate(ctx, reason)
}

// cloneOf copies a message; nil stays nil.
func cloneOf(m proto.Message) proto.Message {
	if m == nil {
		return nil
	}
	return proto.Clone(m)
}
