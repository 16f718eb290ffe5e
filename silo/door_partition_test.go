package silo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// partitionOf is the protocol's own program for it, in Go.
func partitionOf(typeToken, keyToken string, n uint32) uint32 {
	h := uint32(2166136261)
	for _, b := range []byte(typeToken + keyToken) {
		h = (h ^ uint32(b)) * 16777619
	}
	return h % n
}

// The embedded server sends the door's calls to partitions, and its partition is ours.
func TestTheServerMapsTheDoorToPartitions(t *testing.T) {
	for _, n := range []int{1, 7, 1024} {
		s := start(t, silo.Config{Partitions: n, Grains: []grain.Kind{bankv1teff.AccountKind(newAccount), whoAmI().kind()}})
		c := dialText(t, s)
		c.sub("teff.part.>") // beside the silo: both get it
		c.sub("teff.call.>")
		for i := range 50 {
			key := keyInSubject(fmt.Sprint("key ", i, ".é"))
			for _, target := range [][2]string{{"bank-v1-Account", "Balance"}, {"probe-v1-Probe", "Look"}} {
				reply := c.newInbox()
				c.send(strings.Join([]string{"teff.call", target[0], key, target[1]}, "."), reply, "")
				p := partitionOf(target[0], key, uint32(n))
				if wire.Partition(target[0], key, uint32(n)) != p {
					t.Fatalf("%s of %s: the silo would say %d, the protocol says %d", key, target[0], wire.Partition(target[0], key, uint32(n)), p)
				}
				mapped := c.answer(fmt.Sprintf("teff.part.%d.%s.%s.%s", p, target[0], key, target[1]))
				if mapped.reply != reply {
					t.Errorf("the mapped call is %+v", mapped)
				}
				c.answer(reply).wantSuccess(t, "")
			}
		}
	}
}

// The vectors that docs/protocol.md gives away.
func TestPartitionsOfTheProtocol(t *testing.T) {
	if p := partitionOf("bank-v1-Account", "alice", 1024); p != 895 {
		t.Errorf("alice is in %d", p)
	}
	if p := partitionOf("bank-v1-Account", keyInSubject("alice@x.io"), 1024); p != 288 {
		t.Errorf("alice@x.io is in %d", p)
	}
}

// A silo treats a partition like the door: whoever may publish there gets no more and no
// less, and the partition is not believed.
func TestPartitionsAreLikeTheDoor(t *testing.T) {
	c := dialText(t, bank(t))
	direct := "teff.silo." + c.incarnation() + ".bank-v1-Account.alice."
	for i, prefix := range []string{"teff.part.895.bank-v1-Account.alice.", "teff.part.0.bank-v1-Account.alice.", "teff.part.2147483647.bank-v1-Account.alice.", direct} {
		c.ask(prefix+"Deposit", `{"amount":5}`).wantSuccess(t, fmt.Sprintf(`{"balance":"%d"}`, 5*(i+1)))
		c.ask(prefix+"Deposit", `{"amount":5}`, "Teff-Timeout: 0s").wantError(t, grain.CodeDeadlineExceeded, true, "time was up")
		c.ask(prefix+"Deposit", `{"amount":-5}`).wantError(t, grain.CodeInvalidArgument, false, "positive")
		c.ask(prefix+"Rob", "").wantError(t, grain.CodeUnimplemented, true, `"Rob"`)
		c.ask(prefix+"Rob.me", "").wantError(t, grain.CodeInvalidArgument, true, "TYPE.KEY.METHOD")
	}
	for _, p := range []string{"-1", "01", "x", "2147483648", "99999999999999999999", "%31"} {
		c.ask("teff.part."+p+".bank-v1-Account.alice.Deposit", `{"amount":5}`).wantError(t, grain.CodeInvalidArgument, true, "partition")
	}
	for _, key := range []string{"%61lice", "a@b"} {
		c.ask("teff.part.1.bank-v1-Account."+key+".Balance", "").wantError(t, grain.CodeInvalidArgument, true, "key")
	}
}
