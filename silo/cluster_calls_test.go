package silo_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/silo"
	"github.com/teff-dev/teff/silo/silotest"
)

// Behaviour A1, across silos: 100 callers of 10 cold grains, from everywhere at once, meet
// one activation of each.
func TestBehaviourA1AcrossSilos(t *testing.T) {
	var seen census
	c := silotest.New(t, silotest.Grains(counting(&seen).kind()))
	ways := []way{through(c.Silo(0)), through(c.Silo(1)), through(c.Silo(2)), through(c.Client()), atDoor(c.NATS())}
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			for k := range 10 {
				if err := ways[(i+k)%len(ways)](context.Background(), string(rune('a'+(i+k)%10)), "add"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for key, times := range seen.of() {
		if n := number(t, c.Client(), key); times != 1 || n != 100 {
			t.Errorf("%s was activated %d times and counted %d, want once and 100", key, times, n)
		}
	}
	if len(seen.of()) != 10 {
		t.Errorf("%d keys were activated, want 10", len(seen.of()))
	}
}

// Behaviour B3, across silos: a cycle is found at once, and named.
func TestBehaviourB3AcrossSilos(t *testing.T) {
	var next sync.Map
	sc := &script{do: func(ctx context.Context, p *probe, _ string) (string, error) {
		to, _ := next.Load(p.a.ID().Key)
		key, _ := to.(string)
		return do(ctx, p.a, key, "")
	}}
	c := silotest.New(t, silotest.Grains(sc.kind()))
	path := []string{keysOf(c, 0, 1)[0], keysOf(c, 1, 1)[0], keysOf(c, 2, 1)[0]}
	for i, key := range path {
		next.Store(key, path[(i+1)%len(path)])
	}
	for name, call := range map[string]way{"silo": through(c.Silo(1)), "client": through(c.Client()), "door": atDoor(c.NATS())} {
		begun := time.Now()
		err := call(t.Context(), path[0], "")
		took := time.Since(begun)
		if !errors.Is(err, grain.CodeAborted) {
			t.Errorf("from a %s: %v, want ABORTED", name, err)
			continue
		}
		for _, key := range path {
			if !strings.Contains(err.Error(), probeType+"/"+key) {
				t.Errorf("from a %s: it says %q, and does not name %s", name, err, key)
			}
		}
		if took > 2*time.Second {
			t.Errorf("from a %s it took %s", name, took)
		}
	}
}

// Whoever gets a request at the door, the owner runs it: with its error, its deadline and
// its cancellation. Of three silos, two pass it on.
func TestTheDoorOfAnySiloIsEverybodys(t *testing.T) {
	ran := make(chan string, 1)
	cancelled := make(chan struct{}, 1)
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		switch text {
		case "fail":
			return "", grain.Errorf(grain.CodeNotFound, "there is no %s", p.a.ID().Key)
		case "hang":
			ran <- p.a.ID().Key
			<-ctx.Done()
			cancelled <- struct{}{}
			return "", ctx.Err()
		case "tell":
			ran <- p.a.ID().Key
			return "", nil
		default:
			return text, p.add(ctx, 1)
		}
	}}
	c := silotest.New(t, silotest.Grains(sc.kind()))
	r := raw{c.NATS()}
	for i := range 3 {
		for _, key := range keysOf(c, i, 5) {
			doorAnswers(t, c, key)

			r.ask(t, key, "Tell", "tell", nil) // with a reply subject, and without
			if got := <-ran; got != key {
				t.Errorf("Tell reached %s, want %s", got, key)
			}
			if err := c.NATS().Publish(doorOf(probeType, key, "Tell"), []byte(`{"text":"tell"}`)); err != nil {
				t.Fatal(err)
			}
			if got := <-ran; got != key {
				t.Errorf("Tell reached %s, want %s", got, key)
			}

			answers := r.ask(t, key, "Do", "hang", nil)
			<-ran
			cancelAtDoor(t, c.NATS(), key, answers)
			<-cancelled
			wantCode(t, errorOf(r.next(t, answers)), grain.CodeCancelled)

			answers = r.ask(t, key, "Do", "hang", map[string]string{wire.HeaderTimeout: "50ms"})
			<-ran
			<-cancelled
			wantCode(t, errorOf(r.next(t, answers)), grain.CodeDeadlineExceeded)
		}
	}
}

// doorAnswers calls a grain in both codecs, and lets it fail.
func doorAnswers(t *testing.T, c *silotest.Cluster, key string) {
	t.Helper()
	r := raw{c.NATS()}
	if got := string(r.next(t, r.ask(t, key, "Do", "x", nil)).Data); got != `{"text":"x","number":"1"}` {
		t.Errorf("in JSON it answers %s", got)
	}
	if err := atDoorProto(c.NATS())(t.Context(), key, "x"); err != nil {
		t.Error(err)
	}
	err := errorOf(r.next(t, r.ask(t, key, "Do", "fail", nil)))
	if got := wantCode(t, err, grain.CodeNotFound); got.Message() != "there is no "+key || got.NotExecuted() {
		t.Errorf("it says %q", got)
	}
	err = errorOf(r.next(t, r.ask(t, key, "Undo", "x", nil)))
	wantCode(t, err, grain.CodeUnimplemented)
}

// errorOf is the error that a message carries.
func errorOf(msg *nats.Msg) error {
	if err := wire.DecodeError(wire.Header(msg.Header), msg.Data); err != nil {
		return err
	}
	return nil
}

// cancelAtDoor cancels the call that answers to that subscription.
func cancelAtDoor(t *testing.T, nc *nats.Conn, key string, answers *nats.Subscription) {
	t.Helper()
	msg := nats.NewMsg(doorOf(probeType, key, "Do"))
	msg.Header[wire.HeaderCancel] = []string{answers.Subject}
	if err := nc.PublishMsg(msg); err != nil {
		t.Fatal(err)
	}
}

// Calls between grains of two silos behave like those within one: cancelled onward,
// read-only ones as such, one-way ones sent.
func TestCallsBetweenSilos(t *testing.T) {
	var far string
	told, cancelled := make(chan struct{}, 1), make(chan struct{}, 1)
	running := make(chan struct{}, 1)
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		switch text {
		case "onward":
			return do(ctx, p.a, far, "hang")
		case "hang":
			running <- struct{}{}
			<-ctx.Done()
			cancelled <- struct{}{}
			return "", ctx.Err()
		case "tell":
			return "", probev1teff.ProbeOf(p.a, far).Tell(ctx, &probev1.TellRequest{Text: "told"})
		case "told":
			told <- struct{}{}
		}
		return "", nil
	}}
	c := silotest.New(t, silotest.Grains(sc.kind()))
	near := keysOf(c, 0, 1)[0]
	far = keysOf(c, 1, 1)[0]

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := do(ctx, c.Silo(2), near, "onward")
		failed <- err
	}()
	<-running
	cancel()
	<-cancelled
	if err := <-failed; !errors.Is(err, grain.CodeCancelled) {
		t.Errorf("the caller gets %v", err)
	}
	mustDo(t, c.Silo(2), near, "tell")
	<-told
	waitFor(t, func() bool { return !silo.Running(c.Silo(1), probeType, far) })
}
