package silotest_test

import (
	"testing"
	"time"

	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
	"github.com/teff-dev/teff/samples/hello/hello/v1/hellov1teff"
	"github.com/teff-dev/teff/silo/silotest"
)

// TestHalfAnHourPassesInNoTime: grains that idle for 15 minutes leave memory; one that
// is called every ten stays.
func TestHalfAnHourPassesInNoTime(t *testing.T) {
	began := time.Now()
	var seen counts
	silotest.Virtual(t, func(t *testing.T) {
		c := silotest.New(t, silotest.Grains(countedKind(&seen)), silotest.Heartbeat(time.Minute))
		greet := func(key string) {
			t.Helper()
			if _, err := hellov1teff.GreeterOf(c.Client(), key).SayHello(t.Context(), &hellov1.SayHelloRequest{Name: "Ada"}); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		greet("idle")
		for range 3 {
			greet("busy")
			<-time.After(10 * time.Minute)
		}
		greet("busy")
		if passed := time.Since(start); passed < 30*time.Minute {
			t.Errorf("%s have passed, want 30 min", passed)
		}
		if n := seen.activated.Load(); n != 2 {
			t.Errorf("%d activations, want one of each grain", n)
		}
		if n := seen.deactivated.Load(); n != 1 {
			t.Errorf("%d deactivations, want that of the idle one", n)
		}
	})
	t.Logf("30 virtual minutes of 3 silos took %s", time.Since(began))
}

// TestAKillInVirtualTime: with a cluster's own heartbeat it takes 3.6 s until others take
// over, and none of them is waited for.
func TestAKillInVirtualTime(t *testing.T) {
	silotest.Virtual(t, func(t *testing.T) {
		c := silotest.New(t, silotest.Grains(countedKind(new(counts))), silotest.Heartbeat(500*time.Millisecond))
		if n, err := greet(c.Client(), "Ada"); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		killed := time.Now()
		c.Kill(c.Owner(greeterType, "desk"))
		settle(t, c)
		if took := time.Since(killed); took < 3*time.Second || took > 6*time.Second {
			t.Errorf("others took over after %s", took)
		}
		if n, err := greet(c.Client(), "Grace"); n != 2 || err != nil {
			t.Error(n, err)
		}
		c.Pause(c.Owner(greeterType, "desk"))
		settle(t, c)
		if n, err := greet(c.Client(), "Edsger"); n != 3 || err != nil {
			t.Error(n, err)
		}
	})
}
