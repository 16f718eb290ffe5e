package persistence

import (
	"cmp"
	"fmt"
)

// A Shard is the unit of ownership, fencing and atomic commits: all grains of one
// type whose keys hash to one partition.
type Shard struct {
	Type      string // the grain type, such as bank.v1.Account
	Partition uint32
}

// String returns the shard as TYPE#PARTITION, for logs and errors.
func (s Shard) String() string { return fmt.Sprintf("%s#%d", s.Type, s.Partition) }

// A Fence is a claim's strength: two unsigned numbers, compared in that order.
// Generation grows when the cluster is founded anew, Since with every change of
// the shard's owner.
type Fence struct {
	Generation uint64
	Since      uint64
}

// Compare is negative when f is lower than g, zero when they are equal, positive
// when f is higher.
func (f Fence) Compare(g Fence) int {
	if c := cmp.Compare(f.Generation, g.Generation); c != 0 {
		return c
	}
	return cmp.Compare(f.Since, g.Since)
}

// String returns the fence as 32 hex digits, so that strings compare as fences do.
func (f Fence) String() string { return fmt.Sprintf("%016x%016x", f.Generation, f.Since) }
