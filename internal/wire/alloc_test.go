package wire_test

import (
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
)

// What a silo does for every call, and how often that may allocate.
func TestAllocations(t *testing.T) {
	n := names(t, "teff")
	known := n.Knowing("bank.v1.Account")
	var ( // what the calls return, lest the compiler leaves them out
		text      string
		target    wire.Target
		partition uint32
		coded     *grain.Error
		allowed   bool
	)
	cases := []struct {
		name string
		most float64
		f    func()
	}{
		{"write a plain key", 0, func() { text = wire.KeyToken("alice_7~x-y") }},
		{"write an escaped key", 1, func() { text = wire.KeyToken("alice@x.io") }},
		{"read a plain key", 0, func() { text, _ = wire.ParseKeyToken("alice_7~x-y") }},
		{"read an escaped key", 1, func() { text, _ = wire.ParseKeyToken("alice%40x%2Eio") }},
		{"write a type without dots", 0, func() { text = wire.TypeToken("Account") }},
		{"read a type without dots", 0, func() { text, _ = wire.ParseTypeToken("Account") }},
		{"read a subject without dots and escapes", 0, func() { target, _ = n.ParseTarget("teff.call.Account.alice.Deposit") }},
		{"read a known type's subject", 0, func() { target, _ = known.ParseTarget("teff.part.7.bank-v1-Account.alice.Deposit") }},
		{"read a usual subject", 1, func() { target, _ = n.ParseTarget("teff.part.7.bank-v1-Account.alice.Deposit") }},
		{"read a subject with escapes", 2, func() { target, _ = n.ParseTarget("teff.silo.S7.bank-v1-Account.a%40x.Deposit") }},
		{"write a subject", 1, func() { text = n.Call("bank.v1.Account", "alice@x.io", "Deposit") }},
		{"write a silo's subject", 1, func() { text = n.Direct("S7Qm2x", "bank.v1.Account", "alice", "Deposit") }},
		{"partition", 0, func() { partition = wire.Partition("bank-v1-Account", "alice", 256) }},
		{"a success", 0, func() { coded = wire.DecodeError(nil, nil) }},
		{"no timeout", 0, func() { _, allowed, _ = wire.ParseTimeout(nil) }},
		{"a reply subject", 0, func() { allowed = wire.ReplyAllowed("_INBOX.abc.7", nil) }},
	}
	for _, c := range cases {
		if got := testing.AllocsPerRun(100, c.f); got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, got, c.most)
		}
	}
	if text == "" || target.Method != "Deposit" || partition == 0 || coded != nil || !allowed {
		t.Error("a call did not do what it was measured for")
	}
}

func BenchmarkParseTarget(b *testing.B) {
	n := names(b, "teff")
	for _, subject := range []string{
		"teff.call.Account.alice.Deposit",
		"teff.call.bank-v1-Account.alice.Deposit",
		"teff.silo.S7Qm2x.bank-v1-Account.alice%40x%2Eio.Deposit",
	} {
		b.Run(subject, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := n.ParseTarget(subject); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkKeyToken(b *testing.B) {
	for _, key := range []string{"alice", "alice@x.io"} {
		b.Run(key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				wire.KeyToken(key)
			}
		})
	}
}

func BenchmarkCall(b *testing.B) {
	n := names(b, "teff")
	b.ReportAllocs()
	for b.Loop() {
		n.Call("bank.v1.Account", "alice", "Deposit")
	}
}
