package rowkey_test

import (
	"bytes"
	"cmp"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/internal/rowkey"
)

type row struct {
	partition uint32
	key       persistence.Key
}

// rows draws from few letters, the escapes among them, so that collisions and
// common prefixes are frequent.
func rows() *rapid.Generator[row] {
	text := rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 'a', '/', 0xFF, 0x10FFFF}), 0, 4, -1)
	return rapid.Custom(func(t *rapid.T) row {
		return row{
			partition: rapid.SampledFrom([]uint32{0, 1, 255, 256, 1<<32 - 1}).Draw(t, "partition"),
			key:       persistence.Key{Grain: text.Draw(t, "grain"), Name: text.Draw(t, "name")},
		}
	})
}

func compare(a, b row) int {
	return cmp.Or(cmp.Compare(a.partition, b.partition), a.key.Compare(b.key))
}

func TestRowsSortAsTheirParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rows().Draw(t, "a"), rows().Draw(t, "b")
		x, y := rowkey.Append(nil, a.partition, a.key), rowkey.Append(nil, b.partition, b.key)
		if got, want := bytes.Compare(x, y), compare(a, b); got != want {
			t.Fatalf("%x against %x: %d, want %d", x, y, got, want)
		}
		if compare(a, b) != 0 && bytes.HasPrefix(x, y) {
			t.Fatalf("%x is a prefix of %x", y, x)
		}
	})
}

func TestRowsAndCursorsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rows().Draw(t, "row")
		partition, key, err := rowkey.Parse(rowkey.Append(nil, r.partition, r.key))
		if err != nil || partition != r.partition || key != r.key {
			t.Fatalf("parse: %d %v %v", partition, key, err)
		}
		partition, key, err = rowkey.ParseCursor(rowkey.Cursor(r.partition, r.key))
		if err != nil || partition != r.partition || key != r.key {
			t.Fatalf("parse cursor: %d %v %v", partition, key, err)
		}
	})
}

func TestForeignCursorsAreInvalid(t *testing.T) {
	good := rowkey.Cursor(7, persistence.Key{Grain: "g", Name: "n"})
	for _, after := range []string{"!", "AA", good[:len(good)-2], good + "AAAA", strings.ToLower(good) + "x"} {
		if _, _, err := rowkey.ParseCursor(after); !errors.Is(err, persistence.ErrInvalid) {
			t.Errorf("cursor %q: %v, want ErrInvalid", after, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rowkey.Append(nil, 1, persistence.Key{Grain: "a\x00b", Name: ""}))
	f.Add([]byte{0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		partition, key, err := rowkey.Parse(b)
		if err != nil {
			return
		}
		if again := rowkey.Append(nil, partition, key); !bytes.Equal(again, b) {
			t.Fatalf("%x came back as %x", b, again)
		}
	})
}
