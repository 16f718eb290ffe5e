package sim_test

import (
	"slices"
	"testing"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/sim"
)

// hunt is where a mutant is caught, and by which invariants.
type hunt struct {
	mutant     membership.Mutant
	scenario   sim.Scenario
	seeds      int // at most
	invariants []int
}

func hunts() []hunt {
	return []hunt{
		{membership.MutantShortTakeover, sim.Pauses, 50, []int{1, 7}},
		{membership.MutantBlindTombstone, sim.Pauses, 100, []int{1, 7}},
		{membership.MutantLeaseFromReceipt, sim.Cuts, 100, []int{1, 7}},
		{membership.MutantBlindRenewal, sim.Pauses, 50, []int{7}},
		{membership.MutantTimerWhileCutOff, sim.Outages, 50, []int{9}},
		{membership.MutantServeUntilAck, sim.Calm, 50, []int{1}},
		{membership.MutantSealedRefusesChains, sim.Swaps, 2000, []int{5}},
		{membership.MutantSealedServesOwnChains, sim.Swaps, 2000, []int{5}},
		{membership.MutantKeepPlansForLeavers, sim.Moves, 100, []int{7}},
		{membership.MutantMemberWithoutKeyIsFine, sim.Buckets, 300, []int{7}},
		{membership.MutantOwnLateBeatIsDeath, sim.Moves, 200, []int{9}},
		{membership.MutantTypesShareTables, sim.Calm, 50, []int{1, 2}},
		{membership.MutantForeignHandOver, sim.Calm, 50, []int{1, 2}},
		{membership.MutantReusedGeneration, sim.Buckets, 50, []int{2}},
		{membership.MutantAssignAtOnce, sim.Buckets, 50, []int{1}},
		{membership.MutantNoClaim, sim.Stores, 100, []int{3}},
		{membership.MutantClaimAfterScan, sim.Stores, 500, []int{3}},
		{membership.MutantClaimOnce, sim.Stores, 500, []int{3}},
		{membership.MutantGateOnlyBeforeTurn, sim.Pauses, 300, []int{1, 4, 7}},
		{membership.MutantLateFenceIsZombie, sim.Stores, 500, []int{9}},
	}
}

// catch looks for a seed that shows the mutant, and wants it to break what it should.
func catch(t *testing.T, m membership.Mutant) {
	t.Helper()
	t.Parallel()
	all := hunts()
	h := all[slices.IndexFunc(all, func(h hunt) bool { return h.mutant == m })]
	for seed := range h.seeds {
		opts := sim.Options{Seed: uint64(seed), Scenario: h.scenario, Mutant: m}
		v := sim.Run(opts).Violation
		if v == nil || !slices.Contains(h.invariants, v.Invariant) {
			continue
		}
		t.Logf("%v, seed %d: %v", h.scenario, seed, v)
		opts.Mutant = membership.NoMutant
		if v := sim.Run(opts).Violation; v != nil {
			t.Errorf("seed %d violates an invariant without the mutant, too: %v", seed, v)
		}
		return
	}
	t.Errorf("no violation of invariant %v in %d seeds", h.invariants, h.seeds)
}

// Leases hold as long as clocks run at about the same rate, and no longer: the tests would
// notice.
func TestClocksThatDriftTooMuchAreCaught(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		v := sim.Run(sim.Options{Seed: seed, Scenario: sim.Pauses, Drift: 150_000}).Violation
		if v != nil && (v.Invariant == 1 || v.Invariant == 7) {
			t.Logf("seed %d: %v", seed, v)
			return
		}
	}
	t.Error("clocks drift by 15 %, and nothing is violated")
}

func TestEveryMutantIsHunted(t *testing.T) {
	all := hunts()
	for _, m := range membership.Mutants() {
		if !slices.ContainsFunc(all, func(h hunt) bool { return h.mutant == m }) {
			t.Errorf("nobody hunts mutant %d", m)
		}
	}
}

func TestMutantShortTakeoverIsCaught(t *testing.T)    { catch(t, membership.MutantShortTakeover) }
func TestMutantBlindTombstoneIsCaught(t *testing.T)   { catch(t, membership.MutantBlindTombstone) }
func TestMutantLeaseFromReceiptIsCaught(t *testing.T) { catch(t, membership.MutantLeaseFromReceipt) }
func TestMutantBlindRenewalIsCaught(t *testing.T)     { catch(t, membership.MutantBlindRenewal) }
func TestMutantTimerWhileCutOffIsCaught(t *testing.T) { catch(t, membership.MutantTimerWhileCutOff) }
func TestMutantServeUntilAckIsCaught(t *testing.T)    { catch(t, membership.MutantServeUntilAck) }

func TestMutantSealedRefusesChainsIsCaught(t *testing.T) {
	catch(t, membership.MutantSealedRefusesChains)
}

func TestMutantSealedServesOwnChainsIsCaught(t *testing.T) {
	catch(t, membership.MutantSealedServesOwnChains)
}

func TestMutantKeepPlansForLeaversIsCaught(t *testing.T) {
	catch(t, membership.MutantKeepPlansForLeavers)
}

func TestMutantMemberWithoutKeyIsCaught(t *testing.T) {
	catch(t, membership.MutantMemberWithoutKeyIsFine)
}

func TestMutantOwnLateBeatIsDeathIsCaught(t *testing.T) {
	catch(t, membership.MutantOwnLateBeatIsDeath)
}

func TestMutantTypesShareTablesIsCaught(t *testing.T) { catch(t, membership.MutantTypesShareTables) }
func TestMutantForeignHandOverIsCaught(t *testing.T)  { catch(t, membership.MutantForeignHandOver) }
func TestMutantReusedGenerationIsCaught(t *testing.T) { catch(t, membership.MutantReusedGeneration) }
func TestMutantAssignAtOnceIsCaught(t *testing.T)     { catch(t, membership.MutantAssignAtOnce) }
func TestMutantNoClaimIsCaught(t *testing.T)          { catch(t, membership.MutantNoClaim) }
func TestMutantClaimAfterScanIsCaught(t *testing.T)   { catch(t, membership.MutantClaimAfterScan) }
func TestMutantClaimOnceIsCaught(t *testing.T)        { catch(t, membership.MutantClaimOnce) }

func TestMutantGateOnlyBeforeTurnIsCaught(t *testing.T) {
	catch(t, membership.MutantGateOnlyBeforeTurn)
}

func TestMutantLateFenceIsZombieIsCaught(t *testing.T) {
	catch(t, membership.MutantLateFenceIsZombie)
}
