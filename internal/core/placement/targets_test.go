package placement_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/teff-dev/teff/internal/core/placement"
)

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("SILO%d", i) // names that end in digits once collided
	}
	return all
}

// settle does what Moves says.
func settle(owners, targets []string) (moved int) {
	for p, to := range placement.Moves(owners, targets) {
		if owners[p] == "" {
			owners[p] = targets[p]
		} else if to != "" {
			owners[p] = to
			moved++
		}
	}
	return moved
}

// Invariant 8: a join moves at most 1.25 × N/n partitions.
func TestAJoinMovesLittle(t *testing.T) {
	for _, partitions := range []int{1024, 4096} {
		owners := make([]string, partitions)
		for n := 1; n <= 50; n++ {
			targets := placement.Targets(names(n), partitions)
			moved := settle(owners, targets)
			moved += settle(owners, targets)
			if limit := 1.25 * float64(partitions) / float64(n); float64(moved) > limit {
				t.Errorf("%d partitions: the join of member %d moves %d, more than %.0f", partitions, n, moved, limit)
			}
			if again := settle(owners, targets); again != 0 {
				t.Errorf("%d partitions, %d members: %d move for ever", partitions, n, again)
			}
			checkLoads(t, owners, n)
		}
	}
}

func TestALeaverLosesAllAndNobodyElseMuch(t *testing.T) {
	const partitions = 1024
	for n := 2; n <= 20; n++ {
		owners := make([]string, partitions)
		settle(owners, placement.Targets(names(n), partitions))
		before := slices.Clone(owners)
		targets := placement.Targets(names(n)[1:], partitions)
		settle(owners, targets)
		others := 0
		for p := range owners {
			switch {
			case owners[p] == "SILO0":
				t.Fatalf("partition %d stays with the leaver", p)
			case before[p] != "SILO0" && before[p] != owners[p]:
				others++
			}
		}
		if others > partitions/10 {
			t.Errorf("%d members: one leaves, and %d partitions of others move", n, others)
		}
	}
}

func checkLoads(t *testing.T, owners []string, members int) {
	t.Helper()
	loads := make(map[string]int)
	for _, owner := range owners {
		loads[owner]++
	}
	limit := 3*((len(owners)+members-1)/members)/2 + 1
	for owner, load := range loads {
		if load > limit {
			t.Errorf("%s of %d has %d of %d partitions, more than %d", owner, members, load, len(owners), limit)
		}
	}
}

func TestNobodyIsOverloaded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "members")
		partitions := rapid.IntRange(1, 300).Draw(t, "partitions")
		members := names(n)
		targets := placement.Targets(members, partitions)
		loads := make(map[string]int)
		for _, owner := range targets {
			if !slices.Contains(members, owner) {
				t.Fatalf("%q is no member", owner)
			}
			loads[owner]++
		}
		limit := int(math.Ceil(1.25 * float64(partitions) / float64(min(n, partitions))))
		for owner, load := range loads {
			if load > limit {
				t.Fatalf("%s has %d of %d partitions, more than %d", owner, load, partitions, limit)
			}
		}
		slices.Reverse(members)
		if !slices.Equal(targets, placement.Targets(members, partitions)) {
			t.Fatal("the order of the members matters")
		}
	})
}

func TestNoMembersNoTargets(t *testing.T) {
	if got := placement.Targets(nil, 8); got != nil {
		t.Errorf("got %v", got)
	}
}

func BenchmarkTargets(b *testing.B) {
	for _, n := range []int{3, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			members := names(n)
			for b.Loop() {
				placement.Targets(members, 1024)
			}
		})
	}
}
