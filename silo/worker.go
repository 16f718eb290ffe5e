package silo

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// workers are the goroutines that run turns. Each takes what is ready, one activation
// after the other, without a switch between them. While something is ready, one more
// worker is on its way: where a turn blocks, or the machine has a core to spare, it goes
// on with the rest, so that nobody is held up; where not, it does not come to run, and
// costs nothing. The worker that was used last is used first, and what is idle beyond
// keepWorkers ends.
type workers struct {
	silo *Silo
	wg   sync.WaitGroup

	mu     sync.Mutex
	ready  readyQueue
	idle   []*worker
	guests []*worker // those of callers' own goroutines, see here; not in use
	coming bool      // Invariant: if anything is ready, a worker has been woken that has not come yet
	all    map[*worker]struct{}
	closed bool
	gone   chan struct{} // closed when the pool is, and no worker is left

	goneOnce sync.Once

	watched atomic.Bool   // the watch is awake
	wake    chan struct{} // of one; wakes it
}

// keepWorkers is how many idle workers stay: enough for bursts, 4 kB or so each.
const keepWorkers = 256

// A worker runs the turns of one activation at a time.
type worker struct {
	woken   chan struct{} // of one
	current *activation   // under the pool's lock
	since   int64         // its stint began, on the silo's clock; zero: it has just come
	now     int64         // when its last turn began
}

// stint is for how long a worker keeps others waiting for its processor, those who read
// requests and write answers above all. Then the worker that is coming goes on, which has
// stood in line with them.
const stint = 200 * time.Microsecond

// lap reads the silo's clock between two turns.
func (w *worker) lap(s *Silo) int64 {
	w.now = s.clock()
	if w.since == 0 {
		w.since = w.now
	}
	return w.now
}

// tired says that w has had its stint.
func (w *worker) tired() bool { return w.now-w.since > int64(stint) }

func newWorkers(s *Silo) *workers {
	return &workers{
		silo: s,
		all:  make(map[*worker]struct{}),
		gone: make(chan struct{}),
		wake: make(chan struct{}, 1),
	}
}

// run has a worker come for a. The activation is marked busy already.
func (p *workers) run(a *activation) {
	p.awake()
	p.mu.Lock()
	p.ready.push(a)
	w := p.call()
	p.mu.Unlock()
	p.rouse(w)
}

// awake has the watch look while there is work.
func (p *workers) awake() {
	if !p.watched.Load() && p.watched.CompareAndSwap(false, true) {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// call finds a worker to come for what is ready, unless one is coming, and nil then. It
// is called under the lock; rouse w afterwards.
func (p *workers) call() *worker {
	if p.coming || p.ready.len() == 0 {
		return nil
	}
	p.coming = true
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return w
	}
	w := &worker{woken: make(chan struct{}, 1)}
	p.all[w] = struct{}{}
	p.wg.Go(func() { p.loop(w) })
	return w
}

func (p *workers) rouse(w *worker) {
	if w != nil {
		w.woken <- struct{}{}
	}
}

func (p *workers) loop(w *worker) {
	for range w.woken {
		w.since, w.now = 0, 0
		for came := true; ; came = false {
			a, another := p.next(w, came)
			p.rouse(another)
			if a == nil {
				break
			}
			a.work(w)
		}
	}
}

// next takes what is ready, and a worker to rouse for the rest. When nothing is, or w is
// tired and another is coming for it, w idles, or ends.
func (p *workers) next(w *worker, came bool) (a *activation, another *worker) {
	p.mu.Lock()
	if came {
		p.coming = false
	}
	if !w.tired() {
		a = p.ready.pop()
	}
	w.current = a
	switch {
	case a != nil:
		another = p.call()
	case p.closed || len(p.idle) >= keepWorkers:
		p.remove(w)
	default:
		p.idle = append(p.idle, w)
	}
	p.mu.Unlock()
	return a, another
}

// remove ends an idle worker. It is called under the lock.
func (p *workers) remove(w *worker) {
	close(w.woken)
	p.strike(w)
}

// strike takes a worker off the list. It is called under the lock.
func (p *workers) strike(w *worker) {
	delete(p.all, w)
	if p.closed && len(p.all) == 0 {
		p.goneOnce.Do(func() { close(p.gone) }) // a stray goroutine's call may bring one more to life
	}
}

// close ends idle workers, and busy ones when their activation has nothing left to do.
// It returns when all have ended, or ctx has; then the grains are returned whose code
// would not let go of theirs.
func (p *workers) close(ctx context.Context) (stuck []*activation) {
	p.mu.Lock()
	p.closed = true
	if len(p.all) == 0 {
		p.goneOnce.Do(func() { close(p.gone) })
	}
	for _, w := range p.idle {
		p.remove(w)
	}
	for _, w := range p.guests {
		p.strike(w)
	}
	p.idle, p.guests = nil, nil
	p.mu.Unlock()
	select {
	case <-p.gone:
		p.wg.Wait()
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.all {
		if a := w.current; a != nil {
			stuck = append(stuck, a)
		}
	}
	return stuck
}

// Deadlines of calls within the process are kept by looking at what the workers do,
// this often: a call then needs no timer. A watch that saw no work for restAfter sleeps
// until there is some.
const (
	watchEvery = 10 * time.Millisecond
	restAfter  = 100 // looks
)

// watch expires calls until stop is closed.
func (p *workers) watch(stop <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for quiet := 0; ; {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if p.look() {
			quiet = 0
			continue
		}
		if quiet++; quiet < restAfter {
			continue
		}
		quiet = 0
		p.watched.Store(false)
		if p.look() { // work that came before it could see the mark
			p.watched.Store(true)
			continue
		}
		tick.Stop()
		select {
		case <-stop:
			return
		case <-p.wake:
		}
		tick.Reset(watchEvery)
	}
}

// look expires what is late and says whether anything is being worked on.
func (p *workers) look() (busy bool) {
	p.mu.Lock()
	working := p.ready.appendTo(make([]*activation, 0, len(p.all)-len(p.idle)+p.ready.len()))
	for w := range p.all {
		if a := w.current; a != nil {
			working = append(working, a)
		}
	}
	busy = len(p.all) > len(p.idle)+len(p.guests)
	p.mu.Unlock()
	now := time.Now()
	for _, a := range working {
		a.expire(now)
	}
	return busy
}
