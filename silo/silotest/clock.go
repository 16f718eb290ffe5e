package silotest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/teff-dev/teff/internal/cluster"
)

// A clock is a silo's, by which a test holds it: it is read before a turn begins, before
// a commit, and before an answer or a call leaves. While it is held, whoever reads it
// waits.
type clock struct {
	start time.Time
	skew  atomic.Int64 // what the wall clock is wrong by
	ended atomic.Bool

	held atomic.Pointer[chan struct{}] // closed when it goes on; nil: it goes
	mu   sync.Mutex                    // held while it is stopped, or let go
}

// afterlife is what the clock of a dead silo is ahead: no lease lasts as long, so that
// nothing which it has begun passes another gate.
const afterlife = 100 * 365 * 24 * time.Hour

func newClock() *clock { return &clock{start: time.Now()} }

// silo is the clock as a silo reads it.
func (c *clock) silo() *cluster.Clock {
	return cluster.ClockFrom(func() (mono, wall time.Duration) {
		for held := c.held.Load(); held != nil; held = c.held.Load() {
			<-*held
		}
		now := time.Now()
		mono = now.Sub(c.start)
		wall = time.Duration(now.UnixNano() - c.start.UnixNano())
		if c.ended.Load() {
			mono, wall = mono+afterlife, wall+afterlife
		}
		return mono, wall + time.Duration(c.skew.Load())
	})
}

// hold stops the clock.
func (c *clock) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held.Load() == nil {
		held := make(chan struct{})
		c.held.Store(&held)
	}
}

// release lets it go on, at the time that it is by now.
func (c *clock) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.held.Swap(nil); held != nil {
		close(*held)
	}
}

// end lets it go on when nothing may act by it any more.
func (c *clock) end() {
	c.ended.Store(true)
	c.release()
}
