package placement

// Moves says which partitions should leave their owner, and for whom: the result has the
// new owner of each that should move, and nothing for the others.
//
// A partition moves to its target if its owner is not to have any (it leaves), if the
// target has much less than its share, or if the owner has much more. What else differs
// from the targets stays where it is: bounded loads make partitions change places among
// members that nothing has happened to, and that would be work for nothing. So a join
// moves about the joiner's share, N/n, and what is stable stays so.
//
// Partitions without an owner are not moved but assigned, and are counted as their
// target's.
func Moves(owners, targets []string) []string {
	moves := make([]string, len(owners))
	if len(targets) != len(owners) {
		return moves
	}
	loads := make(map[string]int)
	for _, target := range targets {
		loads[target] = 0
	}
	members := len(loads)
	for p, owner := range owners {
		if owner == "" {
			owner = targets[p]
		}
		if _, stays := loads[owner]; stays {
			loads[owner]++
		} else {
			moves[p] = targets[p]
			loads[targets[p]]++
		}
	}
	share := (len(owners) + members - 1) / members
	needy := make(map[string]bool)
	for member, load := range loads {
		needy[member] = 4*load < 3*share
	}
	for p, owner := range owners {
		target := targets[p]
		if owner == "" || owner == target || moves[p] != "" || loads[target] >= share {
			continue
		}
		if needy[target] && loads[owner] > loads[target] || 2*loads[owner] > 3*share+1 {
			moves[p] = target
			loads[owner]--
			loads[target]++
		}
	}
	return moves
}
