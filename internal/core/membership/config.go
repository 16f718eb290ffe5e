package membership

import "time"

// Time is a reading of the silo's own monotonic clock, in nanoseconds from any zero. Only
// durations on one machine are ever compared.
type Time int64

// Add returns the time d later.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Since returns how long ago earlier was.
func (t Time) Since(earlier Time) time.Duration { return time.Duration(t - earlier) }

// Config is what a node is made with.
type Config struct {
	Self       Member // State and Joined are the node's to say
	Partitions int    // of each type; a cluster that has another number refuses the node

	Heartbeat time.Duration // H: from one heartbeat to the next
	Lease     time.Duration // TS: for how long one entitles to act, from before it was sent
	Takeover  time.Duration // TO: for how long one must be seen unchanged; see MinTakeover
	Settle    time.Duration // for how long the members must stay the same before shards move

	// Watchmen is how many members from either end of the view listen to everybody, and
	// everybody to them: 2. With all listening to all, fifty silos would hear five thousand
	// heartbeats a second. The oldest coordinate; the newest are there where the others are
	// all gone, as after a restart of everything.
	Watchmen int

	// Exempt: nobody can hold a lease of an earlier bucket, so that owners may be assigned
	// at once in a new one. ExemptFirst: the same where the generation is 1, which the
	// stores give only once: nobody was there before.
	Exempt, ExemptFirst bool

	// Targets says who of the members should own each partition of a type.
	Targets func(members []string, partitions int) []string
	// Moves says which partitions should leave their owner, and for whom.
	Moves func(owners, targets []string) []string
	// Check says why a view must not be written, such as that it would be too large.
	Check func(*View) error

	Luck   uint64 // the seed of all random choices
	Mutant Mutant // what to do wrong; tests only
}

// MinTakeover is the shortest time after which nobody can hold a lease of that length any
// more, if clocks drift by a thousandth and a compare-and-set takes effect before a tenth
// of the lease has passed: TO ≥ TS·(1+ρ)/(1−ρ)+δ.
func MinTakeover(lease time.Duration) time.Duration {
	const drift = 1e-3
	return time.Duration(float64(lease)*(1+drift)/(1-drift)) + lease/10
}

// A Mutant is a way to break the protocol, for the tests that must notice.
type Mutant int

// The mutants, each named for what it does wrong.
const (
	NoMutant                     Mutant = iota
	MutantShortTakeover                 // TO < TS
	MutantBlindTombstone                // a tombstone whatever the key's revision is
	MutantLeaseFromReceipt              // a lease counted from the acknowledgement
	MutantBlindRenewal                  // a heartbeat that expects no revision
	MutantTimerWhileCutOff              // silence counted while disconnected
	MutantServeUntilAck                 // serving until a hand-over is acknowledged
	MutantSealedRefusesChains           // a sealed shard refuses calls of running chains
	MutantKeepPlansForLeavers           // next[p] names somebody who is no member
	MutantMemberWithoutKeyIsFine        // a member without a key is never declared dead
	MutantOwnLateBeatIsDeath            // one's own late heartbeat taken for a tombstone
	MutantTypesShareTables              // types moved between tables
	MutantForeignHandOver               // an owner changed by the coordinator
	MutantReusedGeneration              // a generation kept in the bucket
	MutantAssignAtOnce                  // an owner assigned in a new bucket without waiting
	MutantNoClaim                       // shards are used without a claim
	MutantClaimAfterScan                // a shard is claimed after it was read
	MutantClaimOnce                     // a claim is not repeated for a new since
	MutantGateOnlyBeforeTurn            // the lease is not checked before a reply or commit
	MutantLateFenceIsZombie             // any fence is taken for a newer owner's
	MutantSealedServesOwnChains         // a sealed shard refuses chains that run on other silos only
	mutants
)

// Mutants are all of them.
func Mutants() []Mutant {
	all := make([]Mutant, 0, mutants-1)
	for m := NoMutant + 1; m < mutants; m++ {
		all = append(all, m)
	}
	return all
}
