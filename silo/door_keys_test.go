package silo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

// keyInSubject spells a key as docs/protocol.md has it, from the words there and not
// from the code.
func keyInSubject(key string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~-"
	var b strings.Builder
	for _, c := range []byte(key) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// hostileKeys are what people and their programs come up with. No two are the same grain.
func hostileKeys() []string {
	keys := []string{
		"*", ">", ".", "..", "a.b", "a..b", "$SYS.x", "$JS.API.INFO", "_INBOX.x", "teff.call.x", " ", "  ", "\t", "\r\n", "\n", "\x00", "\x00\x00", "\x7f",
		"%2e", "%2E", "%", "%%", "%25", "{}", "{{wildcard(1)}}", ":", "/", "//", "a/b", "\\", "'", `"`, "a b", "alice", "Alice", "alice ", "ALICE",
		"\u00e9", "e\u0301", // the same letter, composed and not: two grains
		"\u212b", "\u00c5", "A\u030a", // Å, three times
		"a\u200bb", "a\ufeffb", "ab", // zero width
		"\u202egnp.exe", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", // right to left
		"\U0001f600", "日本語", "\u2028", "\ufffd", "\U0010ffff", "null", "undefined", "0", "00", "-0", "-", "_", "~", "--",
		strings.Repeat("k", grain.MaxKeyBytes), strings.Repeat("\x01", grain.MaxKeyBytes), strings.Repeat("\u00e9", grain.MaxKeyBytes/2),
		strings.Repeat("k", grain.MaxKeyBytes-1),
	}
	for b := range 128 { // every single byte that is a key
		if key := string(rune(b)); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// whoAmI is a probe that answers with its key, and counts.
func whoAmI() *script {
	sc := &script{}
	sc.do = func(ctx context.Context, p *probe, _ string) (string, error) {
		return p.a.ID().Key, p.add(ctx, 1)
	}
	return sc
}

// Every key reaches the grain as it was meant, and each is a grain of its own: by the
// door, and through a client.
func TestHostileKeysAreIdentities(t *testing.T) {
	s := start(t, silo.Config{Grains: []grain.Kind{whoAmI().kind()}})
	text, c := dialText(t, s), connect(t, s)
	for _, key := range hostileKeys() {
		want := encoded(t, &probev1.DoResponse{Text: key, Number: 1})
		text.ask("teff.call.probe-v1-Probe."+keyInSubject(key)+".Do", "").wantSuccess(t, want)
	}
	for _, key := range hostileKeys() {
		for n, caller := range []grain.Caller{c, s} {
			got, err := probev1teff.ProbeOf(caller, key).Do(t.Context(), &probev1.DoRequest{})
			if err != nil || got.GetText() != key || got.GetNumber() != int64(n+2) {
				t.Errorf("%q is %v, %v; want number %d", key, got, err, n+2)
			}
		}
	}
}

// A key over the limit is refused by the silo; what is over the NATS server's limit of a
// line, by the server, which ends that connection and nothing else.
func TestKeysThatAreTooLong(t *testing.T) {
	s := start(t, silo.Config{Grains: []grain.Kind{whoAmI().kind()}})
	c := connect(t, s)
	for _, size := range []int{grain.MaxKeyBytes + 1, 64 << 10} {
		key := strings.Repeat("k", size)
		for _, caller := range []grain.Caller{c, s} {
			_, err := do(t.Context(), caller, key, "")
			wantCode(t, err, grain.CodeInvalidArgument)
		}
	}
	text := dialText(t, s)
	text.ask("teff.call.probe-v1-Probe."+strings.Repeat("k", 513)+".Do", "").wantError(t, grain.CodeInvalidArgument, true, "512")
	text.ask("teff.call.probe-v1-Probe."+strings.Repeat("%01", 513)+".Do", "").wantError(t, grain.CodeInvalidArgument, true, "512")
	text.send("teff.call.probe-v1-Probe."+strings.Repeat("k", 64<<10)+".Do", text.newInbox(), "")
	if msg, err := text.next(); err == nil {
		t.Errorf("a key of 64 kB was answered: %+v", msg)
	}
	mustDo(t, c, "k", "")
	dialText(t, s).ask("teff.call.probe-v1-Probe.k.Do", "{}").wantSuccess(t, `{"text":"k","number":"2"}`)
}

func TestKeysThatAreNotUTF8AreRefused(t *testing.T) {
	s := start(t, silo.Config{Grains: []grain.Kind{whoAmI().kind()}})
	c, text := connect(t, s), dialText(t, s)
	for _, key := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"} {
		text.ask("teff.call.probe-v1-Probe."+keyInSubject(key)+".Do", "").wantError(t, grain.CodeInvalidArgument, true, "UTF-8")
		for _, caller := range []grain.Caller{c, s} {
			_, err := do(t.Context(), caller, key, "")
			wantCode(t, err, grain.CodeInvalidArgument)
		}
	}
}
