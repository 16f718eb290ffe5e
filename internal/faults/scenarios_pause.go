//go:build linux

package faults

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/wire"
)

// lease is how long a heartbeat entitles to act, by default.
const lease = 3 * time.Second

// pauseSilo stops a silo's process in the middle of whatever it does (turns are long, and
// commits take a while to reach the store), and has it go on after others may have taken
// over. Meanwhile nobody writes for a while: what the paused silo had under way then meets
// what its successors have only read.
func pauseSilo(name string, long time.Duration, in set) *scenario {
	l := usual()
	l.hold, l.patience = 400*time.Millisecond, max(8*time.Second, long+4*time.Second)
	const rounds = 1
	return &scenario{
		name: name, about: fmt.Sprintf("SIGSTOP of a silo, mid-turn and mid-commit, and SIGCONT after %s", long),
		in: in, silos: 3, load: l, local: 2,
		inject: func(ctx context.Context, w *world) error {
			for i := range rounds {
				if err := w.pauseOne(ctx, siloName(i), long); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string {
			if long < lease {
				return r.pauseMissing(rounds, long)
			}
			return fewer("silos were declared dead", r.deaths, rounds)
		},
	}
}

// neighbours stops a silo's process for less than a lease: only who calls its own shards
// has to wait.
func neighbours() *scenario {
	const rounds = 3
	l := usual()
	l.hold, l.payers = 0, 0
	return &scenario{
		name: "neighbours", about: "SIGSTOP of a silo for 2.5 s, and how long calls to the others' shards take",
		in: setCI, silos: 3, load: l,
		inject: func(ctx context.Context, w *world) error {
			if err := wait(ctx, 3*time.Second); err != nil { // what is measured first is a cluster that is warm
				return err
			}
			for i := range rounds {
				p := w.silo(siloName(i))
				w.fault()
				w.pauses = append(w.pauses, pause{name: p.spec.Name, view: w.views.now(), from: boottime(), to: boottime() + 2500*time.Millisecond})
				if err := p.signal(syscall.SIGSTOP); err != nil {
					return err
				}
				if err := wait(ctx, 2500*time.Millisecond); err != nil {
					return err
				}
				if err := p.signal(syscall.SIGCONT); err != nil {
					return err
				}
				if err := wait(ctx, 2*time.Second); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string { return r.pauseMissing(rounds, 2500*time.Millisecond) },
		check:   func(w *world, r *report) []string { return r.othersUnmoved(w) },
	}
}

// pauseOne stops a silo whose commits have begun to take a while.
func (w *world) pauseOne(ctx context.Context, name string, long time.Duration) error {
	p := w.silo(name)
	if err := p.tell("slow 300ms"); err != nil {
		return err
	}
	if err := wait(ctx, time.Second); err != nil {
		return err
	}
	w.fault()
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	w.crowd.quiet.Store(true)
	if err := wait(ctx, long); err != nil {
		return err
	}
	if err := p.signal(syscall.SIGCONT); err != nil {
		return err
	}
	if err := wait(ctx, time.Second); err != nil {
		return err
	}
	w.crowd.quiet.Store(false)
	if err := p.tell("slow 0s"); err != nil {
		return err
	}
	return wait(ctx, time.Second)
}

// A pause is a silo's.
type pause struct {
	name     string
	view     *membership.View // at its beginning
	from, to time.Duration
}

// pauseMissing looks for the pauses in what the silos wrote down.
func (r *report) pauseMissing(rounds int, long time.Duration) string {
	last := make(map[string]time.Duration)
	gaps := 0
	for _, p := range r.trace { // sorted
		if before, any := last[p.node]; any && p.at-before > long-100*time.Millisecond {
			gaps++
		}
		last[p.node] = p.at
	}
	return fewer("pauses show in the passes", gaps, rounds)
}

// othersUnmoved compares how long calls to other silos' shards took while one was paused
// with how long they took before: no more than three times as long, at the 99th
// percentile. Callers hold a client, which routes by itself; the door is any silo's.
func (r *report) othersUnmoved(w *world) []string {
	var quiet, paused, door []time.Duration
	for _, o := range r.history {
		if o.kind != opRead && o.kind != opAdd {
			continue
		}
		switch p, in := w.pausedAt(o.call); {
		case in && ownerIn(p.view, o) == p.name:
		case in && w.atDoor(o.caller):
			door = append(door, o.ret-o.call)
		case in:
			paused = append(paused, o.ret-o.call)
		case o.call > r.first && o.call < w.faults[0] && !w.atDoor(o.caller):
			quiet = append(quiet, o.ret-o.call)
		}
	}
	before, during := percentile(quiet, 99), percentile(paused, 99)
	r.figure("a silo is paused: p99 of calls to the others' shards", "%s, and %s when nothing is (at the door: %s)", ms(during), ms(before), ms(percentile(door, 99)))
	if during > 3*before {
		return []string{fmt.Sprintf("calls to shards of other silos took %s at the 99th percentile while one was paused, and %s before", ms(during), ms(before))}
	}
	return nil
}

func (w *world) pausedAt(t time.Duration) (pause, bool) {
	for _, p := range w.pauses {
		if t >= p.from && t < p.to {
			return p, true
		}
	}
	return pause{}, false
}

func ownerIn(v *membership.View, o op) string {
	typ := "faults.v1.Register"
	if o.kind == opAdd {
		typ = "faults.v1.Counter"
	}
	owner, _ := v.Owner(membership.Shard{Type: typ, Partition: int(wire.PartitionOf(typ, o.key, uint32(v.Partitions)))})
	return memberName(v, owner)
}
