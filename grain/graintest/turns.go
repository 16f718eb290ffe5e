package graintest

import (
	"context"
	"errors"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/turn"
)

// begin ends the present turn and begins the next.
func (h *host) begin(opts ...TurnOption) context.Context {
	h.tb.Helper()
	h.end()
	if h.phase == phaseEnded {
		h.tb.Fatalf("graintest: the activation of %s has ended: make the next one with New and WithState(h.Stored())", h.id)
	}
	s := turnSetup{timeout: turnTimeout}
	for _, opt := range opts {
		opt(&s)
	}
	h.turn = new(turn.Turn)
	h.turn.Begin(h, nil, time.Now().Add(s.timeout), s.readOnly)
	return h.turn
}

// end ends the present turn, if there is one.
func (h *host) end() {
	h.tb.Helper()
	t := h.turn
	if t == nil {
		return
	}
	h.turn = nil
	if p := t.End(); p != nil {
		h.endFor(grain.DeactivatedAfterFault)
		h.tb.Errorf("graintest: a branch of a Group of %s panicked, and no Wait passed it on: %v", h.id, p)
	}
}

// run calls f within a turn of its own.
func (h *host) run(f func(context.Context) error, opts ...TurnOption) error {
	h.tb.Helper()
	ctx := h.begin(opts...)
	defer h.end()
	return f(ctx)
}

// Go implements seam.Host.
func (h *host) Go(f func(context.Context) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.phase == phaseEnded {
		return grain.Errorf(grain.CodeUnavailable, "the activation of %s has ended", h.id)
	}
	h.queue = append(h.queue, f)
	return nil
}

func (h *host) queued() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.queue)
}

func (h *host) runQueued() error {
	h.tb.Helper()
	h.end()
	h.mu.Lock()
	queue := h.queue
	h.queue = nil
	h.mu.Unlock()
	var failed error
	for _, f := range queue {
		failed = errors.Join(failed, h.run(f))
	}
	return failed
}
