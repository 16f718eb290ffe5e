package sim_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/sim"
)

// number reads what make sim was told.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s is no number: %v", name, err)
	}
	return n
}

// search runs seeds, on all processors, and returns the lowest that violates an invariant,
// or none; and what happened in all of them.
func search(opts sim.Options, from, seeds int) (found *sim.Violation, seed int, c sim.Counts) {
	var mu sync.Mutex
	var all sync.WaitGroup
	next := from
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				mu.Lock()
				o := opts
				o.Seed = uint64(next)
				next++
				done := int(o.Seed) >= from+seeds
				mu.Unlock()
				if done {
					return
				}
				r := sim.Run(o)
				mu.Lock()
				c.Add(r.Counts)
				if r.Violation != nil && (found == nil || int(o.Seed) < seed) {
					found, seed = r.Violation, int(o.Seed)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return found, seed, c
}

// All invariants hold, whatever happens. SEEDS says how many seeds, FROM the first, STEPS
// how long they are.
func TestSeeds(t *testing.T) {
	seeds, from := number(t, "SEEDS", 1000/fewer), number(t, "FROM", 0)
	steps := number(t, "STEPS", 0)
	for _, part := range []struct {
		scenario sim.Scenario
		seeds    int
	}{{sim.Mixed, seeds * 8 / 10}, {sim.Calm, seeds / 20}, {sim.Swaps, seeds / 20}, {sim.Outages, seeds / 10}} {
		found, seed, c := search(sim.Options{Scenario: part.scenario, Steps: steps}, from, part.seeds)
		if found != nil {
			t.Errorf("%v, seed %d: %v\nmake sim SCENARIO=%[1]v SEED=%[2]d", part.scenario, seed, found)
		}
		t.Logf("%v, %d seeds: %+v", part.scenario, part.seeds, c)
		if c.Writes == 0 || c.Reads == 0 || c.HandOvers == 0 && part.scenario != sim.Outages {
			t.Errorf("%v: too little happened: %+v", part.scenario, c)
		}
	}
}

// TestOneSeed prints the run that SEED, STEPS, SCENARIO and MUTANT say.
func TestOneSeed(t *testing.T) {
	opts := sim.Options{
		Seed:   uint64(number(t, "SEED", 1)),
		Steps:  number(t, "STEPS", 500),
		Mutant: membership.Mutant(number(t, "MUTANT", 0)),
		Trace:  true,
	}
	if name := os.Getenv("SCENARIO"); name != "" {
		var known bool
		if opts.Scenario, known = sim.ParseScenario(name); !known {
			t.Fatalf("there is no scenario %q", name)
		}
	}
	r := sim.Run(opts)
	if os.Getenv("SEED") != "" {
		for _, line := range r.Trace {
			fmt.Println(line)
		}
		fmt.Printf("%+v\n", r.Counts)
	}
	if r.Violation != nil {
		t.Error(r.Violation)
	}
	again := sim.Run(opts)
	if len(again.Trace) != len(r.Trace) {
		t.Fatalf("the same seed has %d lines, and then %d", len(r.Trace), len(again.Trace))
	}
	for i, line := range r.Trace {
		if again.Trace[i] != line {
			t.Fatalf("the same seed is another run from line %d on:\n%s\n%s", i, line, again.Trace[i])
		}
	}
}
