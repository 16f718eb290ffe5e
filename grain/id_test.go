package grain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// Whatever is valid UTF-8 is a key, however odd: what it means to a subject, a path or
// an eye is nobody's business here.
func TestOddKeysAreKeys(t *testing.T) {
	for _, key := range []string{
		"*", ">", ".", "..", "$SYS.x", "_INBOX.x", " ", "\t", "\r\n", "\x00", "%2e", "{}", ":", "/", "//", "a/b/",
		"\u00e9", "e\u0301", "\u200b", "\u202eabc", "x", strings.Repeat("k", grain.MaxKeyBytes), strings.Repeat("\u00e9", grain.MaxKeyBytes/2),
	} {
		if err := grain.ValidateKey(key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
		want := grain.ID{Type: "bank.v1.Account", Key: key}
		if got, err := grain.ParseID(want.String()); err != nil || got != want {
			t.Errorf("%q is read back as %v, %v", want, got, err)
		}
	}
}

// NFC and NFD twins look the same and are two grains.
func TestTwinsAreTwoGrains(t *testing.T) {
	nfc, _ := grain.ParseID("t.T/\u00e9")
	nfd, _ := grain.ParseID("t.T/e\u0301")
	if nfc == nfd {
		t.Errorf("%q and %q are one grain", nfc, nfd)
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	for _, key := range []string{
		"", strings.Repeat("k", grain.MaxKeyBytes+1), strings.Repeat("k", 64<<10), strings.Repeat("\u00e9", grain.MaxKeyBytes/2) + "x",
		"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf",
	} {
		if err := grain.ValidateKey(key); !errors.Is(err, grain.CodeInvalidArgument) {
			t.Errorf("a key of %d bytes, %.20q: got %v", len(key), key, err)
		}
		if err := (grain.ID{Type: "t.T", Key: key}).Validate(); !errors.Is(err, grain.CodeInvalidArgument) {
			t.Errorf("an id with a key of %d bytes, %.20q: got %v", len(key), key, err)
		}
	}
}

func TestTypes(t *testing.T) {
	for _, typ := range []string{"Account", "bank.v1.Account", "_a._b", "a1.B2_c", strings.Repeat("t", grain.MaxTypeBytes)} {
		if err := (grain.ID{Type: typ, Key: "k"}).Validate(); err != nil {
			t.Errorf("%q: %v", typ, err)
		}
	}
	for _, typ := range []string{
		"", ".", "..", "a.", ".a", "a..b", "bank-v1-Account", "1a", "a.1", "*", ">", "a b", "a\x00", "\u00e9", "a/b", "$SYS",
		strings.Repeat("t", grain.MaxTypeBytes+1), strings.Repeat("t.", 64<<10),
	} {
		err := (grain.ID{Type: typ, Key: "k"}).Validate()
		if !errors.Is(err, grain.CodeInvalidArgument) {
			t.Errorf("%.20q: got %v, want INVALID_ARGUMENT", typ, err)
		} else if len(err.Error()) > 400 {
			t.Errorf("%.20q: the error has %d bytes", typ, len(err.Error()))
		}
	}
}

func TestParseIDRefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{"", "/", "alice", "bank.v1.Account", "bank.v1.Account/", "/alice", "bank-v1-Account/alice", "a/\xff", strings.Repeat("x", 64<<10)} {
		_, err := grain.ParseID(text)
		if !errors.Is(err, grain.CodeInvalidArgument) {
			t.Errorf("%.20q: got %v, want INVALID_ARGUMENT", text, err)
		} else if len(err.Error()) > 400 {
			t.Errorf("%.20q: the error has %d bytes", text, len(err.Error()))
		}
	}
}

func TestIDOf(t *testing.T) {
	ref := bankv1teff.AccountOf(graintest.NewCaller(t), "alice")
	if got := grain.IDOf(ref).String(); got != "bank.v1.Account/alice" {
		t.Errorf("the ref's id is %q", got)
	}
	if got := grain.IDOf("alice"); got != (grain.ID{}) {
		t.Errorf("what is no ref has the id %v", got)
	}
}
