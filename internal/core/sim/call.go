package sim

import (
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// call is what a caller wants: a read or write of the register of a shard or, where there
// is a next, a turn of another grain in the shard that makes that call.
type call struct {
	chain    int
	shard    membership.Shard
	write    bool
	next     *call
	from     *host // nil: a client
	deadline instant
	id       int
	floor    int  // the highest count that anybody was told before the call
	applied  bool // its write was
}

// lane is which of the shard's grains is called.
func (c *call) lane() int {
	if c.next != nil {
		return 1
	}
	return 0
}

// replyKind is what a caller learns.
type replyKind int

const (
	executed      replyKind = iota + 1
	notExecuted             // and never will be
	maybeExecuted           // nobody knows
)

type reply struct {
	kind  replyKind
	count int // of the writes in the register
}

// client makes a call now and then.
func (w *world) client() {
	w.after(w.luck.mostlyShort(20*time.Millisecond, w.callEvery), w.client)
	if w.luck.chance(w.chains) {
		w.onward(w.anyShard(), w.anyShard())
		return
	}
	w.lastCall++
	c := &call{chain: w.lastCall, shard: w.anyShard(), write: w.luck.chance(600), deadline: w.now.add(w.callTime)}
	w.place(c, w.checkCalm)
}

// onward makes a call to a grain that makes another.
func (w *world) onward(shard, next membership.Shard) {
	w.lastCall++
	c := &call{chain: w.lastCall, shard: shard, deadline: w.now.add(w.callTime)}
	c.next = &call{chain: c.chain, shard: next, write: true, deadline: c.deadline}
	w.place(c, w.checkCalm)
}

// cross makes calls from each of two shards to the other at about the same time.
func (w *world) cross() {
	for i, shard := range w.shards[:2] {
		other := w.shards[1-i]
		w.after(w.luck.between(0, 150*time.Millisecond), func() { w.onward(shard, other) })
	}
}

func (w *world) anyShard() membership.Shard { return w.shards[w.luck.below(len(w.shards))] }

// place makes a call: attempts, until one may have been executed or time is up.
func (w *world) place(c *call, done func(reply)) {
	w.lastCall++
	c.id, c.floor = w.lastCall, w.floors[c.shard]
	w.attempt(c, done)
}

// attempt sends the call to whom a caller believes to be the owner.
func (w *world) attempt(c *call, done func(reply)) {
	again := func() {
		w.at(c.from, w.luck.between(30*time.Millisecond, 200*time.Millisecond), func() { w.attempt(c, done) })
	}
	target := w.route(c)
	if w.now >= c.deadline {
		done(reply{kind: notExecuted})
		return
	}
	if target == nil {
		again()
		return
	}
	w.lastAttempt++
	ended := false
	w.tracef(target, "is sent attempt %d of call %d in %s (write: %v, chain %d, onward: %v)", w.lastAttempt, c.id, shardName(c.shard), c.write, c.chain, c.next != nil)
	v := &visit{w: w, call: c, attempt: w.lastAttempt}
	from, life := c.from, 0
	if from != nil {
		life = from.life
	}
	v.reply = func(r reply) {
		w.checkReply(v, r)
		w.send(answered, from, life, func() {
			switch {
			case ended:
			case r.kind == notExecuted:
				ended = true
				again()
			default:
				ended = true
				w.checkHistory(c, v.attempt, r)
				done(r)
			}
		})
	}
	w.at(from, c.deadline.since(w.now), func() {
		if !ended {
			ended = true
			w.counts.Lost++
			done(reply{kind: maybeExecuted})
		}
	})
	w.deliver(v, target)
}

// deliver brings a visit to a host. Where nobody listens any more, it is not executed.
func (w *world) deliver(v *visit, target *host) {
	life := target.life
	w.send(called, nil, 0, func() {
		if !target.up || target.life != life {
			v.answer(reply{kind: notExecuted})
			return
		}
		w.push(event{at: w.now, host: target, life: life, do: func() { target.visit(v) }})
	})
}

// route finds the owner in the caller's view: that of the silo, or of any, which may be
// an old one.
func (w *world) route(c *call) *host {
	h := c.from
	if h == nil {
		// Whoever is outside has some silo's view, of one that is up if any is.
		at := w.luck.below(len(w.hosts))
		for range w.hosts {
			if h = w.hosts[at]; h.up && h.node.View() != nil {
				break
			}
			at = (at + 1) % len(w.hosts)
		}
	}
	if !h.up || h.node.View() == nil {
		return nil
	}
	owner, _ := h.node.View().Owner(c.shard)
	return w.alive[owner]
}
