package cluster

import (
	"sync/atomic"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// A Clock measures how long a silo has been running, by a clock that goes on while the
// machine is suspended: a lease must run out meanwhile. Go's monotonic clock stops then.
//
// Reading the boot clock costs a system call. The wall clock comes free with each reading
// of the monotonic one, and goes on in a suspend, so that the boot clock is asked only
// when the two have moved apart: in a suspend, or when somebody sets the wall clock.
type Clock struct {
	boot  time.Duration // the boot clock at start
	skew  atomic.Int64  // wall minus monotonic, when last looked into
	slept atomic.Int64  // boot minus monotonic, the same
	read  func() (mono, wall time.Duration)
	boots func() (time.Duration, bool)
}

// apart is how far wall and monotonic clock may drift from each other unnoticed. It is
// far less than what a lease is shorter than the takeover time.
const apart = 20 * time.Millisecond

// NewClock starts a clock at zero.
func NewClock() *Clock {
	start := time.Now()
	return ClockFrom(func() (mono, wall time.Duration) {
		now := time.Now() // one reading has both
		return now.Sub(start), time.Duration(now.UnixNano() - start.UnixNano())
	})
}

// ClockFrom starts a clock that reads the monotonic and the wall clock, both as time since
// the start, by read. Tests hold it there, or set the wall clock.
func ClockFrom(read func() (mono, wall time.Duration)) *Clock { return newClock(read, bootClock) }

func newClock(read func() (mono, wall time.Duration), boots func() (time.Duration, bool)) *Clock {
	c := &Clock{read: read, boots: boots}
	c.boot, _ = boots()
	return c
}

// Now reads the clock.
func (c *Clock) Now() membership.Time {
	mono, wall := c.read()
	skew := int64(wall - mono)
	if d := skew - c.skew.Load(); d > int64(apart) || d < -int64(apart) {
		if boot, ok := c.boots(); ok {
			slept := boot - c.boot - mono
			if slept < apart/2 {
				slept = 0 // the two readings are not of one instant
			}
			storeMax(&c.slept, int64(slept))
		}
		c.skew.Store(skew)
	}
	return membership.Time(mono) + membership.Time(c.slept.Load())
}

// Awake is how much of a time that the clock has told was not spent in a suspend. It is
// what contexts, and all else in Go, count by.
func (c *Clock) Awake(t membership.Time) time.Duration {
	return time.Duration(t) - time.Duration(c.slept.Load())
}

// storeMax keeps the clock from going back.
func storeMax(v *atomic.Int64, to int64) {
	for old := v.Load(); to > old; old = v.Load() {
		if v.CompareAndSwap(old, to) {
			return
		}
	}
}
