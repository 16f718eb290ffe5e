package membership

import (
	"slices"
	"strings"
	"time"
)

// other is another incarnation's key, as we see it.
type other struct {
	incarnation string

	revision uint64 // the newest seen; 0: none, or it is not there
	beat     Beat
	at       Time // since when it is seen at this revision
	busy     bool // a tombstone or a read is under way
	deadAt   Time // when the tombstone was seen
	reaped   bool // its process is gone: no need to wait
	member   bool // of the newest view
	heard    bool // we listen to it; see hear
	lives    bool // it has given a sign of life since we first saw it
}

// collectAfter is after how many takeover times a tombstone of somebody who is in no
// view is deleted.
const collectAfter = 10

// watch begins to observe an incarnation.
func (n *Node) watch(incarnation string) *other {
	o := n.others[incarnation]
	if o == nil {
		o = &other{incarnation: incarnation, at: n.now, member: n.view.index(incarnation) >= 0, heard: n.watches}
		n.others[incarnation] = o
		at, _ := slices.BinarySearchFunc(n.order, incarnation, byName)
		n.order = slices.Insert(n.order, at, o)
	}
	return o
}

func byName(o *other, incarnation string) int { return strings.Compare(o.incarnation, incarnation) }

func (n *Node) forget(incarnation string) {
	delete(n.others, incarnation)
	if at, ok := slices.BinarySearchFunc(n.order, incarnation, byName); ok {
		n.order = slices.Delete(n.order, at, at+1)
	}
}

func (n *Node) readOther(incarnation string) {
	if o := n.watch(incarnation); !o.busy {
		o.busy = true
		n.read(op{kind: opReadOther, key: Key(incarnation)})
	}
}

// hear decides whom we listen to in a new view. Whoever is new to us is read, and the time
// counts from then.
func (n *Node) hear() {
	ends, last := n.cfg.Watchmen, len(n.view.Members)-n.cfg.Watchmen
	watchman := func(at int) bool { return at >= 0 && (at < ends || at >= last) }
	n.watches = watchman(n.view.index(n.self()))
	for _, m := range n.view.Members {
		if m.Incarnation != n.self() {
			n.watch(m.Incarnation)
		}
	}
	var names []string
	for _, o := range n.order {
		at := n.view.index(o.incarnation)
		was := o.heard
		o.member, o.heard = at >= 0, n.watches || watchman(at)
		if o.heard {
			names = append(names, o.incarnation)
		}
		if o.heard && !was {
			o.at = n.now
		}
	}
	if n.watches {
		n.emit(Hear{All: true})
	} else {
		n.emit(Hear{Incarnations: names})
	}
	for _, o := range slices.Clone(n.order) {
		if o.heard && (o.at == n.now || o.revision == 0) {
			n.readOther(o.incarnation)
		}
	}
}

// otherSeen takes a revision of another's key. The time counts from its receipt.
func (n *Node) otherSeen(incarnation string, revision uint64, r Record) {
	o := n.watch(incarnation)
	if revision <= o.revision {
		return
	}
	o.lives = o.revision != 0 && r.Beat != nil && !r.Beat.Dead
	o.revision, o.at = revision, n.now
	if r.Beat == nil { // deleted: there is a revision, and no heartbeat
		o.beat = Beat{}
		if !o.member {
			n.forget(incarnation)
		}
		return
	}
	if r.Beat.Dead && !o.beat.Dead {
		o.deadAt = n.now
	}
	o.beat = *r.Beat
	if n.view != nil && (&View{Generation: o.beat.Generation, Epoch: o.beat.Epoch}).Newer(n.view) {
		n.readView() // we missed one
	}
}

func (n *Node) otherRead(p op, e Had) {
	incarnation := string(p.key)
	o := n.others[incarnation]
	if o == nil {
		return
	}
	o.busy = false
	switch {
	case e.Outcome != OK:
	case e.Revision != 0:
		n.otherSeen(incarnation, e.Revision, e.Record)
	case !o.member:
		n.forget(incarnation) // neither a member nor a key
	}
}

// observe declares dead who was not heard of for the takeover time, and collects what
// is left of the dead.
func (n *Node) observe() {
	if n.phase == phaseGoing {
		return
	}
	for at := 0; at < len(n.order); at++ {
		o := n.order[at]
		incarnation, member := o.incarnation, o.member
		switch {
		case o.busy:
		case !o.heard && !o.reaped && !o.beat.Dead:
		case o.beat.Dead:
			if !member && n.Coordinates() && n.now.Since(o.deadAt) > collectAfter*n.cfg.Takeover {
				n.remove(op{kind: opCollect, key: Key(incarnation)}, o.revision)
				n.forget(incarnation)
				at--
			}
		case n.silence(o) >= n.takeover():
			if !member && o.beat == (Beat{}) {
				n.forget(incarnation) // there is nothing, and nobody misses it
				at--
				continue
			}
			if o.revision == 0 && n.cfg.Mutant == MutantMemberWithoutKeyIsFine {
				continue
			}
			o.busy = true
			tombstone := o.beat
			tombstone.Dead = true
			n.write(op{kind: opTombstone, key: Key(incarnation)}, o.revision, n.cfg.Mutant == MutantBlindTombstone, Record{Beat: &tombstone})
		}
	}
}

// reap declares an incarnation dead whose process is known to be gone.
func (n *Node) reap(incarnation string) {
	if incarnation == n.self() {
		return
	}
	n.watch(incarnation).reaped = true
	if n.connected {
		n.readOther(incarnation)
	}
}

// silence is for how long we could have heard of o, and did not.
func (n *Node) silence(o *other) time.Duration {
	if o.reaped && o.revision != 0 {
		return n.takeover()
	}
	from := max(o.at, n.connectedAt)
	if n.cfg.Mutant == MutantTimerWhileCutOff {
		from = o.at
	}
	return n.now.Since(from)
}

func (n *Node) takeover() time.Duration {
	if n.cfg.Mutant == MutantShortTakeover {
		return n.cfg.Lease / 2
	}
	return n.cfg.Takeover
}

func (n *Node) tombstoneWritten(p op, e Wrote) {
	incarnation := string(p.key)
	o := n.others[incarnation]
	if o == nil {
		return
	}
	o.busy = false
	if e.Outcome == OK {
		dead := o.beat
		dead.Dead = true
		n.otherSeen(incarnation, e.Revision, Record{Beat: &dead})
		return
	}
	// It lives, or somebody else was quicker, or nobody knows: start over. If there is no
	// key at all, what we knew was another bucket's.
	if o.at = n.now; e.Outcome == Conflict && e.Revision == 0 {
		o.revision, o.beat = 0, Beat{}
	}
	n.readOther(incarnation)
}

// dead are the members whose tombstones we have seen, and whom it is on us to take out:
// the coordinator's at once, the others' a heartbeat later, so that not all try together.
func (n *Node) dead() []string {
	var dead []string
	for _, o := range n.order {
		if o.member && o.beat.Dead && (n.Coordinates() || n.now.Since(o.deadAt) >= n.cfg.Heartbeat) {
			dead = append(dead, o.incarnation)
		}
	}
	return dead
}
