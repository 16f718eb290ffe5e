package silotest_test

import (
	"testing"
	"time"

	"github.com/teff-dev/teff/silo/silotest"
)

// TestThreeSilosStartAndStop logs how long it takes. It is to be within a second; a busy
// machine may need more, and the test is only about that it settles.
func TestThreeSilosStartAndStop(t *testing.T) {
	var started time.Duration
	began := time.Now()
	t.Run("cluster", func(t *testing.T) {
		c := silotest.New(t, silotest.Grains(countedKind(new(counts))))
		started = time.Since(began)
		if n := len(c.View().GetMembers()); n != 3 {
			t.Errorf("the view has %d members, want 3", n)
		}
	})
	t.Logf("3 silos started in %s, and all was over in %s", started, time.Since(began))
}
