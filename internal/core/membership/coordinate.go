package membership

import (
	"slices"
	"strings"
)

// mayAssign says whether nobody can hold a lease of an earlier bucket any more. Until
// then a shard without an owner may have one whom this bucket has forgotten.
func (n *Node) mayAssign(d *draft) bool {
	return d.Open || n.cfg.Exempt || n.cfg.ExemptFirst && d.Generation == 1 || n.cfg.Mutant == MutantAssignAtOnce || n.now.Since(n.since) >= n.cfg.Takeover
}

// assign gives every shard without an owner one, if somebody hosts its type.
func (n *Node) assign(d *draft) {
	if !n.mayAssign(d) {
		return
	}
	for _, typ := range d.types() {
		hosts := d.Hosts(typ)
		if len(hosts) == 0 {
			continue
		}
		if t := d.table(typ); t != nil && !slices.Contains(t.Owner, "") {
			continue
		}
		targets := n.targetsOf(hosts)
		for p := range d.Partitions {
			if t := d.table(typ); t == nil || t.Owner[p] == "" {
				d.give(Shard{typ, p}, targets[p])
			}
		}
	}
}

// rebalance plans the moves that bring owners closer to the targets. It waits until the
// members have been the same for a while, so that fifty joins are a few moves.
func (n *Node) rebalance(d *draft) {
	if n.now.Since(n.settledAt) < n.cfg.Settle || !sameMembers(&d.View, d.base) {
		return
	}
	for _, typ := range d.types() {
		t, hosts := d.table(typ), d.Hosts(typ)
		if t == nil {
			continue
		}
		owners := make([]string, d.Partitions) // as they will be
		for p, owner := range t.Owner {
			owners[p] = owner
			if t.Next[p] != "" {
				owners[p] = t.Next[p]
			}
		}
		moves := make([]string, d.Partitions)
		if len(hosts) > 0 {
			moves = n.cfg.Moves(owners, n.targetsOf(hosts))
		}
		n.plan(d, typ, owners, moves)
	}
}

// plan writes moves down. Only an owner makes another the owner: it finds its shard's
// next one in the view.
func (n *Node) plan(d *draft, typ string, owners, moves []string) {
	for p := range d.Partitions {
		t := d.table(typ)
		owner, next := t.Owner[p], t.Next[p]
		if owner == "" || t.Since[p] == d.epoch() {
			continue // who owns it as of this very proposal has yet to begin
		}
		to := next
		switch {
		case moves[p] != "" && d.keeps(owners[p]) && next == "":
			continue // a cordoned owner keeps what it has
		case moves[p] == owner:
			to = ""
		case moves[p] != "":
			to = moves[p]
		case next != "" && !slices.Contains(d.Hosts(typ), next):
			to = "" // there is nobody to take it
		}
		if to != "" && n.cfg.Mutant == MutantForeignHandOver {
			d.give(Shard{typ, p}, to)
			continue
		}
		d.plan(Shard{typ, p}, to)
	}
}

// keeps says whether a member is cordoned.
func (d *draft) keeps(incarnation string) bool {
	m, ok := d.Member(incarnation)
	return ok && m.State == Cordoned
}

// targetsOf remembers the last targets: a ring takes milliseconds to make.
func (n *Node) targetsOf(hosts []string) []string {
	key := strings.Join(hosts, " ")
	targets, ok := n.targets[key]
	if !ok {
		if len(n.targets) > maxTargets || n.targets == nil {
			n.targets = make(map[string][]string)
		}
		targets = n.cfg.Targets(hosts, n.cfg.Partitions)
		n.targets[key] = targets
	}
	return targets
}

// maxTargets is how many sets of hosts are remembered.
const maxTargets = 32
