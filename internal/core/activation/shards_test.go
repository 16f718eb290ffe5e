package activation_test

import (
	"math"
	"sync"
	"testing"

	"github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
)

func cart(p int) membership.Shard { return membership.Shard{Type: "cart", Partition: p} }

func own(p int, since uint64) membership.Effect {
	return membership.Own{Shards: []membership.Owned{{Shard: cart(p), Since: since}}}
}

func seal(p int) membership.Effect {
	return membership.Seal{Shards: []membership.Sealed{{Shard: cart(p), Next: "B"}}}
}

func TestStandingsPack(t *testing.T) {
	for _, s := range []activation.Standing{
		{Phase: activation.Away},
		{Phase: activation.Serving, Since: 1},
		{Phase: activation.Sealed, Since: 1<<60 - 1, Claimed: true},
		{Phase: activation.Stopped, Since: 77, Claimed: true},
	} {
		if got := activation.Unpack(s.Pack()); got != s {
			t.Errorf("%+v is packed and unpacked to %+v", s, got)
		}
	}
}

// A shard's life, and what may be done in it at each point.
func TestAShardComesAndGoes(t *testing.T) {
	s := activation.NewShards([]string{"cart"}, 2)
	stays, goes := []membership.Shard{cart(1)}, []membership.Shard{cart(1)}
	for _, c := range []struct {
		what        string
		do          func()
		call, chain activation.Decision
		acts        bool // what began under 5
	}{
		{"at first", func() {}, activation.Moved, activation.Moved, false},
		{"a claim for what is not ours", func() { s.Claimed(cart(1), 0) }, activation.Moved, activation.Moved, false},
		{"owned", func() { s.Apply(own(1, 5)) }, activation.Claim, activation.Claim, true},
		{"an old claim", func() { s.Claimed(cart(1), 4) }, activation.Claim, activation.Claim, true},
		{"claimed", func() { s.Claimed(cart(1), 5) }, activation.Serve, activation.Serve, true},
		{"sealed", func() { s.Apply(seal(1)) }, activation.Moved, activation.Serve, true},
		{"unsealed", func() { s.Apply(membership.Unseal{Shards: stays}) }, activation.Serve, activation.Serve, true},
		{"stopped", func() { s.Apply(membership.Stop{Shards: goes}) }, activation.Moved, activation.Moved, false},
		{"sealed again", func() { s.Apply(seal(1)) }, activation.Moved, activation.Serve, true},
		{"lost", func() { s.Apply(membership.Lose{Shards: goes}) }, activation.Moved, activation.Moved, false},
		{"sealed too late", func() { s.Apply(seal(1)) }, activation.Moved, activation.Moved, false},
		{"come back", func() { s.Apply(own(1, 9)) }, activation.Claim, activation.Claim, false},
		{"claimed late", func() { s.Claimed(cart(1), 5) }, activation.Claim, activation.Claim, false},
	} {
		c.do()
		if got, _ := s.Admit(cart(1), false); got != c.call {
			t.Errorf("%s: a call is decided as %d, want %d", c.what, got, c.call)
		}
		if got, _ := s.Admit(cart(1), true); got != c.chain {
			t.Errorf("%s: a chain's call is decided as %d, want %d", c.what, got, c.chain)
		}
		if got := s.Acts(cart(1), 5); got != c.acts {
			t.Errorf("%s: what began under 5 may act: %v, want %v", c.what, got, c.acts)
		}
	}
	if _, since := s.Admit(cart(1), false); since != 9 {
		t.Errorf("a turn is to act under %d, want 9", since)
	}
	if got := s.Standing(cart(0)); got != (activation.Standing{Phase: activation.Away}) {
		t.Errorf("the shard beside it is %+v", got)
	}
}

func TestShardsThatAreNotHosted(t *testing.T) {
	s := activation.NewShards([]string{"cart"}, 2)
	for _, shard := range []membership.Shard{{Type: "room"}, cart(2), cart(-1)} {
		s.Apply(membership.Own{Shards: []membership.Owned{{Shard: shard, Since: 1}}})
		if got, _ := s.Admit(shard, true); got != activation.Moved {
			t.Errorf("a call to %v is decided as %d", shard, got)
		}
	}
}

// A claim that ends while the shard is sealed changes neither to the other.
func TestClaimsAndEffectsAtOnce(t *testing.T) {
	s := activation.NewShards([]string{"cart"}, 1)
	for since := uint64(1); since < 2000; since++ {
		s.Apply(own(0, since))
		var both sync.WaitGroup
		both.Go(func() { s.Claimed(cart(0), since) })
		both.Go(func() { s.Apply(seal(0)) })
		both.Wait()
		if got, want := s.Standing(cart(0)), (activation.Standing{Phase: activation.Sealed, Claimed: true, Since: since}); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

func TestTheGateIsTheLease(t *testing.T) {
	var g activation.Gate
	if g.Open(0) {
		t.Error("a gate is open without a lease")
	}
	g.Apply(membership.Lease{Until: 10})
	g.Apply(membership.Lease{Until: 7}) // late; a lease never goes back
	if !g.Open(9) || g.Open(10) {
		t.Errorf("a lease until 10: open at 9 is %v, at 10 %v", g.Open(9), g.Open(10))
	}
	g.Apply(membership.Died{})
	g.Apply(membership.Lease{Until: 20})
	if g.Open(math.MinInt64) || g.Open(15) {
		t.Error("the gate of a dead incarnation is open")
	}
}

func BenchmarkAdmit(b *testing.B) {
	s := activation.NewShards([]string{"cart", "room"}, 1024)
	s.Apply(own(7, 5))
	s.Claimed(cart(7), 5)
	b.ReportAllocs()
	for b.Loop() {
		if d, _ := s.Admit(cart(7), false); d != activation.Serve {
			b.Fatal(d)
		}
	}
}
