package natsstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/teff-dev/teff/persistence"
)

func TestTokensAreReversibleAndOneToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringN(0, -1, persistence.MaxName),
			rapid.StringMatching(`[%=.*>A-Z0-9\x00 ]{0,20}`),
		).Draw(t, "text")
		tok := token(text)
		if tok == "" || len(tok) > 1+(persistence.MaxName*4+2)/3 || strings.ContainsAny(tok, ".*> \t\r\n\x00") {
			t.Fatalf("%q is no token", tok)
		}
		back, err := parseToken(tok)
		if err != nil || back != text {
			t.Fatalf("%q became %q: %v", text, back, err)
		}
	})
}

func TestWhatNoStoreWritesIsNoToken(t *testing.T) {
	for _, tok := range []string{"", "%61", "%", "%4", "%2e", "==", "=YQ", "=!", "a.b"} {
		if text, err := parseToken(tok); !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("%q is %q, %v", tok, text, err)
		}
	}
}

// The longest names make a subject that a server takes, with a PUB line's other words.
func TestTheLongestSubject(t *testing.T) {
	l, err := newLayout(strings.Repeat("c", 64))
	if err != nil {
		t.Fatal(err)
	}
	for _, long := range []string{strings.Repeat("\x00", persistence.MaxName), strings.Repeat("x", persistence.MaxName)} {
		s := l.record(persistence.Shard{Type: long, Partition: 1<<32 - 1}, persistence.Key{Grain: long, Name: long})
		if len(s) > 2300 {
			t.Errorf("a subject of %d bytes", len(s))
		}
	}
}

// Pages of subjects that come and go while they are read still hold all that stay.
func TestCollectUnderChurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const overlap, pageSize = 10, 15
		var stay, churn []string
		for i := range 100 {
			stay = append(stay, fmt.Sprintf("%06d", i*2))
			churn = append(churn, fmt.Sprintf("%06d", i*2+1))
		}
		got, err := collect(overlap, func(offset int) ([]string, int, error) {
			from := rapid.IntRange(0, len(churn)).Draw(t, "from")
			all := append(slices.Clone(stay), churn[from:]...)
			slices.Sort(all)
			offset = min(offset, len(all))
			return all[offset:min(len(all), offset+pageSize)], len(all), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatal("not in order, or twice")
		}
		for _, s := range stay {
			if _, ok := slices.BinarySearch(got, s); !ok {
				t.Fatalf("%s stayed and was not collected", s)
			}
		}
	})
}
