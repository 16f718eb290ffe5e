package silo

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// workers are the goroutines that run turns. There are as many as there are busy
// activations, so that a turn that blocks holds up nobody else; the one that was used
// last is used first, and what is idle beyond keepWorkers ends.
type workers struct {
	silo *Silo
	wg   sync.WaitGroup

	mu     sync.Mutex
	idle   []*worker
	all    map[*worker]struct{}
	closed bool
	gone   chan struct{} // closed when the pool is, and no worker is left

	watched atomic.Bool   // the watch is awake
	wake    chan struct{} // of one; wakes it
}

// keepWorkers is how many idle workers stay: enough for bursts, 4 kB or so each.
const keepWorkers = 256

// A worker runs the turns of one activation at a time.
type worker struct {
	start   chan *activation
	current atomic.Pointer[activation]
}

func newWorkers(s *Silo) *workers {
	return &workers{
		silo: s,
		all:  make(map[*worker]struct{}),
		gone: make(chan struct{}),
		wake: make(chan struct{}, 1),
	}
}

// run gives a to a worker. The activation is marked busy already.
func (p *workers) run(a *activation) {
	if !p.watched.Load() && p.watched.CompareAndSwap(false, true) {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		w.start <- a
		return
	}
	w := &worker{start: make(chan *activation, 1)}
	p.all[w] = struct{}{}
	p.mu.Unlock()
	p.wg.Go(func() { p.loop(w, a) })
}

func (p *workers) loop(w *worker, a *activation) {
	for a != nil {
		w.current.Store(a)
		a.work()
		w.current.Store(nil)
		if !p.park(w) {
			return
		}
		a = <-w.start // nil: the pool closes
	}
}

// park makes w available. It is false when w shall end instead.
func (p *workers) park(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= keepWorkers {
		p.remove(w)
		return false
	}
	p.idle = append(p.idle, w)
	return true
}

// remove is called under the lock.
func (p *workers) remove(w *worker) {
	delete(p.all, w)
	if p.closed && len(p.all) == 0 {
		close(p.gone)
	}
}

// close ends idle workers, and busy ones when their activation has nothing left to do.
// It returns when all have ended, or ctx has; then the grains are returned whose code
// would not let go of theirs.
func (p *workers) close(ctx context.Context) (stuck []*activation) {
	p.mu.Lock()
	p.closed = true
	if len(p.all) == 0 {
		close(p.gone)
	}
	for _, w := range p.idle {
		p.remove(w)
		w.start <- nil
	}
	p.idle = nil
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
		if a := w.current.Load(); a != nil {
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
	working := make([]*activation, 0, len(p.all)-len(p.idle))
	for w := range p.all {
		if a := w.current.Load(); a != nil {
			working = append(working, a)
		}
	}
	busy = len(p.all) > len(p.idle)
	p.mu.Unlock()
	now := time.Now()
	for _, a := range working {
		a.expire(now)
	}
	return busy
}
