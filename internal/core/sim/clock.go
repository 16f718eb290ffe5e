package sim

import (
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// clock is a silo's: it has a zero of its own, and runs too fast or too slow.
type clock struct {
	zero    membership.Time
	drift   int64 // in millionths: so much more passes on it
	startAt instant
}

const million = 1_000_000

// read returns what the clock shows.
func (c *clock) read(now instant) membership.Time {
	passed := int64(now - c.startAt)
	return c.zero + membership.Time(passed+passed/million*c.drift+passed%million*c.drift/million)
}

// real returns how long a duration on this clock takes, rounded up: a timer never fires
// early.
func (c *clock) real(d time.Duration) time.Duration {
	return time.Duration(int64(d)*million/(million+c.drift)) + 1
}
