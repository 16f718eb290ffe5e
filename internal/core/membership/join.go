package membership

import "fmt"

// PartitionsError is why a silo with another number of partitions may not join.
type PartitionsError struct{ Ours, Theirs int }

// Error says what to do.
func (e *PartitionsError) Error() string {
	return fmt.Sprintf("the cluster has %d partitions a type for the life of its data, and this silo is configured with %d: set Config.Partitions to %d", e.Theirs, e.Ours, e.Theirs)
}

// draftJoin enters this incarnation, once it has a key and a lease.
func (n *Node) draftJoin(d *draft) {
	if n.phase == phaseJoining && !n.leaving && n.own.revision != 0 && n.now < n.own.lease {
		d.join(n.cfg.Self)
	}
}

// draftStates does what administrators want.
func (n *Node) draftStates(d *draft) {
	for _, m := range n.view.Members {
		want, ok := n.wanted[m.Incarnation]
		if !ok {
			continue
		}
		if m.State == want || m.State == Leaving {
			delete(n.wanted, m.Incarnation)
			continue
		}
		d.setState(m.Incarnation, want)
	}
}

// draftLeave says that this incarnation leaves, and takes it out once it owns nothing.
func (n *Node) draftLeave(d *draft) {
	if !n.leaving || n.phase != phaseMember {
		return
	}
	d.setState(n.self(), Leaving)
	if !d.Owns(n.self()) {
		d.remove(n.self(), n.cfg.Mutant == MutantKeepPlansForLeavers)
	}
}

// leaveIfOut deletes our key once we are out of the view, or never were in it. That we
// are out is known by our own change of the view, or by a newer one.
func (n *Node) leaveIfOut() {
	if n.phase == phaseJoining && n.leaving && !n.change.busy {
		n.phase = phaseGoing
	}
	if n.phase != phaseGoing || n.own.busy {
		return
	}
	n.own.busy = true // for good
	if n.own.revision == 0 {
		n.phase = phaseOver
		n.emit(Left{})
		return
	}
	n.remove(op{kind: opGo, key: Key(n.self())}, n.own.revision)
}
