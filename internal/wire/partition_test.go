package wire_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/teff-dev/teff/internal/wire"
)

func TestPartitionOfIsPartitionOfTheTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.StringMatching(`[a-z]+(\.[a-z0-9]+)*\.[A-Z][a-z]*`).Draw(t, "type")
		key, n := rapid.String().Draw(t, "key"), rapid.Uint32Range(0, 20000).Draw(t, "partitions")
		want := wire.Partition(wire.TypeToken(typ), wire.KeyToken(key), n)
		if got := wire.PartitionOf(typ, key, n); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	})
}

func BenchmarkPartitionOf(b *testing.B) {
	for b.Loop() {
		wire.PartitionOf("bank.v1.Account", "alice@example.com", 1024)
	}
}
