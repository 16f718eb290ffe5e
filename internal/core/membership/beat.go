package membership

// ownBeat is this incarnation's own key, and the lease that it earns.
type ownBeat struct {
	revision uint64 // the last that we know to be ours; 0: none yet
	number   uint64 // of the heartbeat there
	sent     uint64 // the highest number given to any heartbeat
	first    Time   // when the first was sent; valid if sent > 0
	busy     bool   // a heartbeat, or a read, is under way
	due      Time   // when the next heartbeat is
	lease    Time   // until when we may act

	// A heartbeat failed on its revision: nothing is sent before the key was read at
	// least at this revision. 0: none failed.
	settle   uint64
	settleBy Time // when to give up: what was told to be there may be gone with a leader
	// A heartbeat's outcome is unknown: the key is read before the next.
	unsure bool
	// A heartbeat failed since the key is missing. Twice in a row is evidence; once may be
	// a server that has just become the leader and has not read all that it will.
	missing bool
	// Since when heartbeats fail on revisions older than the confirmed one; 0: they don't.
	back Time
	// We were taken out of the view, and only a heartbeat tells whether that is so.
	ousted bool
}

// beatIfDue sends a heartbeat, or reads what became of the last one.
func (n *Node) beatIfDue() {
	b := &n.own
	if b.busy || n.now < b.due || n.phase == phaseGoing {
		return
	}
	if n.unconfirmed() {
		return
	}
	b.busy = true
	if b.settle != 0 || b.unsure {
		n.read(op{kind: opReadOwn, key: Key(n.self())})
		return
	}
	if b.sent == 0 {
		b.first = n.now
	}
	b.sent++
	b.due = n.now.Add(n.cfg.Heartbeat)
	beat := Beat{Number: b.sent}
	if n.view != nil {
		beat.Generation, beat.Epoch = n.view.Generation, n.view.Epoch
	}
	n.write(op{kind: opBeat, key: Key(n.self()), beat: b.sent}, b.revision, n.cfg.Mutant == MutantBlindRenewal, Record{Beat: &beat})
}

// unconfirmed ends the node if its very first heartbeat was not confirmed within a lease.
// Somebody may have seen it, and then nothing for the takeover time, and have declared the
// incarnation dead, in a bucket that was lost since. Whoever remembers that would take its
// shards from it in the next.
func (n *Node) unconfirmed() bool {
	if b := &n.own; b.revision != 0 || b.sent == 0 || n.now.Since(b.first) < n.cfg.Lease {
		return false
	}
	n.die("its first heartbeat was not confirmed in time")
	return true
}

func (n *Node) beatWritten(o op, e Wrote) {
	b := &n.own
	b.busy = false
	switch e.Outcome {
	case OK:
		if b.ousted {
			n.die("it was taken out of the view")
			return
		}
		if n.unconfirmed() {
			return
		}
		b.revision, b.number, b.missing, b.back = e.Revision, o.beat, false, 0
		from := o.sent // before it was sent: nobody can have begun to wait for us later
		if n.cfg.Mutant == MutantLeaseFromReceipt {
			from = n.now
		}
		if until := from.Add(n.cfg.Lease); until > b.lease {
			b.lease = until
			n.emit(Lease{until})
		}
	case Conflict:
		switch {
		case e.Revision == 0 && b.missing:
			n.die("its heartbeat is gone: the bucket was lost, or it was declared dead long ago")
		case e.Revision < b.revision && b.back != 0 && n.now.Since(b.back) >= n.cfg.Takeover:
			n.die("its heartbeat went back: the bucket was lost")
		case e.Revision < b.revision:
			if b.back == 0 {
				b.back = n.now
			}
			b.missing, b.unsure = e.Revision == 0, true
			b.due = n.now.Add(n.cfg.Heartbeat / 4)
		case n.cfg.Mutant == MutantOwnLateBeatIsDeath:
			n.die("its heartbeat was changed")
		default:
			b.settle, b.settleBy, b.missing = e.Revision, n.now.Add(n.cfg.Heartbeat), false
			b.due = n.now
		}
	case Unknown:
		b.unsure = true
		b.due = n.now.Add(n.cfg.Heartbeat / 4)
	}
}

// ownRead takes what our own key has. A read may be stale, and is evidence of nothing
// but of a revision that a failed heartbeat has told to be there; or of a tombstone, which
// is for ever.
func (n *Node) ownRead(e Had) {
	b := &n.own
	b.busy = false
	b.due = n.now.Add(n.cfg.Heartbeat / 4)
	if e.Outcome != OK {
		return
	}
	if e.Revision == 0 {
		// Missing, or not there yet. The next heartbeat fails if it is gone.
		b.settle, b.unsure = 0, false
		return
	}
	if e.Revision < b.settle {
		if n.now >= b.settleBy {
			b.settle = 0
		}
		return // older than the failure: again
	}
	settles := b.settle != 0
	b.settle, b.unsure = 0, false
	b.due = n.now
	beat := e.Record.Beat
	switch {
	case beat != nil && beat.Dead, beat == nil && settles:
		n.die("it was declared dead")
	case beat == nil || n.unconfirmed():
	case e.Revision > b.revision && beat.Number >= b.number:
		b.revision, b.number, b.back = e.Revision, beat.Number, 0 // a late one of our own
	case e.Revision > b.revision && settles:
		// What we had confirmed is not there, and one from before is: it has come late to
		// another bucket.
		n.die("its heartbeat went back: the bucket was lost")
	}
}
