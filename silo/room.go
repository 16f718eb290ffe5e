package silo

import (
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
)

// full says that a cap is reached.
func (h *hosted) full() bool {
	return h.silo.live.Load() >= int64(h.silo.cfg.MaxActivations) ||
		h.kind.MaxActivations > 0 && h.live.Load() >= int64(h.kind.MaxActivations)
}

// roomShare is which part of the cap is freed at once, so that looking for the coldest
// ones, which looks at all, is paid by many new keys and not by each.
const roomShare = 64

// makeRoom ends the coldest idle activations: of this type where its own cap is
// reached, of all types otherwise.
func (h *hosted) makeRoom() *grain.Error {
	s := h.silo
	s.room.Lock() // one at a time: others would end more than need be
	defer s.room.Unlock()
	if !h.full() {
		return nil
	}
	from, limit := []*hosted{h}, h.kind.MaxActivations
	if limit == 0 || h.live.Load() < int64(limit) {
		from, limit = s.sorted, s.cfg.MaxActivations
	}
	type candidate struct {
		a    *activation
		used int64
	}
	var idle []candidate
	for _, t := range from {
		t.each(func(a *activation) {
			if used, ok := a.idleSince(); ok {
				idle = append(idle, candidate{a, used})
			}
		})
	}
	slices.SortFunc(idle, func(x, y candidate) int { return int(min(max(x.used-y.used, -1), 1)) })
	ended := 0
	for _, c := range idle {
		if c.a.endIfIdle(grain.DeactivatedForRoom) {
			ended++
		}
		if ended > limit/roomShare {
			break
		}
	}
	if ended == 0 && h.full() {
		return withRetry(outcome.Refused(grain.CodeResourceExhausted,
			"this silo holds %d activations, its cap, and none of them is idle: try again later, or raise MaxActivations", limit))
	}
	return nil
}

// withRetry adds the hint that a little later there may be room.
func withRetry(err *grain.Error) *grain.Error {
	return err.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryHint)})
}
