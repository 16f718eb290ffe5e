package membership

import "slices"

// change is a node's work on the view: at most one proposal, or one read, at a time.
type change struct {
	busy    bool // a proposal is under way
	reading bool
	missing bool   // the last read found no view at all
	behind  uint64 // a proposal failed on this revision: a read must be at least as new
	until   Time   // for how long that is waited for: it may be another bucket's
	retry   Time   // not before
	taking  bool   // a generation is being taken
	idle    *View  // the view in which nothing is to be changed; see quiet
	taken   uint64 // a generation that was taken and is not in the view yet
	bucket  uint64 // the empty view that it was taken for
}

func (n *Node) readView() {
	if !n.change.reading {
		n.change.reading = true
		n.read(op{kind: opReadView, key: ViewKey})
	}
}

func (n *Node) viewRead(e Had) {
	c := &n.change
	c.reading = false
	switch {
	case e.Outcome != OK:
		c.retry = n.now.Add(n.cfg.Heartbeat / 4)
	case e.Revision == 0 || e.Record.View == nil:
		c.missing = true
	default:
		c.missing = false
		n.adopt(e.Record.View, e.Revision)
	}
}

func (n *Node) viewWritten(o op, e Wrote) {
	c := &n.change
	c.busy = false
	c.retry = n.now.Add(n.random(n.cfg.Heartbeat / 4))
	switch e.Outcome {
	case OK:
		c.missing, c.retry = false, n.now
		if n.cfg.Mutant == MutantServeUntilAck {
			n.stopHandedOver(o.view)
		}
		n.adopt(o.view, e.Revision)
		if n.verify.Since != 0 && n.phase == phaseMember {
			// The view is the newest there is, since our change of it was accepted, and
			// it has the shard still as ours, or adopt would have dropped the question.
			n.die("the store knows a newer owner of one of its shards")
		}
	case Conflict:
		if n.phase == phaseJoining {
			n.forgetView(e.Revision)
		}
		c.behind, c.until = max(c.behind, e.Revision), n.now.Add(n.cfg.Heartbeat)
		n.readView()
	case Unknown:
		n.readView()
	}
}

// forgetView begins anew with what is there. The view that we know may be of a bucket
// that was lost, and then none of the new one's would be newer until somebody has named
// its generation; as there is nothing that we own, nothing depends on it. A member in the
// same place has lost its heartbeat, and ends by that.
func (n *Node) forgetView(revision uint64) {
	n.view, n.viewRev = nil, 0
	n.change.behind, n.change.missing = revision, revision == 0
}

// generation takes the generation that was taken in the stores.
func (n *Node) generation(value uint64) {
	c := &n.change
	c.taking = false
	if c.taken = value; value == 0 {
		c.retry = n.now.Add(n.cfg.Heartbeat)
	}
}

// adopt takes a view that is newer than the one we have.
func (n *Node) adopt(v *View, revision uint64) {
	if n.phase == phaseGoing || !v.Newer(n.view) {
		return
	}
	old := n.view
	n.view, n.viewRev = v, revision
	if old == nil || old.Generation != v.Generation {
		n.since = n.now
	}
	if old == nil || !sameMembers(old, v) {
		n.settledAt = n.now
		n.hear()
	}
	me, member := v.Member(n.self())
	switch {
	case v.Generation != 0 && v.Partitions != n.cfg.Partitions:
		n.refuse(&PartitionsError{Ours: n.cfg.Partitions, Theirs: v.Partitions})
		return
	case member && n.phase == phaseJoining:
		n.phase = phaseMember
	case !member && n.phase == phaseMember && n.leaving:
		n.phase = phaseGoing
	case !member && n.phase == phaseMember:
		n.own.ousted, n.own.due = true, n.now
	}
	n.leaving = n.leaving || member && me.State == Leaving
	n.emit(Changed{v})
	n.recount()
}

func sameMembers(a, b *View) bool {
	if len(a.Members) != len(b.Members) {
		return false
	}
	for i, m := range a.Members {
		if o := b.Members[i]; m.Incarnation != o.Incarnation || m.State != o.State {
			return false
		}
	}
	return true
}

func (n *Node) refuse(err error) {
	n.phase = phaseOver
	n.emit(Refused{err})
}

// propose sends the change of the view that is due, if any.
func (n *Node) propose() {
	c := &n.change
	if c.busy || c.reading || n.now < c.retry || n.phase == phaseOver || n.phase == phaseGoing {
		return
	}
	switch {
	case n.view == nil && c.missing:
		n.send(&View{ID: n.draw(), Partitions: n.cfg.Partitions}, 0)
	case n.view == nil || n.viewRev < c.behind && n.now < c.until:
		c.retry = n.now.Add(n.cfg.Heartbeat / 4)
		n.readView()
	case n.view.Generation == 0:
		n.nameGeneration()
	case !n.quiet():
		n.draft()
	}
}

// quiet says that the view was looked at already, that nothing was to be changed, and that
// nothing has happened since that a change may follow from.
func (n *Node) quiet() bool {
	if n.change.idle != n.view || n.phase != phaseMember || n.leaving || len(n.wanted) > 0 || n.verify.Since != 0 || n.ready {
		return false
	}
	return !slices.ContainsFunc(n.order, func(o *other) bool { return o.member && o.beat.Dead })
}

// nameGeneration gives a new bucket the next generation, which must have been taken
// durably before.
func (n *Node) nameGeneration() {
	c := &n.change
	if c.bucket != n.view.ID && !c.taking {
		// What was taken for another bucket may be lower than what has been used since.
		c.bucket, c.taken = n.view.ID, 0
	}
	if n.cfg.Mutant == MutantReusedGeneration {
		c.taken = 1
	}
	if c.taking {
		return
	}
	if c.taken == 0 {
		c.taking = true
		n.emit(TakeGeneration{})
		return
	}
	d := newDraft(n.view, n.cfg.Mutant)
	d.Generation = c.taken
	n.send(d.view(n.draw()), n.viewRev)
}

// draft changes the view in every way that is due, in one proposal.
func (n *Node) draft() {
	d := newDraft(n.view, n.cfg.Mutant)
	n.draftJoin(d)
	for _, incarnation := range n.dead() {
		d.remove(incarnation, n.cfg.Mutant == MutantKeepPlansForLeavers)
	}
	n.draftStates(d)
	stops := n.draftHandOvers(d)
	n.draftLeave(d)
	if d.changed || n.Coordinates() {
		n.assign(d)
	}
	if n.Coordinates() {
		n.rebalance(d)
	}
	d.changed = d.changed || n.verify.Since != 0
	if !d.changed {
		if !n.Coordinates() || n.mayAssign(d) && n.now.Since(n.settledAt) >= n.cfg.Settle {
			n.change.idle = n.view
		}
		return
	}
	v := d.view(n.draw())
	if n.cfg.Check != nil {
		if err := n.cfg.Check(v); err != nil {
			n.tooMuch(err)
			return
		}
	}
	n.stop(stops)
	n.send(v, n.viewRev)
}

// tooMuch is for a view that must not be written. Who is a member tries again when there
// is another. Who wants to join is refused, once those who are in the view were heard: what
// stands against us may be somebody dead, who is taken out in time.
func (n *Node) tooMuch(err error) {
	unsure := slices.ContainsFunc(n.order, func(o *other) bool { return o.member && o.heard && !o.lives })
	if n.phase == phaseJoining && (!unsure || n.now.Since(n.settledAt) > n.cfg.Takeover+2*n.cfg.Heartbeat) {
		n.refuse(err)
		return
	}
	n.change.retry = n.now.Add(n.cfg.Heartbeat)
}

func (n *Node) send(v *View, expect uint64) {
	n.change.busy = true
	n.write(op{kind: opView, key: ViewKey, view: v}, expect, false, Record{View: v})
}
