package rig

import (
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/persistence"
)

// A Gate is what was passed. It is a letter, for files that people read.
type Gate byte

// The gates, and what else is worth telling beside them.
const (
	Turn   Gate = 'T' // a turn begins
	Call   Gate = 'O' // a turn calls out
	Commit Gate = 'C' // a commit goes to the store
	Reply  Gate = 'R' // an answer leaves
	Loaded Gate = 'L' // no gate: a record was read
	Stored Gate = 'S' // no gate: a record was written
	Fenced Gate = 'F' // no gate: the store refused a commit, a newer owner's fence being there
)

// A Pass is one pass of a gate, in a shard, by its owner as of Fence.
type Pass struct {
	Gate        Gate
	At          membership.Time // the reading of the silo's clock that the gate went by
	Shard       membership.Shard
	Incarnation string
	Fence       persistence.Fence

	// Of Loaded and Stored: which record, and its revision; zero is that there is none.
	Key      persistence.Key
	Revision persistence.Revision
}
