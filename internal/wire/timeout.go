package wire

import (
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// MaxTimeout is the longest time that a call may be given. More is surely a mistake in
// the unit, and would keep what waits for the call for as long.
const MaxTimeout = 24 * time.Hour

// timeoutBytes is longer than any duration that Go writes.
const timeoutBytes = 64

// ParseTimeout reads how much time the call has left. Set is false where the header is
// absent, and the time is then the reader's to choose.
//
// Time that is up already (zero, or negative) is DEADLINE_EXCEEDED with the
// not-executed mark, since the call must not begin. What is no duration as Go writes
// it, is longer than MaxTimeout or is given twice is INVALID_ARGUMENT.
func ParseTimeout(h Header) (d time.Duration, set bool, err error) {
	values := h[HeaderTimeout]
	switch len(values) {
	case 0:
		return 0, false, nil
	case 1:
	default:
		return 0, true, invalid("the header %s is given %d times: give it once", HeaderTimeout, len(values))
	}
	text := trim(values[0])
	if len(text) <= timeoutBytes {
		d, err = time.ParseDuration(text)
	}
	switch {
	case len(text) > timeoutBytes || err != nil:
		return 0, true, invalid("%s: %s is not a duration: write a number and a unit, such as 1.5s or 200ms", HeaderTimeout, quote(text))
	case d > MaxTimeout:
		return 0, true, invalid("%s: %s is too long: a call has at most %s", HeaderTimeout, quote(text), MaxTimeout)
	case d <= 0:
		return 0, true, grain.MakeError(seam.Fault{
			Code:        int(grain.CodeDeadlineExceeded),
			Message:     "the call's time was up before it reached the silo",
			NotExecuted: true,
		})
	}
	return d, true, nil
}

// FormatTimeout writes the time left for ParseTimeout. Time that is up is "0s", and
// more than MaxTimeout is written as MaxTimeout.
func FormatTimeout(d time.Duration) string {
	return min(max(d, 0), MaxTimeout).String()
}
