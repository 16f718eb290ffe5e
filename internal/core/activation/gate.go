package activation

import (
	"math"
	"sync/atomic"

	"github.com/teff-dev/teff/internal/core/membership"
)

// A Gate is open while the silo's lease runs. The zero Gate is closed. A new incarnation
// begins with a new one.
type Gate struct {
	until atomic.Int64
}

// Open says whether the silo may act now.
func (g *Gate) Open(now membership.Time) bool { return now < g.Until() }

// Until returns when the gate closes.
func (g *Gate) Until() membership.Time { return membership.Time(g.until.Load()) }

// Apply does what the node wants done with the lease: [membership.Lease] extends it, and
// the node's end closes the gate for good.
func (g *Gate) Apply(e membership.Effect) {
	switch e := e.(type) {
	case membership.Lease:
		for {
			old := g.until.Load()
			if old == math.MinInt64 || int64(e.Until) <= old || g.until.CompareAndSwap(old, int64(e.Until)) {
				return
			}
		}
	case membership.Died, membership.Left, membership.Refused:
		g.until.Store(math.MinInt64)
	}
}
