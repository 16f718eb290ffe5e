package sim

import (
	"github.com/teff-dev/teff/internal/core/membership"
)

// ask sends a request about the records: act happens where they are, and answer, with
// what act has returned, on the host. Where no answer comes in time, or none can, unknown
// is told instead; the request may be carried out all the same, even later.
func ask[T any](h *host, act func() T, answer func(T), unknown func()) {
	w, done := h.w, false
	giveUpNow := func() {
		if !done {
			done = true
			unknown()
		}
	}
	if !h.linked && !h.told {
		h.after(shortDelay, giveUpNow)
		return
	}
	h.after(giveUp, giveUpNow)
	if !h.linked {
		return
	}
	life := h.life
	w.send(toBucket, nil, 0, func() {
		if !w.bucket.up {
			return
		}
		result := act()
		if !h.linked || h.life != life {
			return
		}
		w.send(fromBucket, h, life, func() {
			if !done {
				done = true
				answer(result)
			}
		})
	})
}

// written is what became of a compare-and-set.
type written struct {
	outcome  membership.Outcome
	revision uint64
}

func (h *host) write(e membership.Write) {
	h.w.checkTombstone(h, e)
	h.change(e.Op, e.Key, e.Expect, e.Blind, version{record: e.Record})
}

func (h *host) remove(e membership.Delete) {
	h.change(e.Op, e.Key, e.Expect, false, version{deleted: true})
}

func (h *host) change(op uint64, key membership.Key, expect uint64, blind bool, next version) {
	w, writer := h.w, h.incarnation
	ask(h, func() written {
		before := w.bucket.now(key)
		outcome, revision := w.bucket.put(w.now, key, expect, blind, next)
		if outcome == membership.OK {
			w.accepted(writer, key, before.record, next.record)
			w.announce(key, revision, next.record)
		}
		return written{outcome, revision}
	}, func(r written) {
		h.step(membership.Wrote{Op: op, Outcome: r.outcome, Revision: r.revision})
	}, func() {
		h.step(membership.Wrote{Op: op, Outcome: membership.Unknown})
	})
}

func (h *host) read(e membership.Read) {
	w := h.w
	ask(h, func() version {
		if ago := w.fate.stale(); ago > 0 {
			return w.bucket.before(e.Key, w.now, ago)
		}
		return w.bucket.now(e.Key)
	}, func(v version) {
		had := membership.Had{Op: e.Op, Outcome: membership.OK, Revision: v.revision, Record: v.record}
		if v.deleted {
			had.Revision = 0
		}
		h.step(had)
	}, func() {
		h.step(membership.Had{Op: e.Op, Outcome: membership.Unknown})
	})
}

// announce tells everybody who can hear it.
func (w *world) announce(key membership.Key, revision uint64, r membership.Record) {
	for _, h := range w.hosts {
		if h.up && h.linked {
			w.send(announced, h, h.life, func() {
				h.step(membership.Seen{Key: key, Revision: revision, Record: r})
			})
		}
	}
}
