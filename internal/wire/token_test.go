package wire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
)

// What a vector file cannot hold, or should not: bytes that are not UTF-8, and a lot of
// them.
func TestHostileTokens(t *testing.T) {
	n := names(t, "teff")
	for _, token := range []string{
		"\xff", "a\xc3", strings.Repeat("\xff", grain.MaxKeyBytes), strings.Repeat("%FF", grain.MaxKeyBytes),
		strings.Repeat("k", 1<<16), strings.Repeat("%20", 1<<16), strings.Repeat("%", 1<<10), strings.Repeat("%6", 500),
	} {
		_, err := wire.ParseKeyToken(token)
		checkSentence(t, err)
		_, err = wire.ParseTypeToken(token)
		checkSentence(t, err)
		_, err = n.ParseTarget("teff.call.Hello." + token + ".Say")
		checkSentence(t, err)
		_, err = n.ParseTarget("teff.call.Hello.a." + token)
		checkSentence(t, err)
		_, err = n.ParseTarget("teff.silo." + token + ".Hello.a.Say")
		checkSentence(t, err)
		_, err = n.ParseTarget("teff.part." + token + ".Hello.a.Say")
		checkSentence(t, err)
		_, err = n.ParseTarget(token)
		checkSentence(t, err)
		_, err = n.ParseDescribe("teff.describe." + token)
		checkSentence(t, err)
		_, err = wire.NewNames(token)
		checkSentence(t, err)
		_, err = wire.DetectCodec(wire.Header{wire.HeaderContentType: {token}}, nil)
		checkSentence(t, err)
		_, _, err = wire.ParseTimeout(wire.Header{wire.HeaderTimeout: {token}})
		checkSentence(t, err)
	}
}

// checkSentence fails the test unless err is INVALID_ARGUMENT in a sentence that fits
// into a header, whatever the input was.
func checkSentence(t *testing.T, err error) {
	t.Helper()
	checkCode(t, "a hostile token", err, "INVALID_ARGUMENT")
	if err == nil {
		return
	}
	if len(err.Error()) > wire.MaxErrorHeaderBytes || !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("the sentence is %q", err)
	}
}

// The sentence tells the spelling that would have been accepted.
func TestTheSentenceNamesTheCanonicalSpelling(t *testing.T) {
	for token, want := range map[string]string{
		"%61lice":   `"alice"`,
		"%2e":       `"%2E"`,
		"alice@x":   `"alice%40x"`,
		"100%":      `"100%25"`,
		"caf%c3%a9": `"caf%C3%A9"`,
		"a%2":       `"a%252"`,
	} {
		_, err := wire.ParseKeyToken(token)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, which does not name %s", token, err, want)
		}
	}
}

func TestDescribeSubjects(t *testing.T) {
	n := names(t, "teff")
	if typ, err := n.ParseDescribe(n.Describe("bank.v1.Account")); err != nil || typ != "bank.v1.Account" {
		t.Errorf("%q, %v", typ, err)
	}
	for _, subject := range []string{"", "teff.describe", "teff.describe.", "teff.describe.a.b", "other.describe.Hello", "teff.call.Hello", "teff.describe.*"} {
		_, err := n.ParseDescribe(subject)
		checkCode(t, subject, err, "INVALID_ARGUMENT")
	}
}

// The subjects that are not of calls, as docs/protocol.md has them.
func TestSubjects(t *testing.T) {
	n := names(t, "teff")
	source, destination := n.PartitionMapping(256)
	for got, want := range map[string]string{
		n.CallAll():            "teff.call.>",
		n.PartAll():            "teff.part.>",
		n.DirectAll("S7"):      "teff.silo.S7.>",
		n.View():               "teff.view",
		n.ViewChanged():        "teff.view.changed",
		n.Describe("bank.A"):   "teff.describe.bank-A",
		n.DescribeAll():        "teff.describe.>",
		n.Ctl("S7", "status"):  "teff.ctl.S7.status",
		n.CtlAll("S7"):         "teff.ctl.S7.>",
		source:                 "teff.call.*.*.*",
		destination:            "teff.part.{{partition(256,1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
		wire.Names{}.Cluster(): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if _, err := (wire.Names{}).ParseTarget("call.Hello.a.Say"); err == nil {
		t.Error("names without a cluster accept a subject")
	}
}

// The commonest mistake, a type or a key with its dots, is told how to do better.
func TestTheSentenceTellsOfDots(t *testing.T) {
	for _, subject := range []string{"teff.call.bank.v1.Account.alice.Deposit", "teff.call.bank-v1-Account.alice@x.io.Deposit"} {
		_, err := names(t, "teff").ParseTarget(subject)
		if err == nil || !strings.Contains(err.Error(), "teff.call.TYPE.KEY.METHOD") || !strings.Contains(err.Error(), "%2E") {
			t.Errorf("%s: %v", subject, err)
		}
	}
}
