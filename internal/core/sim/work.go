package sim

import (
	"time"

	"github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
)

// work is what goes on in a shard at a host.
type work struct {
	run     int  // grows when all of it is cut short
	seals   int  // how often it was sealed: each has a time to drain of its own
	n       int  // visits that run or wait
	busy    bool // a claim, or a load
	was     bool // mutants: it was claimed once
	scan    bool // to be read once it is ours, as reminders are
	drained bool // the node was told so
	act     *act
	lanes   [2]lane // the register, and a grain that calls other grains
}

// act is the activation of the register.
type act struct {
	since    uint64
	fence    fence
	revision uint64
	count    int
}

// lane is a grain: one turn at a time.
type lane struct {
	running bool
	waiting []*visit
}

// visit is one attempt of a call at a host.
type visit struct {
	w       *world
	call    *call
	attempt int
	done    bool
	reply   func(reply)
}

// answer sends the reply, once.
func (v *visit) answer(r reply) {
	if !v.done {
		v.done = true
		v.w.tracef(nil, "attempt %d of call %d is answered: %v", v.attempt, v.call.id, r)
		v.reply(r)
	}
}

func (h *host) workIn(shard membership.Shard) *work {
	k := h.work[shard]
	if k == nil {
		k = &work{}
		h.work[shard] = k
	}
	return k
}

// visit takes a call. It is counted before it is admitted.
func (h *host) visit(v *visit) {
	shard := v.call.shard
	k := h.workIn(shard)
	h.w.tracef(h, "takes attempt %d", v.attempt)
	if !h.gate.Open(h.now()) {
		v.answer(reply{kind: notExecuted})
		return
	}
	k.n++
	l := &k.lanes[v.call.lane()]
	l.waiting = append(l.waiting, v)
	h.advance(shard, k)
}

// admit says whether the visit may be executed, or wait for it. What another turn waits
// for is served by sealed shards, wherever that turn runs.
func (h *host) admit(v *visit) activation.Decision {
	chain := v.call.from != nil
	switch h.w.opts.Mutant {
	case membership.MutantSealedRefusesChains:
		chain = false
	case membership.MutantSealedServesOwnChains:
		chain = h.chains[v.call.chain] > 0
	default:
	}
	d, _ := h.shards.Admit(v.call.shard, chain)
	return d
}

// passes is the gate: before a turn, a commit, an outbound call and a reply.
func (h *host) passes(shard membership.Shard, since uint64, first bool) bool {
	open := h.gate.Open(h.now())
	if !first && h.w.opts.Mutant == membership.MutantGateOnlyBeforeTurn {
		open = true
	}
	if !open || !h.shards.Acts(shard, since) {
		return false
	}
	h.w.checkPass(h, shard)
	return true
}

// advance does what can be done next in a shard.
func (h *host) advance(shard membership.Shard, k *work) {
	h.refuse(k)
	at := h.shards.Standing(shard)
	if k.act != nil && !h.shards.Acts(shard, k.act.since) {
		k.act = nil
	}
	waiting := len(k.lanes[0].waiting) + len(k.lanes[1].waiting)
	ours := at.Phase == activation.Serving || at.Phase == activation.Sealed
	switch {
	case k.busy:
	case ours && (waiting > 0 || k.scan) && (!at.Claimed || k.act == nil) && h.gate.Open(h.now()):
		h.acquire(shard, k, at)
	case at.Claimed && k.act != nil:
		for i := range k.lanes {
			h.begin(shard, k, &k.lanes[i])
		}
	}
	h.drainedIf(shard, k)
}

// refuse answers those who wait for nothing.
func (h *host) refuse(k *work) {
	for i := range k.lanes {
		l := &k.lanes[i]
		kept := l.waiting[:0]
		for _, v := range l.waiting {
			if h.admit(v) != activation.Moved && h.w.now < v.call.deadline {
				kept = append(kept, v)
				continue
			}
			k.n--
			v.answer(reply{kind: notExecuted})
		}
		clear(l.waiting[len(kept):])
		l.waiting = kept
	}
}

// drainedIf tells the node that nothing runs in a sealed shard. What stops here would be
// stopped anyway before the shard is handed over; so nothing is begun in between.
func (h *host) drainedIf(shard membership.Shard, k *work) {
	if k.n > 0 || k.drained || h.shards.Standing(shard).Phase != activation.Sealed {
		return
	}
	k.drained, k.act = true, nil
	if h.w.opts.Mutant != membership.MutantServeUntilAck {
		h.shards.Apply(membership.Stop{Shards: []membership.Shard{shard}})
	}
	h.after(0, func() {
		if k.drained {
			h.step(membership.Drained{Shards: []membership.Shard{shard}})
		}
	})
}

// cut ends everything in a shard: what runs may not act any more.
func (h *host) cut(k *work) {
	k.run++
	k.n, k.busy, k.act = 0, false, nil
	for i := range k.lanes {
		l := &k.lanes[i]
		for _, v := range l.waiting {
			v.answer(reply{kind: notExecuted})
		}
		*l = lane{}
	}
}

// follow does for the work what was done to the standings.
func (h *host) follow(effect membership.Effect) {
	switch effect := effect.(type) {
	case membership.Own:
		for _, o := range effect.Shards {
			k := h.workIn(o.Shard)
			h.cut(k)
			k.drained, k.scan = false, true
			h.advance(o.Shard, k)
		}
	case membership.Seal:
		for _, o := range effect.Shards {
			h.seal(o.Shard)
		}
	case membership.Unseal:
		for _, shard := range effect.Shards {
			k := h.workIn(shard)
			k.drained = false
			h.advance(shard, k)
		}
	case membership.Stop:
		for _, shard := range effect.Shards {
			h.cut(h.workIn(shard))
		}
	case membership.Lose:
		for _, shard := range effect.Shards {
			h.cut(h.workIn(shard))
		}
	}
}

// seal lets turns end, but not for ever.
func (h *host) seal(shard membership.Shard) {
	k := h.workIn(shard)
	k.drained, k.scan = false, false
	k.seals++
	seal := k.seals
	h.after(h.w.drainTime, func() {
		if k.seals == seal && !k.drained && h.shards.Standing(shard).Phase == activation.Sealed {
			h.w.tracef(h, "revokes what runs in %s", shardName(shard))
			h.cut(k)
			h.drainedIf(shard, k)
		}
	})
	h.advance(shard, k)
}

// turnTime is how long a turn takes.
func (h *host) turnTime() time.Duration {
	if h.w.opts.Scenario == Swaps {
		return h.w.luck.between(20*time.Millisecond, h.w.longTurn)
	}
	return h.w.luck.mostlyShort(time.Millisecond, h.w.longTurn)
}
