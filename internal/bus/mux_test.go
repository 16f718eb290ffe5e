package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/bus"
)

// newMux makes a multiplexer, and a connection of somebody who answers.
func newMux(t testing.TB) (*bus.Mux, *nats.Conn) {
	t.Helper()
	srv := outside(t, &server.Options{})
	m, err := bus.NewMux(dial(t, bus.Options{URL: srv.ClientURL()}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := bus.Waiting(m); n != 0 {
			t.Errorf("%d requests are still waited for", n)
		}
		m.Close()
	})
	return m, dial(t, bus.Options{URL: srv.ClientURL()})
}

// serve subscribes for the one who answers.
func serve(t testing.TB, nc *nats.Conn, subject string, handler nats.MsgHandler) {
	t.Helper()
	if _, err := nc.Subscribe(subject, handler); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
}

func request(t testing.TB, m *bus.Mux, subject, data string) (*nats.Msg, error) {
	return m.Request(t.Context(), &nats.Msg{Subject: subject, Data: []byte(data)}, time.Now().Add(patience))
}

// echo answers with what it gets.
func echo(msg *nats.Msg) { _ = msg.Respond(msg.Data) } // a lost answer fails the test by its deadline

func TestMuxGivesEachItsOwnReply(t *testing.T) {
	m, other := newMux(t)
	serve(t, other, "echo", echo)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for k := range 100 {
				want := fmt.Sprint(i, "/", k)
				reply, err := request(t, m, "echo", want)
				if err != nil || string(reply.Data) != want {
					t.Errorf("got %v, %v, want %s", reply, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Requests give up at the very moment of their replies, over and over: none gets another's.
func TestMuxUnderDeadlinesAndReplies(t *testing.T) {
	m, other := newMux(t)
	serve(t, other, "echo", echo)
	begun := time.Now()
	if _, err := request(t, m, "echo", ""); err != nil {
		t.Fatal(err)
	}
	usual := time.Since(begun)
	var late, inTime atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for k := range 200 {
				want := fmt.Sprint(i, "/", k)
				// From much too little to more than a busy machine needs.
				patience := time.Duration(k%10) * usual / 4 << (k / 20)
				ctx, cancel := context.WithCancel(t.Context())
				if k%3 == 0 {
					time.AfterFunc(patience, cancel)
				}
				reply, err := m.Request(ctx, &nats.Msg{Subject: "echo", Data: []byte(want)}, time.Now().Add(patience))
				cancel()
				switch {
				case err == nil && string(reply.Data) != want:
					t.Errorf("got %q, want %q", reply.Data, want)
				case err == nil:
					inTime.Add(1)
				case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
					late.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if late.Load() == 0 || inTime.Load() == 0 {
		t.Errorf("%d in time and %d late: the test did not hit the moment", inTime.Load(), late.Load())
	}
	if reply, err := request(t, m, "echo", "last"); err != nil || string(reply.Data) != "last" {
		t.Errorf("got %v, %v", reply, err)
	}
}

// Behaviour F6: a reply that comes too late, or twice, or for nobody, is ignored.
func TestBehaviourF6LateRepliesAreIgnored(t *testing.T) {
	m, other := newMux(t)
	requests := make(chan *nats.Msg, 10)
	serve(t, other, "slow", func(msg *nats.Msg) { requests <- msg })
	serve(t, other, "echo", echo)
	if _, err := m.Request(t.Context(), &nats.Msg{Subject: "slow"}, time.Now().Add(20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	late := <-requests
	prefix := late.Reply[:len(late.Reply)-1]
	for _, subject := range []string{late.Reply, late.Reply, prefix + "zzzzzz", prefix + "%", prefix + "-1", prefix + "99999999999999999999999"} {
		if err := other.Publish(subject, []byte("late")); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // over the same connection as the late ones, so behind them
		if reply, err := request(t, m, "echo", "mine"); err != nil || string(reply.Data) != "mine" {
			t.Errorf("got %v, %v", reply, err)
		}
	}
}

func TestMuxTellsWhyThereIsNoReply(t *testing.T) {
	m, other := newMux(t)
	requests := make(chan *nats.Msg, 10)
	serve(t, other, "silent", func(msg *nats.Msg) { requests <- msg })
	begun := time.Now()
	if _, err := request(t, m, "nobody", ""); !errors.Is(err, bus.ErrNoResponders) {
		t.Errorf("nobody listens: %v", err)
	}
	if took := time.Since(begun); took > patience/2 {
		t.Errorf("that nobody listens took %s", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-requests; cancel() }()
	if _, err := m.Request(ctx, &nats.Msg{Subject: "silent"}, time.Now().Add(patience)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for name, deadline := range map[string]time.Duration{"short": 10 * time.Millisecond, "none": 0, "past": -time.Hour} {
		if _, err := m.Request(t.Context(), &nats.Msg{Subject: "silent"}, time.Now().Add(deadline)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s deadline: %v", name, err)
		}
	}
	if _, err := request(t, m, "silent", string(make([]byte, 1<<20+1))); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("too large: %v", err)
	}
	if _, err := request(t, m, "not a subject", ""); !errors.Is(err, nats.ErrBadSubject) {
		t.Errorf("no subject: %v", err)
	}
}

// An empty answer, and one with a 503 of somebody's own, are answers.
func TestMuxKnowsTheServersWordFromOthers(t *testing.T) {
	m, other := newMux(t)
	serve(t, other, "empty", func(msg *nats.Msg) { _ = msg.Respond(nil) })
	serve(t, other, "own", func(msg *nats.Msg) {
		_ = msg.RespondMsg(&nats.Msg{Header: nats.Header{"Status": {"503"}}, Data: []byte("mine")})
	})
	if reply, err := request(t, m, "empty", ""); err != nil || len(reply.Data) != 0 {
		t.Errorf("empty: %v, %v", reply, err)
	}
	if reply, err := request(t, m, "own", ""); err != nil || string(reply.Data) != "mine" {
		t.Errorf("503 of its own: %v, %v", reply, err)
	}
}

func TestMuxClose(t *testing.T) {
	m, other := newMux(t)
	requests := make(chan *nats.Msg, 10)
	serve(t, other, "silent", func(msg *nats.Msg) { requests <- msg })
	serve(t, other, "echo", echo)
	ended := make(chan error, 10)
	for range 10 {
		go func() { _, err := request(t, m, "silent", ""); ended <- err }()
	}
	for range 10 {
		<-requests
	}
	for range 2 { // twice is safe
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	for range 10 {
		if err := <-ended; !errors.Is(err, bus.ErrAbandoned) {
			t.Errorf("under way: %v", err)
		}
	}
	if _, err := request(t, m, "echo", ""); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestMuxOverAClosedConnection(t *testing.T) {
	srv := outside(t, &server.Options{})
	nc := dial(t, bus.Options{URL: srv.ClientURL()})
	m, err := bus.NewMux(nc)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if _, err := request(t, m, "echo", ""); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("got %v", err)
	}
	if n := bus.Waiting(m); n != 0 {
		t.Errorf("%d requests are still waited for", n)
	}
	if _, err := bus.NewMux(nc); err == nil {
		t.Error("a multiplexer was made")
	}
}

// Inboxes are below the user's own prefix, where there is one.
func TestMuxUsesTheUsersInbox(t *testing.T) {
	srv := outside(t, &server.Options{})
	m, err := bus.NewMux(dial(t, bus.Options{URL: srv.ClientURL(), Extra: []nats.Option{nats.CustomInboxPrefix("replies.alice")}}))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	serve(t, dial(t, bus.Options{URL: srv.ClientURL()}), "where", func(msg *nats.Msg) { _ = msg.Respond([]byte(msg.Reply)) })
	if reply, err := request(t, m, "where", ""); err != nil || len(reply.Data) < 20 || string(reply.Data[:14]) != "replies.alice." {
		t.Errorf("got %v, %v", reply, err)
	}
}

func BenchmarkMux(b *testing.B) {
	m, other := newMux(b)
	serve(b, other, "echo", echo)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := request(b, m, "echo", "x"); err != nil {
			b.Fatal(err)
		}
	}
}
