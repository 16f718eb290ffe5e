package sim

import (
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/placement"
)

// world is everything there is.
type world struct {
	opts   Options
	luck   luck
	fate   fate
	now    instant
	queue  queue
	bucket bucket
	store  store
	hosts  []*host
	alive  map[string]*host // by incarnation

	shards              []membership.Shard
	partitions          int
	exempt, exemptFirst bool
	real                bool // placement as it is, not by whim
	drainTime           time.Duration
	longTurn            time.Duration
	whim                int           // shifts who should own what
	callEvery           time.Duration // at most
	callTime            time.Duration // for how long a caller waits
	reaps               int           // so many of a thousand crashes are seen by a supervisor
	chains              int           // so many of a thousand calls go to a grain that makes another

	plan    plan
	weather weather
	ceased  bool // no more faults

	firstDrift int // in which way clocks drift, where that is explored

	lastCall, lastAttempt int

	checker
}

// newWorld makes a world of silos that host the types given, none of which runs yet.
func newWorld(opts Options, partitions int, hosts ...[]string) *world {
	w := &world{
		opts: opts, luck: luck{opts.Seed}, partitions: partitions,
		alive:     make(map[string]*host),
		drainTime: drainTime, longTurn: 200 * time.Millisecond,
		checker: newChecker(),
	}
	w.weather = weather{&w.luck, calmMood()}
	w.fate = &w.weather
	w.bucket.up, w.store.up = true, true
	w.bucket.lose(&w.luck)
	w.store.shards = make(map[membership.Shard]*stored)
	types := make(map[string]bool)
	for i, hosted := range hosts {
		h := &host{w: w, name: string(rune('A' + i)), types: hosted}
		h.clock = w.anyClock()
		w.hosts = append(w.hosts, h)
		for _, typ := range hosted {
			if !types[typ] {
				types[typ] = true
				for p := range partitions {
					w.shards = append(w.shards, membership.Shard{Type: typ, Partition: p})
				}
			}
		}
	}
	return w
}

// assumedDrift is ρ, in millionths.
const assumedDrift = 1000

func (w *world) anyClock() clock {
	drift := w.opts.Drift
	if drift == 0 {
		drift = assumedDrift
	}
	c := clock{zero: membership.Time(w.luck.draw() % (1 << 50))}
	switch w.luck.below(3) { // those that differ most break most
	case 0:
		c.drift = int64(drift)
	case 1:
		c.drift = -int64(drift)
	default:
		c.drift = int64(w.luck.below(2*drift+1) - drift)
	}
	return c
}

func (w *world) push(e event) { w.queue.push(e) }

// after lets something happen to the world.
func (w *world) after(d time.Duration, do func()) { w.push(event{at: w.now.add(d), do: do}) }

// at lets something happen to a host in real time, or to the world if it is nil.
func (w *world) at(h *host, d time.Duration, do func()) {
	e := event{at: w.now.add(d), host: h, do: do}
	if h != nil {
		e.life = h.life
	}
	w.push(e)
}

// send sends a message to a life of a host, or to the world.
func (w *world) send(m message, h *host, life int, do func()) {
	copies, n := w.fate.delays(m)
	for _, d := range copies[:n] {
		w.push(event{at: w.now.add(d), host: h, life: life, message: true, do: do})
	}
}

// step lets the next thing happen, and checks what it has done.
func (w *world) step() {
	e := w.queue.pop()
	w.now = e.at
	if h := e.host; h != nil {
		if !h.up || h.life != e.life {
			return
		}
		if h.paused {
			h.missed = append(h.missed, e)
			return
		}
	}
	w.counts.Steps++
	e.do()
	if w.suspect {
		w.suspect = false
		w.checkOwners()
	}
}

// until lets things happen until then, or until an invariant is violated.
func (w *world) until(t instant) {
	for w.violation == nil && w.queue.heap[0].at <= t {
		w.step()
	}
	w.now = max(w.now, t)
}

func (w *world) born(h *host)  { w.alive[h.incarnation] = h }
func (w *world) ended(h *host) { delete(w.alive, h.incarnation) }

func (w *world) targets(members []string, partitions int) []string {
	if w.real {
		return placement.Targets(members, partitions)
	}
	targets := make([]string, partitions)
	for p := range targets {
		targets[p] = members[p%len(members)]
	}
	return targets
}

// moves wants shards to be elsewhere for no reason at all.
func (w *world) moves(owners, targets []string) []string {
	if w.real {
		return placement.Moves(owners, targets)
	}
	moves := make([]string, len(owners))
	for p, owner := range owners {
		if to := targets[(p+w.whim)%len(targets)]; owner != "" && owner != to {
			moves[p] = to
		}
	}
	return moves
}

func (w *world) result() Result {
	w.counts.Time = time.Duration(w.now)
	return Result{Violation: w.violation, Trace: w.lines, Counts: w.counts}
}
