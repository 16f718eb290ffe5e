package silo_test

import (
	"slices"
	"testing"
	"time"

	"github.com/teff-dev/teff/silo/silotest"
)

// owners says who owns each of the traffic's shards.
func owners(c *silotest.Cluster) []uint32 {
	for _, table := range c.View().GetTables() {
		if slices.Contains(table.GetTypes(), probeType) {
			return table.GetOwner()
		}
	}
	return nil
}

// Behaviour E1: a silo joins under load. At most 1.25 × N/n shards move, no call fails,
// and what does not move is not touched.
func TestBehaviourE1AJoinUnderLoad(t *testing.T) {
	var seen census
	c := silotest.New(t, silotest.Grains(counting(&seen).kind()), silotest.Heartbeat(steady))
	tr := flood(t, 4, through(c.Silo(0)), through(c.Silo(1)), through(c.Client()), atDoor(c.NATS()), atDoorProto(c.NATS()))
	tr.flow(t, 20*trafficKeys) // all are in memory
	ownersBefore, timesBefore := owners(c), seen.of()
	where := make(map[string]int)
	for key := range timesBefore {
		where[key] = c.Owner(probeType, key)
	}
	joiner := c.Add()
	took := settled(t, c)
	tr.flow(t, 20*trafficKeys)
	tr.stop(t, c.Client())

	moved := 0
	for p, owner := range owners(c) {
		if owner != ownersBefore[p] { // a member's place in the view stays: it is added behind
			moved++
		}
	}
	if most := 1.25 * 1024 / 4; moved == 0 || float64(moved) > most {
		t.Errorf("%d shards moved, want some, and at most %.0f", moved, most)
	}
	touched := 0
	for key, times := range seen.of() {
		if c.Owner(probeType, key) != joiner && times != timesBefore[key] {
			t.Errorf("%s was activated %d times, and %d before, and has not moved", key, times, timesBefore[key])
		}
		if c.Owner(probeType, key) == joiner {
			touched++
		} else if c.Owner(probeType, key) != where[key] {
			t.Errorf("%s has moved from silo %d to %d, and neither is new", key, where[key], c.Owner(probeType, key))
		}
	}
	t.Logf("%d of 1024 shards moved in %s; %d of %d grains", moved, took, touched, len(timesBefore))
}

// Behaviour E2: a silo stops under load. No call fails, whether it comes from a silo, a
// client or the door, or is made by a grain of the silo that stops.
func TestBehaviourE2AStopUnderLoad(t *testing.T) {
	for range 3 {
		t.Run("stop", func(t *testing.T) {
			var seen census
			c := silotest.New(t, silotest.Grains(counting(&seen).kind()), silotest.Heartbeat(steady))
			tr := flood(t, 8, through(c.Silo(0)), through(c.Silo(2)), through(c.Client()), atDoor(c.NATS()), atDoorProto(c.NATS()))
			tr.flow(t, 10*trafficKeys)
			begun := time.Now()
			c.Stop(1)
			t.Logf("it stopped in %s", time.Since(begun))
			settled(t, c)
			tr.flow(t, 10*trafficKeys)
			tr.stop(t, c.Client())
		})
	}
}

// Behaviour E7: a rolling restart of all silos under load. No call fails.
func TestBehaviourE7ARollingRestartUnderLoad(t *testing.T) {
	var seen census
	c := silotest.New(t, silotest.Grains(counting(&seen).kind()), silotest.Heartbeat(steady))
	tr := flood(t, 16, through(c.Client()), through(c.Client()), atDoor(c.NATS()), atDoorProto(c.NATS()))
	for i := range 3 {
		tr.flow(t, 5*trafficKeys)
		c.Stop(i)
		c.Add()
		settled(t, c)
	}
	tr.flow(t, 5*trafficKeys)
	tr.stop(t, c.Client())
	t.Logf("%d grains were activated %d times", len(seen.of()), seen.activated.Load())
}
