package sim

import (
	"fmt"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// Options say which run it is. The same options give the same run.
type Options struct {
	Seed     uint64
	Steps    int      // events while there are faults; 0: 3000
	Scenario Scenario // which faults; 0: Mixed
	Mutant   membership.Mutant
	Trace    bool // keep a line of everything that happens
	Drift    int  // how much faster or slower clocks may run, in millionths; 0: what the protocol assumes
}

// A Scenario is a mix of faults.
type Scenario int

// The scenarios.
const (
	Mixed   Scenario = iota // one of those in which something goes wrong, by the seed
	Rough                   // everything
	Calm                    // moves, joins and leaves, and nothing goes wrong
	Outages                 // nothing but restarts of NATS
	Buckets                 // lost buckets, restarts, cut links
	Moves                   // many moves, a slow store, long turns
	Pauses                  // pauses, cut links, clocks that drift
	Cuts                    // long cuts, while answers are slow
	Stores                  // many moves, and a store that takes its time
	Swaps                   // two silos change shards again and again, and nothing goes wrong
)

func (s Scenario) String() string {
	return [...]string{"mixed", "rough", "calm", "outages", "buckets", "moves", "pauses", "cuts", "stores", "swaps"}[s]
}

// calm says that nothing goes wrong.
func (s Scenario) calm() bool { return s == Calm || s == Swaps }

// ParseScenario is the inverse of String.
func ParseScenario(name string) (s Scenario, known bool) {
	for s := Mixed; s <= Swaps; s++ {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}

// Counts say how much happened in a run.
type Counts struct {
	Steps     int
	Views     int // views that were accepted
	Passes    int // gates passed
	Writes    int // acknowledged
	Reads     int // acknowledged
	Refused   int // answers "not executed"
	Lost      int // calls whose outcome the caller does not know
	Deaths    int // incarnations declared dead
	Buckets   int // lost
	HandOvers int
	Time      time.Duration // of the world
}

// Add sums counts up.
func (c *Counts) Add(o Counts) {
	c.Steps += o.Steps
	c.Views += o.Views
	c.Passes += o.Passes
	c.Writes += o.Writes
	c.Reads += o.Reads
	c.Refused += o.Refused
	c.Lost += o.Lost
	c.Deaths += o.Deaths
	c.Buckets += o.Buckets
	c.HandOvers += o.HandOvers
	c.Time += o.Time
}

// A Violation is an invariant that did not hold.
type Violation struct {
	Invariant int // as numbered in the package's documentation
	What      string
	Step      int
	At        time.Duration
}

// Error says what went wrong.
func (v *Violation) Error() string {
	return fmt.Sprintf("invariant %d, step %d, %v: %s", v.Invariant, v.Step, v.At, v.What)
}

// A Result is what became of a run.
type Result struct {
	Violation *Violation // nil: none
	Trace     []string
	Counts    Counts
}
