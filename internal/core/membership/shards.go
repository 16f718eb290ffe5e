package membership

import (
	"maps"
	"slices"
)

// held is a shard that this silo owns, as far as it has seen.
type held struct {
	since   uint64
	sealed  bool
	next    string // who is to get it; valid if sealed
	drained bool   // nothing runs in it; valid if sealed
	handing bool   // a hand-over was sent, and no newer view seen
}

// recount holds what we own against the newest view, and says what changed.
func (n *Node) recount() {
	var lose, unseal []Shard
	var own []Owned
	var seal []Sealed
	for _, s := range n.heldShards() {
		if owner, since := n.view.Owner(s); owner != n.self() || since != n.shards[s].since {
			delete(n.shards, s)
			lose = append(lose, s)
		}
	}
	for _, typ := range n.view.types() {
		t := n.view.Tables[typ]
		if t == nil {
			continue
		}
		for p, owner := range t.Owner {
			if owner != n.self() {
				continue
			}
			s := Shard{typ, p}
			h := n.shards[s]
			if h == nil {
				h = &held{since: t.Since[p]}
				n.shards[s] = h
				own = append(own, Owned{s, h.since})
			}
			switch goes := t.Next[p] != "" || n.orphaned(typ); {
			case goes && (!h.sealed || h.handing || h.next != t.Next[p]):
				h.sealed, h.drained, h.handing, h.next = true, false, false, t.Next[p]
				seal = append(seal, Sealed{s, h.next})
			case !goes && h.sealed:
				h.sealed, h.drained, h.handing, h.next = false, false, false, ""
				unseal = append(unseal, s)
			}
		}
	}
	n.ready = false
	for _, h := range n.shards {
		n.ready = n.ready || h.sealed && h.drained
	}
	n.explainFence()
	n.emitShards(lose, own, unseal, seal)
}

func (n *Node) emitShards(lose []Shard, own []Owned, unseal []Shard, seal []Sealed) {
	if len(lose) > 0 {
		n.emit(Lose{lose})
	}
	if len(own) > 0 {
		n.emit(Own{own})
	}
	if len(unseal) > 0 {
		n.emit(Unseal{unseal})
	}
	if len(seal) > 0 {
		n.emit(Seal{seal})
	}
}

// orphaned says that we leave and nobody is there to take shards of the type: they are
// given to nobody.
func (n *Node) orphaned(typ string) bool {
	me, ok := n.view.Member(n.self())
	return ok && me.State == Leaving && len(n.view.Hosts(typ)) == 0
}

func (n *Node) heldShards() []Shard {
	return slices.SortedFunc(maps.Keys(n.shards), func(a, b Shard) int {
		switch {
		case a.Type < b.Type:
			return -1
		case a.Type > b.Type:
			return 1
		default:
			return a.Partition - b.Partition
		}
	})
}

// drained notes that nothing runs in sealed shards.
func (n *Node) drained(shards []Shard) {
	for _, s := range shards {
		if h := n.shards[s]; h != nil && h.sealed {
			h.drained, n.ready = true, true
		}
	}
}

// draftHandOvers gives drained shards to those who are to get them, and returns those
// that must stop before the proposal is sent.
func (n *Node) draftHandOvers(d *draft) (stops []Shard) {
	for _, s := range n.heldShards() {
		h := n.shards[s]
		if !h.sealed || !h.drained {
			continue
		}
		t := d.table(s.Type)
		if t == nil || t.Owner[s.Partition] != n.self() || t.Next[s.Partition] != h.next {
			continue // this very proposal changes it otherwise
		}
		if _, member := d.Member(h.next); !member && h.next != "" && n.cfg.Mutant != MutantKeepPlansForLeavers {
			continue
		}
		d.give(s, h.next)
		stops = append(stops, s)
	}
	return stops
}

// stop ends all work in shards whose hand-over is about to be sent: from then on they may
// be somebody else's at any moment.
func (n *Node) stop(shards []Shard) {
	if n.cfg.Mutant == MutantServeUntilAck {
		return
	}
	var fresh []Shard
	for _, s := range shards {
		if h := n.shards[s]; !h.handing {
			h.handing = true
			fresh = append(fresh, s)
		}
	}
	if len(fresh) > 0 {
		n.emit(Stop{fresh})
	}
}

// stopHandedOver is the mutant's stop, which comes with the acknowledgement.
func (n *Node) stopHandedOver(v *View) {
	var gone []Shard
	for _, s := range n.heldShards() {
		if owner, _ := v.Owner(s); owner != n.self() {
			gone = append(gone, s)
		}
	}
	if len(gone) > 0 {
		n.emit(Stop{gone})
	}
}

// fenced takes the store's refusal. Where the shard is not ours any more, or is since
// another epoch, or is being handed over, that is as it should be. Otherwise somebody
// has a newer fence for what the newest view we know says is ours.
func (n *Node) fenced(e Fenced) {
	h := n.shards[e.Shard]
	switch {
	case h == nil || n.verify.Since != 0:
	case n.cfg.Mutant == MutantLateFenceIsZombie:
		n.die("the store knows a newer owner of one of its shards")
	case h.since == e.Since && !h.handing:
		n.verify = e
		n.readView()
	}
}

// explainFence drops the question once the view answers it. A read may be stale, so that
// only a change of the view that is accepted shows that it is the newest; see viewWritten.
func (n *Node) explainFence() {
	if n.verify.Since == 0 {
		return
	}
	if h := n.shards[n.verify.Shard]; h == nil || h.since != n.verify.Since || h.handing {
		n.verify = Fenced{}
	}
}
