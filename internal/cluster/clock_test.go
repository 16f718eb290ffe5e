package cluster

import (
	"testing"
	"time"
)

func TestTheClockGoesOnInASuspend(t *testing.T) {
	var mono, wall, boot time.Duration
	c := newClock(
		func() (time.Duration, time.Duration) { return mono, wall },
		func() (time.Duration, bool) { return boot, true },
	)
	pass := func(d time.Duration) { mono, wall, boot = mono+d, wall+d, boot+d }
	check := func(what string, want time.Duration) {
		t.Helper()
		if got := time.Duration(c.Now()); got != want {
			t.Errorf("%s: the clock says %s, want %s", what, got, want)
		}
		if got := c.Awake(c.Now()); got != mono {
			t.Errorf("%s: %s of it awake, want %s", what, got, mono)
		}
	}
	check("at the start", 0)
	pass(time.Second)
	check("a second later", time.Second)
	wall += time.Hour
	check("the wall clock was set forward", time.Second)
	wall -= 2 * time.Hour
	check("the wall clock was set back", time.Second)
	wall, boot = wall+5*time.Second, boot+5*time.Second
	check("after a suspend", 6*time.Second)
	wall -= time.Hour
	check("the wall clock was set after it", 6*time.Second)
	pass(time.Second)
	check("a second later", 7*time.Second)
}

// Wall-clock jumps of an hour, either way, and nothing happens: a lease is a duration.
func BenchmarkClock(b *testing.B) {
	c := NewClock()
	for b.Loop() {
		c.Now()
	}
}
