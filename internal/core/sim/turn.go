package sim

import (
	"github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
)

// acquire claims the shard if need be, and reads the register.
func (h *host) acquire(shard membership.Shard, k *work, at activation.Standing) {
	f := fence{generation: h.node.View().Generation, since: at.Since}
	k.busy = true
	run := k.run
	claim := func(then func()) {
		h.claim(shard, f, func(a answerOf) {
			if k.run != run {
				return
			}
			switch a.result {
			case resultOK:
				h.shards.Claimed(shard, f.since)
				k.was = true
				then()
			case resultFenced:
				k.busy = false
				h.step(membership.Fenced{Shard: shard, Since: f.since})
			case resultUnknown, resultConflict:
				k.busy = false // the next tick tries again
			}
		})
	}
	load := func(then func(*act)) {
		h.load(shard, f, func(a answerOf) {
			switch {
			case k.run != run:
			case a.result == resultOK:
				then(&act{since: f.since, fence: f, revision: a.revision, count: a.count})
			default:
				k.busy = false
			}
		})
	}
	ready := func(a *act) {
		k.busy, k.scan, k.act = false, false, a
		h.advance(shard, k)
	}
	switch m := h.w.opts.Mutant; {
	case at.Claimed:
		load(ready)
	case m == membership.MutantNoClaim, m == membership.MutantClaimOnce && k.was:
		h.shards.Claimed(shard, f.since)
		load(ready)
	case m == membership.MutantClaimAfterScan:
		load(func(a *act) { claim(func() { ready(a) }) })
	default:
		claim(func() { load(ready) })
	}
}

// turn is a visit that runs.
type turn struct {
	h     *host
	k     *work
	l     *lane
	shard membership.Shard
	v     *visit
	act   *act
	run   int
}

// begin begins the turn of whoever waits first in a lane.
func (h *host) begin(shard membership.Shard, k *work, l *lane) {
	if l.running || len(l.waiting) == 0 || k.act == nil {
		return
	}
	if !h.passes(shard, k.act.since, true) {
		return // the lease has lapsed: they wait until it runs again, or their deadline
	}
	v := l.waiting[0]
	l.waiting = append(l.waiting[:0], l.waiting[1:]...)
	l.running = true
	h.chains[v.call.chain]++
	t := &turn{h, k, l, shard, v, k.act, k.run}
	h.w.turnBegins(h, shard, v)
	h.after(h.turnTime(), t.middle)
}

// revoked says that the shard was taken from under the turn.
func (t *turn) revoked() bool { return t.k.run != t.run }

func (t *turn) passes() bool {
	return !t.revoked() && t.h.passes(t.shard, t.act.since, false)
}

// middle is where a turn calls another grain, if it is of that kind.
func (t *turn) middle() {
	next := t.v.call.next
	if next == nil {
		t.finish()
		return
	}
	if !t.passes() {
		t.end(reply{kind: maybeExecuted})
		return
	}
	onward := *next
	onward.from = t.h
	t.h.w.place(&onward, func(r reply) {
		if r.kind == executed {
			t.finish()
		} else {
			t.end(reply{kind: maybeExecuted})
		}
	})
}

// finish reads or writes the register, and replies.
func (t *turn) finish() {
	if !t.v.call.write {
		t.replyWith(reply{kind: executed, count: t.act.count})
		return
	}
	if !t.passes() {
		t.end(reply{kind: maybeExecuted})
		return
	}
	t.h.commit(t.shard, t.act.fence, t.act.revision, t.v.attempt, t.committed)
}

func (t *turn) committed(a answerOf) {
	switch a.result {
	case resultOK:
		t.act.revision, t.act.count = a.revision, a.count
		t.replyWith(reply{kind: executed, count: a.count})
		return
	case resultFenced:
		t.h.step(membership.Fenced{Shard: t.shard, Since: t.act.since})
	case resultConflict, resultUnknown:
	}
	if t.k.act == t.act {
		t.k.act = nil // its memory is not what the store has
	}
	t.end(reply{kind: maybeExecuted})
}

// replyWith replies if the gate lets it. A reply that it does not let says nothing of
// what was read.
func (t *turn) replyWith(r reply) {
	if !t.passes() {
		r = reply{kind: maybeExecuted}
	}
	t.end(r)
}

func (t *turn) end(r reply) {
	t.v.answer(r)
	t.h.chains[t.v.call.chain]--
	if t.revoked() {
		return
	}
	t.l.running = false
	t.k.n--
	t.h.advance(t.shard, t.k)
}
