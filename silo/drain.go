package silo

import (
	"context"
	"sync"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
)

// A drain empties shards that were sealed together. Each is handed over by itself as soon
// as it is empty.
type drain struct {
	inc *incarnation

	mu   sync.Mutex
	left map[membership.Shard]*tenure
	done chan struct{} // closed when nothing is left
}

// seal begins to empty shards: their activations end when what they have begun has ended,
// and calls that wait there are sent elsewhere.
func (inc *incarnation) seal(sealed []membership.Sealed) {
	d := &drain{inc: inc, left: make(map[membership.Shard]*tenure), done: make(chan struct{})}
	var parts []*part
	var nobodys []bool // nobody is to get the shard: what waits there has no better place
	d.mu.Lock()        // until all are in it: the first may be empty before the last is sealed
	for _, s := range sealed {
		p := inc.silo.partOf(s.Shard)
		if p == nil {
			continue
		}
		p.mu.Lock()
		if p.tenure != nil && p.tenure.inc == inc {
			p.drain = d
			d.left[s.Shard] = p.tenure
			parts, nobodys = append(parts, p), append(nobodys, s.Next == "")
		}
		p.mu.Unlock()
	}
	d.mu.Unlock()
	if len(parts) == 0 {
		return
	}
	inc.silo.background(func() { d.watch(inc.silo.cfg.DrainTimeout) }) // until it is empty, or the time is up
	for i, p := range parts {
		p.each(func(a *activation) { a.endForMove(nobodys[i]) })
		p.mu.Lock()
		done, t := p.drained(), p.tenure
		p.mu.Unlock()
		if done != nil {
			done.empty(t)
		}
	}
}

// empty tells the node that nothing runs in a shard any more.
func (d *drain) empty(t *tenure) {
	d.mu.Lock()
	_, waited := d.left[t.shard]
	delete(d.left, t.shard)
	last := waited && len(d.left) == 0
	d.mu.Unlock()
	if last {
		close(d.done)
	}
	d.inc.cluster.Tell(membership.Drained{Shards: []membership.Shard{t.shard}})
}

// watch cancels the turns that take longer than the budget, and gives up on those that
// ignore it: their shards' tenures are revoked, so that they can do no harm any more.
func (d *drain) watch(budget time.Duration) {
	if d.ended(budget) {
		return
	}
	d.eachLeft(func(a *activation) { a.cancelTurn() })
	if d.ended(cancelGrace) {
		return
	}
	d.mu.Lock()
	for _, t := range d.left {
		t.revoked.Store(true)
	}
	d.mu.Unlock()
	d.eachLeft(func(a *activation) {
		a.abandon(grain.Errorf(grain.CodeMaybeExecuted, "%s had not ended when its shard moved away", a.id()))
	})
}

func (d *drain) ended(after time.Duration) bool {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-d.done:
		return true
	case <-d.inc.over:
		return true
	case <-timer.C:
		return false
	}
}

// eachLeft calls f for all activations in shards that are not empty, and still sealed.
func (d *drain) eachLeft(f func(*activation)) {
	d.mu.Lock()
	shards := make([]membership.Shard, 0, len(d.left))
	for shard := range d.left {
		shards = append(shards, shard)
	}
	d.mu.Unlock()
	for _, shard := range shards {
		p := d.inc.silo.partOf(shard)
		p.mu.Lock()
		still := p.drain == d
		p.mu.Unlock()
		if still {
			p.each(f)
		}
	}
}

// unseal takes a seal back. What has begun to end ends nonetheless, and calls bring it
// back.
func (inc *incarnation) unseal(shards []membership.Shard) {
	for _, shard := range shards {
		p := inc.silo.partOf(shard)
		if p == nil {
			continue
		}
		p.mu.Lock()
		d := p.drain
		p.drain = nil
		if p.tenure != nil && p.tenure.revoked.Load() {
			p.tenure = p.tenure.again() // whoever was given up stays so
		}
		p.mu.Unlock()
		if d != nil {
			d.forget(shard)
		}
	}
}

func (d *drain) forget(shard membership.Shard) {
	d.mu.Lock()
	_, waited := d.left[shard]
	delete(d.left, shard)
	last := waited && len(d.left) == 0
	d.mu.Unlock()
	if last {
		close(d.done)
	}
}

// endForMove ends the activation once what it must still do is done: its turn, what was
// given to Go, and calls of chains that hold a turn here. The other calls that wait go
// elsewhere, or run where there is no elsewhere.
func (a *activation) endForMove(nowhere bool) {
	s := a.of.silo
	a.mu.Lock()
	if a.phase == phaseFailed || a.phase == phaseGone {
		a.mu.Unlock()
		a.of.forget(a)
		return
	}
	var goes *call // linked by next
	for c := a.mailbox.take(); c != nil; {
		next := c.next
		c.next = nil
		if c.method != nil && !nowhere && !c.chained() {
			c.next, goes = goes, c
		} else {
			a.mailbox.push(c)
		}
		c = next
	}
	a.mu.Unlock()
	a.turnAway(goes)
	why := grain.DeactivatedMoved
	if s.draining.Load() {
		why = grain.DeactivatedSiloStopping
	}
	a.endSoon(why)
}

// turnAway answers calls, linked by next, that they are to be sent elsewhere.
func (a *activation) turnAway(c *call) {
	for c != nil {
		next := c.next
		c.next = nil
		if c.drop() {
			c.moved = true
			c.finish(a.of.silo, nil, a.of.errMoved(a.key))
		}
		c = next
	}
}

// cancelTurn cancels what runs.
func (a *activation) cancelTurn() {
	a.mu.Lock()
	c := a.current
	a.mu.Unlock()
	if c != nil {
		c.Cancel(context.Canceled)
	}
}

// abandon gives the activation up, whatever it does: it may not act any more, and whoever
// waits for what it does is told what is known.
func (a *activation) abandon(unknown *grain.Error) {
	a.mu.Lock()
	was := a.phase
	a.phase = phaseGone
	running, waiting := a.current, a.mailbox.take()
	a.mu.Unlock()
	if was == phaseLoading || was == phaseActive {
		a.of.live.Add(-1)
		a.of.silo.live.Add(-1)
	}
	a.turnAway(waiting)
	if running != nil {
		running.Cancel(context.Canceled)
		if running.method != nil {
			running.finish(a.of.silo, nil, unknown)
		}
	}
	a.of.forget(a)
}
