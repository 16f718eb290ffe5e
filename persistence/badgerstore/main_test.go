package badgerstore

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/storetest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		commitUntilKilled(dir)
	}
	goleak.VerifyTestMain(m)
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T, dir string) persistence.Store {
		return openAt(t, dir, hooks{})
	}, storetest.Traits{Durable: true})
}

// One request a transaction exercises the same contract without the batch.
func TestConformanceWithoutGroups(t *testing.T) {
	storetest.Run(t, func(t *testing.T, dir string) persistence.Store {
		return openAt(t, dir, hooks{maxBatch: 1})
	}, storetest.Traits{Durable: true})
}

// openAt opens a store that is closed when the test ends, if not before.
func openAt(t testing.TB, dir string, h hooks) *Store {
	t.Helper()
	s, err := open(dir, Options{}, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var (
	testShard = persistence.Shard{Type: "badgerstore.v1.Test", Partition: 3}
	testFence = persistence.Fence{Generation: 1, Since: 1}
)

func set(grain, value string) persistence.Write {
	return persistence.Write{Key: persistence.Key{Grain: grain}, Value: []byte(value)}
}

func mustCommit(t testing.TB, s *Store, writes ...persistence.Write) []persistence.Revision {
	t.Helper()
	revisions, err := s.Commit(t.Context(), testShard, testFence, writes...)
	if err != nil {
		t.Fatal(err)
	}
	return revisions
}
