package sim

import (
	"fmt"
	"time"

	"github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
)

// checker knows what nobody in the world can know, and what was promised.
type checker struct {
	violation *Violation // the first
	counts    Counts
	lines     []string
	suspect   bool // more may be open than before

	dead       map[string]bool      // incarnations that were declared so
	silenced   map[string]bool      // incarnations that must not act any more
	reaped     map[string]bool      // incarnations that a supervisor says are gone
	views      map[[2]uint64]uint64 // the id of each, by generation and epoch
	generation uint64               // the last that a bucket was given
	attempts   map[int]replyKind    // what was answered
	applied    map[int]bool         // attempts whose writes were taken
	floors     map[membership.Shard]int
	counted    map[membership.Shard]map[int]bool // counts that writers were told
}

func newChecker() checker {
	return checker{
		dead:     make(map[string]bool),
		silenced: make(map[string]bool),
		reaped:   make(map[string]bool),
		views:    make(map[[2]uint64]uint64),
		attempts: make(map[int]replyKind),
		applied:  make(map[int]bool),
		floors:   make(map[membership.Shard]int),
		counted:  make(map[membership.Shard]map[int]bool),
	}
}

func (w *world) violate(invariant int, format string, args ...any) {
	if w.violation == nil {
		w.violation = &Violation{
			Invariant: invariant, What: fmt.Sprintf(format, args...),
			Step: w.counts.Steps, At: time.Duration(w.now),
		}
		w.tracef(nil, "VIOLATION: %v", w.violation)
	}
}

// could says whether the host would pass the gate of a shard, if it ran right now.
func (h *host) could(shard membership.Shard) bool {
	if !h.up || h.paused || !h.gate.Open(h.now()) {
		return false
	}
	phase := h.shards.Standing(shard).Phase
	return phase == activation.Serving || phase == activation.Sealed
}

// checkOwners is invariant 1 for all shards, and 7 for all silos. Time alone cannot break
// what held, since all that it does is to end leases.
func (w *world) checkOwners() {
	for _, shard := range w.shards {
		first := ""
		for _, h := range w.hosts {
			if !h.could(shard) {
				continue
			}
			if first != "" {
				w.violate(1, "both %s and %s may act in %s", first, h.incarnation, shardName(shard))
			}
			if first = h.incarnation; w.silenced[first] {
				w.violate(7, "%s was declared dead, and may act in %s", first, shardName(shard))
			}
		}
	}
}

// checkPass is the same for one that has just passed, which need not have looked at its
// lease.
func (w *world) checkPass(h *host, shard membership.Shard) {
	w.counts.Passes++
	if w.silenced[h.incarnation] {
		w.violate(7, "%s was declared dead, and acts in %s", h.incarnation, shardName(shard))
	}
	for _, o := range w.hosts {
		if o != h && o.could(shard) {
			w.violate(1, "%s acts in %s, and %s may", h.incarnation, shardName(shard), o.incarnation)
		}
	}
}

// turnBegins is invariant 6: the lane was free, or begin would not have come so far, and
// no other life of the activation runs.
func (w *world) turnBegins(h *host, shard membership.Shard, v *visit) {
	k := h.work[shard]
	if k.act == nil || !h.shards.Acts(shard, k.act.since) {
		w.violate(6, "a turn begins at %s in %s without an activation", h.incarnation, shardName(shard))
	}
	if w.attempts[v.attempt] != 0 {
		w.violate(5, "attempt %d was answered, and begins", v.attempt)
	}
}

// checkCommit is invariants 3 and 5.
func (w *world) checkCommit(shard membership.Shard, at *stored, f fence, attempt int) {
	if f.less(at.scanned) {
		w.violate(3, "a write under %v was taken in %s, which an owner has read under %v", f, shardName(shard), at.scanned)
	}
	if w.attempts[attempt] == notExecuted {
		w.violate(5, "attempt %d was answered as not executed, and has an effect", attempt)
	}
	w.applied[attempt] = true
}

// checkReply is invariant 5.
func (w *world) checkReply(v *visit, r reply) {
	if w.attempts[v.attempt] != 0 {
		w.violate(5, "attempt %d is answered twice", v.attempt)
	}
	w.attempts[v.attempt] = r.kind
	if r.kind != notExecuted {
		return
	}
	w.counts.Refused++
	if w.applied[v.attempt] {
		w.violate(5, "attempt %d has had an effect, and is answered as not executed", v.attempt)
	}
}

// checkHistory is invariant 4, as the caller sees it: counts never go back from a call to
// one that was made after it was answered, no two writes are told the same, and each is
// where it was told.
func (w *world) checkHistory(c *call, attempt int, r reply) {
	if r.kind != executed {
		w.counts.Lost++
		return
	}
	if c.next != nil {
		return
	}
	log := w.store.shard(c.shard).log
	switch {
	case r.count > len(log):
		w.violate(4, "%s was read to have %d writes, of %d", shardName(c.shard), r.count, len(log))
	case r.count < c.floor, c.write && r.count == c.floor:
		w.violate(4, "%s was told to have %d writes by a call that was made after another was told %d (write: %v)", shardName(c.shard), r.count, c.floor, c.write)
	case c.write && log[r.count-1] != attempt:
		w.violate(4, "write %d of %s is another's than it was said to be", r.count, shardName(c.shard))
	}
	if c.write {
		w.counts.Writes++
		counted := w.counted[c.shard]
		if counted == nil {
			counted = make(map[int]bool)
			w.counted[c.shard] = counted
		}
		if counted[r.count] {
			w.violate(4, "two writes of %s were told to be its %dth", shardName(c.shard), r.count)
		}
		counted[r.count] = true
	} else {
		w.counts.Reads++
	}
	w.floors[c.shard] = max(w.floors[c.shard], r.count)
}

// checkCalm is the rest of invariant 5: where nothing fails, no call is lost.
func (w *world) checkCalm(r reply) {
	if w.opts.Scenario.calm() && r.kind != executed && !w.ceased {
		w.violate(5, "a call was not executed, or may not have been (%d), though nothing failed", r.kind)
	}
}

// checkDrained is invariant 9, of a silo that has left.
func (w *world) checkDrained(h *host) {
	for shard, k := range h.work {
		if k.act != nil || k.n > 0 {
			w.violate(9, "%s has left, and has an activation in %s", h.incarnation, shardName(shard))
		}
	}
}

// checkDeath is invariant 9, of one who takes itself for dead. Who has seen a bucket lost
// may.
func (w *world) checkDeath(h *host, why string) {
	if w.bucket.number != h.bornIn {
		return
	}
	key := w.bucket.now(membership.Key(h.incarnation))
	view := w.bucket.now(membership.ViewKey).record.View
	if !w.dead[h.incarnation] && key.record.Beat != nil && isMember(view, h.incarnation) {
		w.violate(9, "%s goes although nobody declared it dead: %s", h.incarnation, why)
	}
}
