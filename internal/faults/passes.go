//go:build linux

package faults

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/persistence"
)

// A holder is a tenure of a shard, as its passes name it.
type holder struct {
	incarnation string
	fence       persistence.Fence
}

func (p pass) holder() holder { return holder{p.Incarnation, p.Fence} }

// isGate says that the pass is one, and nothing that is told beside.
func (p pass) isGate() bool {
	switch p.Gate {
	case rig.Turn, rig.Call, rig.Commit, rig.Reply:
		return true
	default:
		return false
	}
}

// most is how many sentences of one kind are worth reading.
const most = 5

// oneAtATime returns a sentence for each pass of a shard's gate by somebody whose successor
// had passed before. Reborn says that fences may begin anew, the store having been lost.
func oneAtATime(all []pass, reborn bool) []string {
	slices.SortStableFunc(all, func(a, b pass) int { return cmp.Compare(a.at, b.at) })
	last := make(map[membership.Shard]pass)
	over := make(map[membership.Shard]map[holder]pass) // by whom each was succeeded
	var bad []string
	for _, p := range all {
		if !p.isGate() {
			continue
		}
		if successor, succeeded := over[p.Shard][p.holder()]; succeeded {
			bad = append(bad, fmt.Sprintf("%s/%d: %s passed gate %c under %s %s after %s had passed one under %s",
				p.Shard.Type, p.Shard.Partition, p.node, p.Gate, p.Fence, (p.at-successor.at).Round(time.Microsecond), successor.node, successor.Fence))
			continue
		}
		before, any := last[p.Shard]
		if any && before.holder() != p.holder() {
			if !reborn && before.Fence.Compare(p.Fence) >= 0 {
				bad = append(bad, fmt.Sprintf("%s/%d: %s has the fence %s, and %s had %s before", p.Shard.Type, p.Shard.Partition, p.node, p.Fence, before.node, before.Fence))
			}
			if over[p.Shard] == nil {
				over[p.Shard] = make(map[holder]pass)
			}
			over[p.Shard][before.holder()] = p
		}
		last[p.Shard] = p
	}
	return shorten(bad)
}

// noLateCommit returns a sentence for each commit under a fence that came after somebody
// with a higher one had read or written the record: after a claim no commit with a lower
// fence succeeds.
func noLateCommit(all []pass) []string {
	type record struct {
		shard membership.Shard
		key   persistence.Key
	}
	records := make(map[record][]pass)
	for _, p := range all {
		if p.Gate == rig.Loaded || p.Gate == rig.Stored {
			r := record{p.Shard, p.Key}
			records[r] = append(records[r], p)
		}
	}
	var bad []string
	for r, events := range records {
		slices.SortStableFunc(events, func(a, b pass) int {
			// What was read at a revision was read after it was written.
			return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(b.Gate, a.Gate))
		})
		highest := events[0]
		for _, p := range events[1:] {
			if p.Gate == rig.Stored && p.Fence.Compare(highest.Fence) < 0 {
				bad = append(bad, fmt.Sprintf("%s/%s: %s committed revision %d under %s, and %s had seen revision %d under %s",
					r.shard.Type, r.key.Grain, p.node, p.Revision, p.Fence, highest.node, highest.Revision, highest.Fence))
			}
			if p.Fence.Compare(highest.Fence) > 0 {
				highest = p
			}
		}
	}
	return shorten(bad)
}

func shorten(bad []string) []string {
	slices.Sort(bad)
	if n := len(bad); n > most {
		bad = append(bad[:most:most], fmt.Sprintf("… and %d more like these", n-most))
	}
	return bad
}

// countPasses counts what f says yes to.
func countPasses(all []pass, f func(pass) bool) (n int) {
	for _, p := range all {
		if f(p) {
			n++
		}
	}
	return n
}
