package sim

import (
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

const (
	defaultSteps = 3000
	// A shard is served so long after the faults have ceased.
	graceAfter = 5 * time.Second
	// And answers in so long.
	probeTime = 3 * time.Second
)

// Run runs many silos through what the options say, and stops where an invariant does not
// hold.
func Run(opts Options) Result {
	w := populate(opts)
	for i, h := range w.hosts {
		at := w.luck.mostlyShort(time.Millisecond, 3*time.Second)
		if i == 0 {
			at = 0 // it hosts everything
		}
		w.after(at, h.start)
	}
	w.after(time.Second, w.client)
	quiet := time.Millisecond
	if opts.Scenario == Outages {
		quiet = 4 * time.Second // all have joined
	}
	w.after(w.luck.mostlyShort(quiet, 6*time.Second), w.faults)
	steps := opts.Steps
	if steps == 0 {
		steps = defaultSteps
	}
	for w.violation == nil && w.counts.Steps < steps {
		w.step()
	}
	w.recover()
	return w.result()
}

// populate makes a world as the seed has it.
func populate(opts Options) *world {
	pick := luck{opts.Seed ^ 0x51a7e}
	if opts.Scenario == Mixed {
		opts.Scenario = []Scenario{Rough, Rough, Buckets, Moves, Pauses, Cuts, Stores}[pick.below(7)]
	}
	hosts := make([][]string, 2+pick.below(3))
	types := 1 + pick.below(2)
	for i := range hosts {
		hosts[i] = []string{"cart"}
		if types == 2 && (i == 0 || pick.below(3) > 0) {
			hosts[i] = []string{"cart", "room"}
		}
	}
	partitions := 2 + pick.below(2)
	if opts.Scenario == Swaps {
		hosts, partitions = [][]string{{"cart"}, {"cart"}}, 2
	}
	w := newWorld(opts, partitions, hosts...)
	w.plan = planOf(opts.Scenario)
	w.real, w.exemptFirst = pick.below(5) == 0, pick.below(3) == 0
	w.reaps, w.chains, w.callEvery, w.callTime = 250, 300, 500*time.Millisecond, 6*time.Second
	switch opts.Scenario {
	case Moves:
		w.real, w.longTurn = false, 3*time.Second
	case Calm, Swaps:
		w.real, w.exempt = false, true
		w.chains, w.callEvery, w.callTime = 900, time.Second, 30*time.Second
		w.longTurn, w.drainTime = 400*time.Millisecond, 4*time.Second
		if opts.Scenario == Swaps {
			w.callEvery, w.longTurn, w.drainTime = 1500*time.Millisecond, 200*time.Millisecond, 2*time.Second
		}
	case Cuts:
		w.weather.mood.acks = giveUp
	case Stores:
		w.real, w.longTurn, w.drainTime = false, 500*time.Millisecond, 200*time.Millisecond
		w.weather.mood.store = 1200 * time.Millisecond
	default:
	}
	return w
}

// recover lets faults cease, and checks that everything does its work again: the rest of
// invariant 7.
func (w *world) recover() {
	if w.violation != nil {
		return
	}
	w.cease()
	w.until(w.now.add(takeover() + takeover()/500 + graceAfter))
	served := make(map[membership.Shard]bool)
	for _, shard := range w.shards {
		if w.violation != nil || !w.hasHost(shard.Type) {
			continue
		}
		w.lastCall++
		c := &call{chain: w.lastCall, shard: shard, write: true, deadline: w.now.add(probeTime)}
		w.place(c, func(r reply) { served[shard] = r.kind == executed })
	}
	w.until(w.now.add(probeTime))
	for _, shard := range w.shards {
		if w.violation == nil && w.hasHost(shard.Type) && !served[shard] {
			w.violate(7, "%s is not served, though faults have ceased", shardName(shard))
		}
	}
	if (w.opts.Scenario == Outages || w.opts.Scenario.calm()) && w.counts.Deaths > 0 {
		w.violate(9, "%d were declared dead, and nobody was", w.counts.Deaths)
	}
	view := w.bucket.now(membership.ViewKey).record.View
	for _, h := range w.hosts {
		if h.up && w.violation == nil && (!isMember(view, h.incarnation) || !h.gate.Open(h.now())) {
			w.violate(7, "%s is up, and has no part in the cluster, though faults have ceased", h.incarnation)
		}
		if w.opts.Scenario == Outages && (h.life != 1 || !h.up) {
			w.violate(9, "%s ended, and there were only outages", h.name)
		}
	}
}

// hasHost says whether anybody is there to serve shards of the type.
func (w *world) hasHost(typ string) bool {
	view := w.bucket.now(membership.ViewKey).record.View
	for _, h := range w.hosts {
		if !h.up {
			continue
		}
		for _, hosted := range h.types {
			if hosted != typ {
				continue
			}
			if view == nil {
				return true
			}
			if m, member := view.Member(h.incarnation); !member || m.State != membership.Leaving {
				return true
			}
		}
	}
	return false
}
