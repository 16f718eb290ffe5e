package sim

import (
	"slices"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// Small says which small world is explored, and how far. Silos settle; then a window
// opens, in which one more joins and shards move. Each message, read and quarter of a
// second in it is a point where things may go otherwise than well. All runs are made in
// which they do so at up to Deviations points, each in all of its ways.
type Small struct {
	Silos      int // 2 or 3; the last of them joins in the window
	Window     time.Duration
	Deviations int
	Mutant     membership.Mutant
	Part, Of   int // explore one part of so many; Of 0: all
}

// Explored is what came of it.
type Explored struct {
	Runs   int
	Points int // in the run in which all goes well
	Counts Counts
	// Violation is the first found, and Picks is where things went otherwise in that run:
	// pairs of a point and a way.
	Violation *Violation
	Picks     [][2]int
	Trace     []string
}

// script is a fate that goes well but at some points.
type script struct {
	open   bool
	picks  [][2]int
	widths []int // in how many ways each point so far may go
}

// choose is a point that may go in so many ways, of which 0 is well.
func (s *script) choose(ways int) int {
	if !s.open {
		return 0
	}
	at := len(s.widths)
	s.widths = append(s.widths, ways)
	for _, pick := range s.picks {
		if pick[0] == at {
			return pick[1]
		}
	}
	return 0
}

// How messages go: in time; when whoever waits has given up; or when everything is over.
const (
	inTime  = 2 * time.Millisecond
	tooLate = giveUp + 300*time.Millisecond
	muchTo  = 4 * time.Second
)

func (s *script) delays(m message) (copies [2]time.Duration, n int) {
	copies[0], copies[1] = inTime, muchTo
	switch m {
	case toBucket:
		switch s.choose(3) {
		case 1:
			return copies, 0
		case 2:
			copies[0] = tooLate
		}
	case fromBucket:
		return copies, 1 - s.choose(2)
	case announced:
		switch s.choose(3) {
		case 1:
			return copies, 0
		case 2:
			return copies, 2 // the second one when all is different
		}
	case toStore:
		if s.choose(2) == 1 {
			copies[0] = muchTo
		}
	case fromStore, called, answered:
	}
	return copies, 1
}

func (s *script) stale() time.Duration {
	if s.choose(2) == 1 {
		return tooLate
	}
	return 0
}

// Explore makes all the runs.
func Explore(o Small) Explored {
	var x Explored
	x.explore(o, nil, 0)
	return x
}

// explore makes the run with the picks, and those with one more after them.
func (x *Explored) explore(o Small, picks [][2]int, from int) {
	widths := x.run(o, picks)
	if len(picks) == 0 {
		x.Points = len(widths)
	}
	if len(picks) == o.Deviations {
		return
	}
	for at := from; at < len(widths) && x.Violation == nil; at++ {
		if len(picks) == 0 && o.Of > 0 && at%o.Of != o.Part {
			continue
		}
		for way := 1; way < widths[at] && x.Violation == nil; way++ {
			x.explore(o, append(slices.Clip(picks), [2]int{at, way}), at+1)
		}
	}
}

func (x *Explored) run(o Small, picks [][2]int) (widths []int) {
	w, s := small(o, picks, false)
	w.window(o, s)
	x.Runs++
	x.Counts.Add(w.result().Counts)
	if w.violation != nil {
		x.Violation, x.Picks = w.violation, picks
		w, s = small(o, picks, true)
		w.window(o, s)
		x.Trace = w.lines
	}
	return s.widths
}

// small makes the world.
func small(o Small, picks [][2]int, trace bool) (*world, *script) {
	hosts := make([][]string, o.Silos)
	for i := range hosts {
		hosts[i] = []string{"cart"}
	}
	w := newWorld(Options{Seed: 1, Mutant: o.Mutant, Trace: trace}, 2, hosts...)
	s := &script{picks: picks, open: true}
	w.fate, w.exempt = s, true
	w.longTurn, w.callTime = 10*time.Millisecond, 6*time.Second
	for i, h := range w.hosts {
		drifts := [][2]int64{{0, 0}, {assumedDrift, -assumedDrift}, {-assumedDrift, assumedDrift}}
		if i == 0 {
			w.firstDrift = s.choose(len(drifts))
		}
		h.clock.drift = drifts[w.firstDrift][min(i, 1)]
	}
	s.open = false
	return w, s
}

// window lets everything happen.
func (w *world) window(o Small, s *script) {
	last := w.hosts[len(w.hosts)-1]
	for _, h := range w.hosts[:len(w.hosts)-1] {
		h.start()
	}
	w.until(instant(1500 * time.Millisecond))
	s.open = true
	w.after(100*time.Millisecond, last.start)
	w.after(o.Window/2, func() { w.newWhim(nil) })
	w.beatOfCalls()
	w.misfortunes(s)
	w.until(w.now.add(o.Window))
	s.open = false
	w.until(w.now.add(takeover() + time.Second)) // what was done takes its course
	w.recoverSoon()
}

// beatOfCalls makes a call in each shard now and then.
func (w *world) beatOfCalls() {
	if w.ceased {
		return
	}
	w.after(300*time.Millisecond, w.beatOfCalls)
	for _, shard := range w.shards {
		w.lastCall++
		w.place(&call{chain: w.lastCall, shard: shard, write: true, deadline: w.now.add(w.callTime)}, func(reply) {})
	}
}

// misfortunes are the points at which a silo or NATS may fail.
func (w *world) misfortunes(s *script) {
	if !s.open {
		return
	}
	w.after(250*time.Millisecond, func() { w.misfortunes(s) })
	const ways, long = 5, 4500 * time.Millisecond
	pick := s.choose(3 + ways*len(w.hosts))
	switch {
	case pick == 0:
		return
	case pick <= 2:
		w.outageFor(time.Duration(pick) * long / 2)
		return
	}
	h := w.hosts[(pick-3)/ways]
	switch (pick - 3) % ways {
	case 0:
		w.crash(h)
	case 1:
		w.pauseFor(h, long)
	case 2:
		w.cutFor(h, time.Millisecond, long)
	case 3:
		w.cutFor(h, 2*time.Second, long)
	case 4:
		w.leave(h)
	}
}

// recoverSoon is recover, but ends as soon as every shard is served.
func (w *world) recoverSoon() {
	if w.violation != nil {
		return
	}
	w.cease()
	limit := w.now.add(takeover() + takeover()/500 + graceAfter + probeTime)
	waits := 0
	for _, shard := range w.shards {
		waits++
		w.lastCall++
		c := &call{chain: w.lastCall, shard: shard, write: true, deadline: limit}
		w.place(c, func(r reply) {
			if r.kind == executed {
				waits--
			}
		})
	}
	for w.violation == nil && waits > 0 && w.queue.heap[0].at <= limit {
		w.step()
	}
	if w.violation == nil && waits > 0 && w.hasHost("cart") {
		w.violate(7, "%d shards are not served, though faults have ceased", waits)
	}
}
