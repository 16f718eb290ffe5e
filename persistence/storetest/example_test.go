package storetest_test

import (
	"testing"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/persistence/storetest"
)

// A store's test calls Run with a function that opens the store in a directory.
func ExampleRun() {
	_ = func(t *testing.T) { // TestConformance
		storetest.Run(t, func(*testing.T, string) persistence.Store {
			return memstore.New()
		}, storetest.Traits{Durable: false})
	}
	// Output:
}
