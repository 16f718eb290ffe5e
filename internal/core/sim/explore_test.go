package sim_test

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/sim"
)

// explore shares the runs out among all processors.
func explore(o sim.Small) sim.Explored {
	var mu sync.Mutex
	var all sync.WaitGroup
	var sum sim.Explored
	o.Of = runtime.GOMAXPROCS(0)
	for part := range o.Of {
		all.Go(func() {
			mine := o
			mine.Part = part
			x := sim.Explore(mine)
			mu.Lock()
			defer mu.Unlock()
			sum.Runs += x.Runs
			sum.Points = x.Points
			sum.Counts.Add(x.Counts)
			if x.Violation != nil && sum.Violation == nil {
				sum.Violation, sum.Picks, sum.Trace = x.Violation, x.Picks, x.Trace
			}
		})
	}
	all.Wait()
	return sum
}

// All runs of small worlds in which a few things go wrong, whichever and whenever. DEEP
// goes further.
func TestAllRunsOfSmallWorlds(t *testing.T) {
	t.Parallel()
	worlds := []sim.Small{
		{Silos: 2, Window: time.Second, Deviations: 2},
		{Silos: 3, Window: 2500 * time.Millisecond, Deviations: 1},
	}
	if os.Getenv("DEEP") != "" {
		worlds = []sim.Small{
			{Silos: 2, Window: 3 * time.Second, Deviations: 2},
			{Silos: 3, Window: 5 * time.Second, Deviations: 1},
			{Silos: 3, Window: 1500 * time.Millisecond, Deviations: 2},
		}
	} else if fewer > 1 {
		worlds[0].Deviations = 1
	}
	for _, o := range worlds {
		began := time.Now()
		x := explore(o)
		t.Logf("%+v: %d points, %d runs, %d steps, %v", o, x.Points, x.Runs, x.Counts.Steps, time.Since(began))
		if x.Violation != nil {
			for _, line := range x.Trace {
				fmt.Println(line)
			}
			t.Errorf("%v, with %v", x.Violation, x.Picks)
		}
	}
}

// The small worlds are large enough to show mutants.
func TestAllRunsShowMutants(t *testing.T) {
	t.Parallel()
	for _, m := range []membership.Mutant{
		membership.MutantShortTakeover, membership.MutantBlindRenewal, membership.MutantServeUntilAck,
		membership.MutantForeignHandOver, membership.MutantKeepPlansForLeavers,
	} {
		x := explore(sim.Small{Silos: 2, Window: time.Second, Deviations: 2, Mutant: m})
		if x.Violation == nil {
			t.Errorf("mutant %d is not found in %d runs", m, x.Runs)
			continue
		}
		t.Logf("mutant %d is found in %d runs, with %v: %v", m, x.Runs, x.Picks, x.Violation)
	}
}
