package persistence_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/teff-dev/teff/persistence"
)

func TestEnvelopeComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := persistence.Envelope{
			Codec:  persistence.Codec(rapid.Byte().Draw(t, "codec")),
			Schema: rapid.StringN(0, 128, 512).Draw(t, "schema"),
			Data:   rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
		}
		before := rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "before")
		sealed := e.Seal(bytes.Clone(before))
		if !bytes.HasPrefix(sealed, before) {
			t.Fatalf("%x does not begin with %x", sealed, before)
		}
		got, err := persistence.OpenEnvelope(sealed[len(before):])
		if err != nil {
			t.Fatal(err)
		}
		if got.Codec != e.Codec || got.Schema != e.Schema || !bytes.Equal(got.Data, e.Data) {
			t.Fatalf("%+v came back as %+v", e, got)
		}
	})
}

func TestEnvelopeSharesTheValuesMemory(t *testing.T) {
	sealed := persistence.Envelope{Codec: persistence.CodecProto, Schema: "a.B", Data: []byte("data")}.Seal(nil)
	e, err := persistence.OpenEnvelope(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if &e.Data[0] != &sealed[4+len("a.B")] {
		t.Error("the data was copied")
	}
}

// Any one bit that flips, and any cut, is found.
func TestDamagedEnvelopeIsCorrupt(t *testing.T) {
	sealed := persistence.Envelope{Codec: persistence.CodecProto, Schema: "bank.v1.Account", Data: []byte("seventy")}.Seal(nil)
	for bit := range len(sealed) * 8 {
		damaged := bytes.Clone(sealed)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, err := persistence.OpenEnvelope(damaged); !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("bit %d flipped: got %v, want ErrCorrupt", bit, err)
		}
	}
	for n := range sealed {
		if _, err := persistence.OpenEnvelope(sealed[:n]); !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("cut to %d bytes: got %v, want ErrCorrupt", n, err)
		}
	}
	if _, err := persistence.OpenEnvelope(append(bytes.Clone(sealed), 0)); !errors.Is(err, persistence.ErrCorrupt) {
		t.Error("a byte too many was not seen")
	}
}

// The checksum is right and the rest is not.
func TestForgedEnvelopeIsCorrupt(t *testing.T) {
	for name, body := range map[string][]byte{
		"an unknown version":     {2, 1, 0, 0, 'd'},
		"version zero":           {0, 1, 0, 0},
		"a schema that overruns": {1, 1, 0, 5, 'a', '.', 'B'},
		"the longest schema":     {1, 1, 0xFF, 0xFF, 'a'},
	} {
		if _, err := persistence.OpenEnvelope(withChecksum(body)); !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
}

// The format is on disks: it does not change under the same version.
func TestEnvelopeFormat(t *testing.T) {
	got := persistence.Envelope{Codec: persistence.CodecProto, Schema: "a.B", Data: []byte{0xCA, 0xFE}}.Seal(nil)
	want := withChecksum([]byte{1, 1, 0, 3, 'a', '.', 'B', 0xCA, 0xFE})
	if !bytes.Equal(got, want) {
		t.Errorf("sealed %x, want %x", got, want)
	}
}

func TestSealPanicsWhenTheSchemaHasNoRoom(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a schema name of 64 KiB was sealed")
		}
	}()
	persistence.Envelope{Schema: strings.Repeat("x", 1<<16)}.Seal(nil)
}

func withChecksum(body []byte) []byte {
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	return binary.BigEndian.AppendUint32(bytes.Clone(body), sum)
}

func FuzzOpenEnvelope(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add([]byte{1, 1, 0, 0}, true)
	f.Add([]byte{1, 1, 0, 3, 'a', '.', 'B', 0xCA, 0xFE}, true)
	f.Add([]byte{1, 1, 0xFF, 0xFF}, true)
	f.Add(persistence.Envelope{Codec: persistence.CodecProto, Schema: "a.B", Data: []byte("x")}.Seal(nil), false)
	f.Fuzz(func(t *testing.T, value []byte, sum bool) {
		if sum { // gets behind the checksum
			value = withChecksum(value)
		}
		e, err := persistence.OpenEnvelope(value)
		if err != nil {
			if !errors.Is(err, persistence.ErrCorrupt) {
				t.Fatalf("got %v, want ErrCorrupt", err)
			}
			return
		}
		if again := e.Seal(nil); !bytes.Equal(again, value) {
			t.Fatalf("%x was opened and sealed as %x", value, again)
		}
	})
}
