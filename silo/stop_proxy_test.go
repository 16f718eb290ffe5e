package silo_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/silo"
	"github.com/teff-dev/teff/silo/silotest"
)

// A silo that stops waits for the answers to the calls that it passes on: whoever called at
// its door knows no other way to them.
func TestStopWaitsForWhatItPassesOn(t *testing.T) {
	const calls = 32 // some of which the server gives to the one that stops
	goOn := make(chan struct{})
	sc := &script{do: func(context.Context, *probe, string) (string, error) { <-goOn; return "done", nil }}
	c := silotest.New(t, silotest.Silos(2), silotest.Grains(sc.kind()))
	settled(t, c)
	keys := keysOf(c, 1, calls)
	answers := make(chan *nats.Msg, calls)
	inbox := c.NATS().NewInbox()
	sub, err := c.NATS().ChanSubscribe(inbox, answers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	for _, key := range keys {
		if err := c.NATS().PublishRequest(doorOf(probeType, key, "Do"), inbox, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	leaver := c.Silo(0)
	waitFor(t, func() bool { return silo.PassedOn(leaver) > 0 })
	stopped := make(chan error, 1)
	go func() { stopped <- leaver.Stop(context.Background()) }()
	select {
	case <-stopped:
		t.Error("it stopped before it had the answers")
		close(goOn)
	case <-time.After(time.Second): // far more than the rest takes
		close(goOn)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
	for range keys {
		if err := errorOf(<-answers); err != nil {
			t.Error(err)
		}
	}
}
