package wire_test

import (
	"errors"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
)

func TestTimeoutsSurvive(t *testing.T) {
	for _, d := range []time.Duration{1, 999, time.Microsecond, 1500 * time.Millisecond, time.Second, 90 * time.Minute, wire.MaxTimeout - 1, wire.MaxTimeout} {
		got, set, err := wire.ParseTimeout(wire.Header{wire.HeaderTimeout: {wire.FormatTimeout(d)}})
		if err != nil || !set || got != d {
			t.Errorf("%v came back as %v, %t, %v", d, got, set, err)
		}
	}
	got, _, err := wire.ParseTimeout(wire.Header{wire.HeaderTimeout: {wire.FormatTimeout(1<<63 - 1)}})
	if err != nil || got != wire.MaxTimeout {
		t.Errorf("the longest duration came back as %v, %v", got, err)
	}
}

// Behaviour B8: what is too late never begins, and its caller may know.
func TestTimeThatIsUp(t *testing.T) {
	for _, d := range []time.Duration{0, -1, -1 << 63} {
		_, set, err := wire.ParseTimeout(wire.Header{wire.HeaderTimeout: {wire.FormatTimeout(d)}})
		var coded *grain.Error
		if !errors.As(err, &coded) || !set || coded.Code() != grain.CodeDeadlineExceeded || !coded.NotExecuted() {
			t.Errorf("%v: %t, %v", d, set, err)
		}
	}
}

func TestNoTimeout(t *testing.T) {
	for _, h := range []wire.Header{nil, {}, {"teff-timeout": {"1s"}}, {wire.HeaderTimeout: {}}} {
		if d, set, err := wire.ParseTimeout(h); d != 0 || set || err != nil {
			t.Errorf("%v: %v, %t, %v", h, d, set, err)
		}
	}
}
