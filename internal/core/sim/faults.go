package sim

import (
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// plan is how likely each fault is, relative to the others, and how far apart faults are.
type plan struct {
	crash, pause, cut, outage, bucket, store, leave, whim, mood, state int
	gap                                                                time.Duration // at most
}

func planOf(s Scenario) plan {
	switch s {
	case Calm:
		return plan{leave: 1, whim: 12, state: 1, gap: 2 * time.Second}
	case Swaps:
		return plan{whim: 1, gap: 1500 * time.Millisecond}
	case Outages:
		return plan{outage: 1, gap: 12 * time.Second}
	case Buckets:
		return plan{crash: 5, cut: 6, pause: 2, outage: 1, bucket: 3, leave: 1, mood: 3, gap: 2 * time.Second}
	case Cuts:
		return plan{cut: 1, gap: 6 * time.Second}
	case Stores:
		return plan{whim: 12, crash: 1, gap: time.Second}
	case Moves:
		return plan{whim: 12, store: 4, leave: 3, crash: 1, cut: 1, mood: 4, gap: time.Second}
	case Pauses:
		return plan{pause: 6, cut: 6, outage: 1, crash: 1, whim: 2, mood: 3, gap: 2 * time.Second}
	default:
		return plan{crash: 3, pause: 4, cut: 4, outage: 1, bucket: 1, store: 2, leave: 2, whim: 4, mood: 4, state: 1, gap: 2 * time.Second}
	}
}

// longFault is how long a fault takes at most.
const longFault = 9 * time.Second

// faults lets a fault happen, now and then, until they cease.
func (w *world) faults() {
	if w.ceased {
		return
	}
	w.after(w.luck.mostlyShort(30*time.Millisecond, w.plan.gap), w.faults)
	h := w.hosts[w.luck.below(len(w.hosts))]
	p := &w.plan
	draw := w.luck.below(p.crash + p.pause + p.cut + p.outage + p.bucket + p.store + p.leave + p.whim + p.mood + p.state)
	for _, f := range []struct {
		weight int
		do     func(*host)
	}{
		{p.crash, w.crash},
		{p.pause, w.pause},
		{p.cut, w.cutOff},
		{p.outage, w.outage},
		{p.bucket, w.loseBucket},
		{p.store, w.stopStore},
		{p.leave, w.leave},
		{p.whim, w.newWhim},
		{p.mood, w.newMood},
		{p.state, w.cordon},
	} {
		if draw -= f.weight; draw < 0 {
			f.do(h)
			return
		}
	}
}

func (w *world) crash(h *host) {
	if !h.up {
		return
	}
	gone := h.incarnation
	h.end("crashes")
	h.restart(w.luck.mostlyShort(restartGap, longFault))
	// A supervisor may have seen it, and say so.
	if by := w.hosts[w.luck.below(len(w.hosts))]; by.up && w.luck.chance(w.reaps) {
		w.reaped[gone] = true
		w.at(by, w.luck.mostlyShort(time.Millisecond, time.Second), func() { by.step(membership.Reaped{Incarnation: gone}) })
	}
}

// pause stops a process, and lets it go on as if nothing had been.
func (w *world) pause(h *host) {
	w.pauseFor(h, w.luck.mostlyShort(50*time.Millisecond, longFault))
}

func (w *world) pauseFor(h *host, takes time.Duration) {
	if !h.up || h.paused {
		return
	}
	h.paused = true
	w.tracef(h, "is paused")
	life := h.life
	w.after(takes, func() {
		if h.life == life {
			h.resume()
		}
	})
}

func (h *host) resume() {
	if !h.paused {
		return
	}
	h.w.tracef(h, "goes on")
	h.paused = false
	missed := h.missed
	h.missed = nil
	for _, e := range missed {
		e.at = h.w.now
		h.w.push(e)
	}
	h.w.suspect = true
}

func (w *world) cutOff(h *host) {
	takes := w.luck.mostlyShort(50*time.Millisecond, longFault)
	if w.opts.Scenario == Cuts {
		takes = w.luck.between(takeover(), longFault)
	}
	w.cutFor(h, w.luck.mostlyShort(time.Millisecond, 4*time.Second), takes)
}

// cutFor cuts a host off from NATS, which it notices after a while.
func (w *world) cutFor(h *host, notices, takes time.Duration) {
	if !h.linked {
		return
	}
	h.unlink(notices)
	life := h.life
	w.after(takes, func() {
		if h.life == life && w.bucket.up {
			h.link()
		}
	})
}

// outage is a restart of NATS: everybody notices at once, and comes back a little later.
func (w *world) outage(*host) {
	w.outageFor(w.luck.mostlyShort(100*time.Millisecond, longFault))
}

func (w *world) outageFor(takes time.Duration) {
	if !w.bucket.up {
		return
	}
	w.tracef(nil, "NATS is down")
	w.bucket.up = false
	for _, h := range w.hosts {
		h.unlink(w.luck.between(time.Millisecond, 30*time.Millisecond))
	}
	w.after(takes, w.endOutage)
}

func (w *world) endOutage() {
	if w.bucket.up {
		return
	}
	w.tracef(nil, "NATS is up")
	w.bucket.up = true
	for _, h := range w.hosts {
		life := h.life
		w.after(w.luck.between(time.Millisecond, 200*time.Millisecond), func() {
			if h.life == life && w.bucket.up {
				h.link()
			}
		})
	}
}

func (w *world) loseBucket(*host) {
	w.tracef(nil, "the bucket is lost")
	w.bucket.lose(&w.luck)
	w.counts.Buckets++
}

func (w *world) stopStore(*host) {
	if !w.store.up {
		return
	}
	w.tracef(nil, "the store is down")
	w.store.up = false
	w.after(w.luck.mostlyShort(50*time.Millisecond, 5*time.Second), func() {
		w.tracef(nil, "the store is up")
		w.store.up = true
	})
}

func (w *world) leave(h *host) {
	if !h.up || h.paused || w.opts.Scenario.calm() && h == w.hosts[0] {
		return // where all is calm, each type has a host at all times
	}
	w.at(h, 0, func() { h.step(membership.Leave{}) })
	// It comes back once it is gone.
	life := h.life
	var back func()
	back = func() {
		switch {
		case h.life > life+1:
		case w.ceased:
		case !h.up:
			h.start()
		default:
			w.after(time.Second, back)
		}
	}
	w.after(w.luck.mostlyShort(time.Second, longFault), back)
}

func (w *world) newWhim(*host) {
	w.whim++
	if w.opts.Scenario == Swaps {
		w.cross()
	}
	w.tracef(nil, "shards should be elsewhere")
}

func (w *world) newMood(*host) {
	m := calmMood()
	if w.luck.below(3) > 0 {
		m = mood{
			slow:  w.luck.mostlyShort(3*time.Millisecond, 300*time.Millisecond),
			late:  w.luck.below(100),
			lost:  w.luck.below(100),
			twice: w.luck.below(100),
			stale: w.luck.below(400),
		}
	}
	w.weather.mood = m
}

// cordon cordons a host, or takes that back.
func (w *world) cordon(h *host) {
	state := membership.Cordoned
	if w.luck.below(2) == 0 {
		state = membership.Active
	}
	by := w.hosts[w.luck.below(len(w.hosts))]
	if h.up && by.up {
		who := h.incarnation
		w.at(by, 0, func() { by.step(membership.SetState{Incarnation: who, State: state}) })
	}
}

// cease ends all faults: what is under way arrives, and who is down stays down or comes
// back now.
func (w *world) cease() {
	w.tracef(nil, "faults cease")
	w.ceased = true
	w.longTurn = 50 * time.Millisecond
	w.weather.mood = calmMood()
	w.queue.hasten(w.now.add(100 * time.Millisecond))
	w.store.up = true
	w.endOutage()
	up := 0
	for _, h := range w.hosts {
		if h.up {
			up++
		}
	}
	for _, h := range w.hosts {
		h.resume()
		switch {
		case h.up:
			h.link()
		case up == 0 || w.luck.below(2) == 0:
			up++
			h.start()
		default:
			h.gone = true
		}
	}
}
