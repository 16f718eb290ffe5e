package persistence_test

import (
	"cmp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/teff-dev/teff/persistence"
)

func fences() *rapid.Generator[persistence.Fence] {
	number := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 3), rapid.Uint64Range(1<<53-2, 1<<53+2), rapid.Uint64Range(1<<63-2, 1<<63+2))
	return rapid.Custom(func(t *rapid.T) persistence.Fence {
		return persistence.Fence{Generation: number.Draw(t, "generation"), Since: number.Draw(t, "since")}
	})
}

// The text of a fence sorts as the fence does, which stores rely on.
func TestFencesSortAsTheirTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, g := fences().Draw(t, "f"), fences().Draw(t, "g")
		if got, want := f.Compare(g), strings.Compare(f.String(), g.String()); got != want {
			t.Fatalf("%s against %s: %d, their texts %d", f, g, got, want)
		}
		if f.Compare(g) != -g.Compare(f) || (f.Compare(g) == 0) != (f == g) {
			t.Fatalf("%s against %s is no order", f, g)
		}
	})
}

func TestGenerationComesFirst(t *testing.T) {
	low, high := persistence.Fence{Generation: 1, Since: 1<<64 - 1}, persistence.Fence{Generation: 2}
	if cmp.Compare(low.Compare(high), 0) >= 0 {
		t.Errorf("%s is not below %s", low, high)
	}
}

func TestTexts(t *testing.T) {
	for got, want := range map[string]string{
		persistence.Shard{Type: "bank.v1.Account", Partition: 7}.String(): "bank.v1.Account#7",
		persistence.Fence{Generation: 1, Since: 255}.String():             "000000000000000100000000000000ff",
		persistence.Key{Grain: "alice"}.String():                          `"alice"`,
		persistence.Key{Grain: "a\x00", Name: "outbox"}.String():          `"a\x00"/"outbox"`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
