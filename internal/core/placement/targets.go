package placement

import (
	"slices"

	"github.com/buraksezer/consistent"
	"github.com/cespare/xxhash/v2"
)

// How the ring is made. With 100 points a member, and at most a quarter more than the
// average load, a join moves 0.95 to 1.05 times the ideal number of partitions, up to 30
// members.
const (
	pointsPerMember = 100
	loadFactor      = 1.25
)

// Targets returns the member that should own each partition: consistent hashing with
// bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2016), as buraksezer/consistent has
// it. The same members in any order give the same targets; without members there are
// none.
//
// Only the coordinator calls it, and everybody else reads what became of it in the view,
// so that two releases that hash differently cannot disagree about an owner.
func Targets(members []string, partitions int) []string {
	if len(members) == 0 {
		return nil
	}
	names := slices.Compact(slices.Sorted(slices.Values(members)))
	if len(names) > partitions {
		// The library panics where members outnumber partitions; there is no more than
		// one for each, and those that come first get it.
		names = names[:partitions]
	}
	ring := make([]consistent.Member, len(names))
	for i, name := range names {
		ring[i] = member(name)
	}
	c := consistent.New(ring, consistent.Config{
		Hasher:            hasher{},
		PartitionCount:    partitions,
		ReplicationFactor: pointsPerMember,
		Load:              loadFactor,
	})
	targets := make([]string, partitions)
	for p := range targets {
		targets[p] = c.GetPartitionOwner(p).String()
	}
	return targets
}

type member string

func (m member) String() string { return string(m) }

type hasher struct{}

func (hasher) Sum64(data []byte) uint64 { return xxhash.Sum64(data) }
