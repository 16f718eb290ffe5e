package sim

import (
	"fmt"
	"time"

	"github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
)

// How the silos are configured; what is not here is derived from it.
const (
	heartbeat  = 500 * time.Millisecond
	lease      = 3 * time.Second
	settle     = 250 * time.Millisecond
	tickEvery  = 125 * time.Millisecond
	giveUp     = time.Second // on a record or the store
	drainTime  = 1500 * time.Millisecond
	restartGap = 20 * time.Millisecond
)

// takeover is the shortest that the protocol allows.
func takeover() time.Duration { return membership.MinTakeover(lease) }

// host is a machine with a silo: a process that comes and goes, with a clock that stays.
// A process is a life of the host; so is an incarnation that follows a dead one.
type host struct {
	w     *world
	name  string
	types []string
	clock clock

	life   int
	up     bool
	paused bool
	missed []event // what is to happen once it is not paused any more
	gone   bool    // it is not to start again
	bornIn int     // the number of the bucket that there was when this life began

	linked   bool // to NATS
	told     bool // and knows it
	linkedAt instant

	node        *membership.Node
	incarnation string
	gate        *activation.Gate
	shards      *activation.Shards
	work        map[membership.Shard]*work
	chains      map[int]int // turns that run here, by chain
}

func (h *host) now() membership.Time { return h.clock.read(h.w.now) }

// after lets something happen to this life of the host, when so much has passed on its
// own clock.
func (h *host) after(d time.Duration, do func()) {
	h.w.push(event{at: h.w.now.add(h.clock.real(d)), host: h, life: h.life, do: do})
}

// start begins a new incarnation.
func (h *host) start() {
	if h.gone {
		return
	}
	h.life++
	h.bornIn = h.w.bucket.number
	h.up, h.paused, h.missed = true, false, nil
	h.incarnation = fmt.Sprintf("%s%d", h.name, h.life)
	h.gate, h.shards = new(activation.Gate), activation.NewShards(h.types, h.w.partitions)
	h.work, h.chains = make(map[membership.Shard]*work), make(map[int]int)
	h.node = membership.NewNode(h.config())
	h.w.born(h)
	h.w.tracef(h, "starts")
	h.linked, h.told = false, false
	if h.w.bucket.up {
		h.link()
	}
	h.tick()
}

func (h *host) config() membership.Config {
	w := h.w
	return membership.Config{
		Self:        membership.Member{Incarnation: h.incarnation, Types: h.types},
		Partitions:  w.partitions,
		Heartbeat:   heartbeat,
		Lease:       lease,
		Takeover:    takeover(),
		Settle:      settle,
		Watchmen:    1 + int(w.opts.Seed%2), // with one, three silos do not all hear each other
		Exempt:      w.exempt,
		ExemptFirst: w.exemptFirst,
		Targets:     w.targets,
		Moves:       w.moves,
		Luck:        w.luck.draw(),
		Mutant:      w.opts.Mutant,
	}
}

// tick tells the node that time passes, for ever.
func (h *host) tick() {
	h.after(tickEvery, h.tick)
	h.step(membership.Tick{})
	for _, shard := range h.w.shards { // the gate may have opened
		if k := h.work[shard]; k != nil {
			h.advance(shard, k)
		}
	}
}

// end ends the process, or the incarnation.
func (h *host) end(how string) {
	h.w.tracef(h, "%s", how)
	h.up, h.paused, h.missed = false, false, nil
	h.life++
	h.w.ended(h)
}

// restart starts the host in a while.
func (h *host) restart(in time.Duration) {
	life := h.life
	h.w.after(in, func() {
		if !h.up && h.life == life {
			h.start()
		}
	})
}

// link connects the host to NATS.
func (h *host) link() {
	if !h.up || h.linked {
		return
	}
	h.linked = true
	if h.told {
		return // it has not noticed that it was away
	}
	h.linkedAt = h.w.now
	life := h.life
	h.after(shortDelay, func() {
		if h.life == life && h.linked && !h.told {
			h.told = true
			h.step(membership.Connected{})
		}
	})
}

// unlink cuts the host off from NATS, which it notices in a while.
func (h *host) unlink(notices time.Duration) {
	if !h.up || !h.linked {
		return
	}
	h.linked = false
	h.w.tracef(h, "is cut off")
	h.after(notices, func() {
		if !h.linked && h.told {
			h.told = false
			h.step(membership.Disconnected{})
		}
	})
}

// step tells the node something, and does what it wants.
func (h *host) step(e membership.Event) {
	life := h.life
	h.w.traceEvent(h, e)
	for _, effect := range h.node.Step(h.now(), e) {
		if h.life != life || !h.up {
			return
		}
		h.w.traceEffect(h, effect)
		h.perform(effect)
	}
}

func (h *host) perform(effect membership.Effect) {
	switch effect := effect.(type) {
	case membership.Write:
		h.write(effect)
	case membership.Delete:
		h.remove(effect)
	case membership.Read:
		h.read(effect)
	case membership.TakeGeneration:
		h.takeGeneration()
	case membership.Changed:
		h.w.checkSame(h, effect.View)
	case membership.Lease:
		h.gate.Apply(effect)
		h.w.suspect = true
	case membership.Own, membership.Seal, membership.Unseal, membership.Stop, membership.Lose:
		h.shards.Apply(effect)
		h.w.suspect = true
		h.follow(effect)
	case membership.Died:
		h.gate.Apply(effect)
		h.w.checkDeath(h, effect.Why)
		h.end("died: " + effect.Why)
		h.restart(restartGap)
	case membership.Left:
		h.gate.Apply(effect)
		h.w.checkDrained(h)
		h.end("left")
	case membership.Refused:
		h.w.violate(7, "%s was refused: %v", h.incarnation, effect.Err)
		h.end("refused")
	}
}
