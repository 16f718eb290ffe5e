package memstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/persistence/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T, string) persistence.Store { return memstore.New() }, storetest.Traits{})
}
