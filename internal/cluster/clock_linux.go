package cluster

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootClock reads the clock that goes on in a suspend.
func bootClock() (time.Duration, bool) {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}
