package membership

// An op is a write, delete or read under way.
type op struct {
	kind opKind
	key  Key
	sent Time
	beat uint64 // a heartbeat's number
	view *View  // a proposal
}

// opKind is what an op is for.
type opKind int

const (
	opBeat      opKind = iota + 1 // a heartbeat of our own
	opReadOwn                     // what our own key has
	opTombstone                   // another's tombstone
	opReadOther                   // what another's key has
	opView                        // a change of the view
	opReadView                    // what the view is
	opGo                          // the deletion of our own key
	opCollect                     // the deletion of an old tombstone
)

func (n *Node) begin(o op) uint64 {
	n.lastOp++
	o.sent = n.now
	n.ops[n.lastOp] = o
	return n.lastOp
}

func (n *Node) write(o op, expect uint64, blind bool, r Record) {
	n.emit(Write{Op: n.begin(o), Key: o.key, Expect: expect, Blind: blind, Record: r})
}

func (n *Node) read(o op) { n.emit(Read{Op: n.begin(o), Key: o.key}) }

func (n *Node) remove(o op, expect uint64) {
	n.emit(Delete{Op: n.begin(o), Key: o.key, Expect: expect})
}

// end returns the op that an answer is to, if it is under way.
func (n *Node) end(id uint64) (op, bool) {
	o, ok := n.ops[id]
	delete(n.ops, id)
	return o, ok
}

func (n *Node) wrote(e Wrote) {
	o, ok := n.end(e.Op)
	if !ok {
		return
	}
	switch o.kind {
	case opBeat:
		n.beatWritten(o, e)
	case opTombstone:
		n.tombstoneWritten(o, e)
	case opView:
		n.viewWritten(o, e)
	case opGo:
		n.phase = phaseOver
		n.emit(Left{})
	case opCollect, opReadOwn, opReadOther, opReadView:
	}
}

func (n *Node) had(e Had) {
	o, ok := n.end(e.Op)
	if !ok {
		return
	}
	switch o.kind {
	case opReadOwn:
		n.ownRead(e)
	case opReadOther:
		n.otherRead(o, e)
	case opReadView:
		n.viewRead(e)
	case opBeat, opTombstone, opView, opGo, opCollect:
	}
}

// seen takes what was announced. It may be late, so that it never takes anything back. It
// is quiet where it is a sign of life and no more.
func (n *Node) seen(e Seen) (quiet bool) {
	switch {
	case e.Key == ViewKey:
		if e.Record.View != nil {
			n.adopt(e.Record.View, e.Revision)
		}
	case string(e.Key) == n.self():
		if e.Record.Beat == nil || e.Record.Beat.Dead {
			n.own.due = n.now // no evidence, but our next heartbeat's failure will be
		}
	default:
		if o := n.others[string(e.Key)]; o == nil && n.watches || o != nil && o.heard {
			n.otherSeen(string(e.Key), e.Revision, e.Record)
		}
		return e.Record.Beat != nil && !e.Record.Beat.Dead
	}
	return false
}
