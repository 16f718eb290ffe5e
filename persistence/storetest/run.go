package storetest

import (
	"testing"

	"github.com/teff-dev/teff/persistence"
)

// Traits say what a store promises beyond, or takes less than, the contract asks.
type Traits struct {
	// Durable: what was acknowledged is there after Close and another open of the
	// same directory.
	Durable bool

	// MaxRecord is the most bytes the store takes in a commit's values; 0 means
	// persistence.MaxRecord.
	MaxRecord int
}

func (t Traits) maxRecord() int {
	if t.MaxRecord == 0 {
		return persistence.MaxRecord
	}
	return t.MaxRecord
}

// Run runs the suite, each check as a subtest. Each calls open with an empty
// directory of its own; durable stores are closed and opened again on the same one,
// so a store that keeps nothing there derives a namespace from the directory's name.
// Run closes what open returned.
func Run(t *testing.T, open func(t *testing.T, dir string) persistence.Store, traits Traits) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if c.durable && !traits.Durable {
				t.Skip("the store does not claim to be durable")
			}
			dir := t.TempDir()
			h := newHarness(traits, func() (persistence.Store, error) { return open(t, dir), nil })
			if err := h.run(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}
