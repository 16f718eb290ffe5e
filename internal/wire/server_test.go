package wire_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// The partition is what a NATS server makes of the door.
func TestPartitionIsTheServers(t *testing.T) {
	n := names(t, "teff")
	keys := []string{"alice", "alice@x.io", "*", ">", "a.b", "\x00", "日本語", strings.Repeat("k", grain.MaxKeyBytes), strings.Repeat("é", grain.MaxKeyBytes/2)}
	luck := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		keys = append(keys, fmt.Sprintf("%x.%d", luck.Uint64(), luck.IntN(1000)))
	}
	for _, partitions := range []uint32{1, 2, 3, 64, 256, 1000, 1<<31 - 1} {
		transform, err := server.NewSubjectTransform(n.PartitionMapping(partitions))
		if err != nil {
			t.Fatal(err)
		}
		for i, key := range keys {
			typ := []string{"bank.v1.Account", "Hello", "a.b_c.D1"}[i%3]
			mapped, err := transform.Match(n.Call(typ, key, "Deposit"))
			if err != nil {
				t.Fatalf("%q: %v", key, err)
			}
			p := wire.Partition(wire.TypeToken(typ), wire.KeyToken(key), partitions)
			if want := n.Partitioned(p, typ, key, "Deposit"); mapped != want {
				t.Fatalf("%s/%s with %d partitions: the server says %s, we %s", typ, key, partitions, mapped, want)
			}
			want := wire.Target{Type: typ, Key: key, Method: "Deposit", Partition: int(p)}
			if got, err := n.ParseTarget(mapped); err != nil || got != want {
				t.Fatalf("%s is %+v, %v; want %+v", mapped, got, err, want)
			}
		}
	}
	if p := wire.Partition("Hello", "a", 0); p != 0 {
		t.Errorf("no partitions: %d", p)
	}
}

// Every subject that validated names can make fits into the line that a server reads.
func TestTheLongestSubjectFits(t *testing.T) {
	n := names(t, strings.Repeat("c", wire.MaxClusterBytes))
	typ := strings.Repeat("t", grain.MaxTypeBytes)
	key := strings.Repeat("\x01", grain.MaxKeyBytes)
	method := strings.Repeat("m", wire.MaxMethodBytes)
	for _, subject := range []string{
		n.Call(typ, key, method),
		n.Partitioned(1<<31-1, typ, key, method),
		n.Direct(strings.Repeat("i", wire.MaxIncarnationBytes), typ, key, method),
	} {
		if _, err := n.ParseTarget(subject); err != nil {
			t.Error(err)
		}
		const reply = 1024
		if len(subject) > server.MAX_CONTROL_LINE_SIZE-reply {
			t.Errorf("a subject of %d bytes", len(subject))
		}
	}
}

// connect starts a NATS server and returns two connections to it.
func connect(t *testing.T, mapFrom, mapTo string) (silo, caller *nats.Conn) {
	t.Helper()
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server is not ready")
	}
	if err := srv.GlobalAccount().AddMapping(mapFrom, mapTo); err != nil {
		t.Fatal(err)
	}
	conns := make([]*nats.Conn, 2)
	for i := range conns {
		nc, err := nats.Connect("", nats.InProcessServer(srv))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		conns[i] = nc
	}
	return conns[0], conns[1]
}

// A call and its error through a real server: the mapping, the headers, the reply.
func TestThroughAServer(t *testing.T) {
	const partitions = 64
	n := names(t, "teff")
	from, to := n.PartitionMapping(partitions)
	silo, caller := connect(t, from, to)
	sent := grain.MakeError(seam.Fault{
		Code: int(grain.CodeResourceExhausted), Message: "the mailbox of “alice@x.io” is full:\n1024 calls", NotExecuted: true,
	})
	got := make(chan *nats.Msg, 1)
	serve := func(m *nats.Msg) {
		got <- m
		codec, err := wire.DetectCodec(wire.Header(m.Header), m.Data)
		if err != nil || !wire.ReplyAllowed(m.Reply, nil) {
			return
		}
		h, body := wire.EncodeError(sent, codec)
		_ = m.RespondMsg(&nats.Msg{Header: nats.Header(h), Data: body}) // a lost reply fails the test by its deadline
	}
	for _, pattern := range []string{n.CallAll(), n.PartAll()} {
		if _, err := silo.QueueSubscribe(pattern, wire.QueueGroup, serve); err != nil {
			t.Fatal(err)
		}
	}
	if err := silo.Flush(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	reply, err := caller.RequestMsgWithContext(ctx, &nats.Msg{
		Subject: n.Call("bank.v1.Account", "alice@x.io", "Deposit"),
		Header:  nats.Header{wire.HeaderTimeout: {wire.FormatTimeout(1500 * time.Millisecond)}},
		Data:    []byte(`{"amount":5}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	request := <-got
	target, err := n.ParseTarget(request.Subject)
	p := wire.Partition("bank-v1-Account", "alice%40x%2Eio", partitions)
	if want := (wire.Target{Type: "bank.v1.Account", Key: "alice@x.io", Method: "Deposit", Partition: int(p)}); err != nil || target != want {
		t.Errorf("%s is %+v, %v", request.Subject, target, err)
	}
	if d, set, err := wire.ParseTimeout(wire.Header(request.Header)); d != 1500*time.Millisecond || !set || err != nil {
		t.Errorf("the timeout arrived as %v, %t, %v", d, set, err)
	}
	if e := wire.DecodeError(wire.Header(reply.Header), reply.Data); e == nil || sayingOf(e) != sayingOf(sent) {
		t.Errorf("the error arrived as %v", e)
	}
	if ct := reply.Header.Get(wire.HeaderContentType); ct != wire.CodecJSON.ContentType() {
		t.Errorf("the body is said to be %q", ct)
	}
}

// Where nobody listens, the server says so in nobody's place.
func TestNobodyListens(t *testing.T) {
	n := names(t, "teff")
	_, caller := connect(t, "unused", "elsewhere")
	inbox := caller.NewInbox()
	replies := make(chan *nats.Msg, 1)
	if _, err := caller.ChanSubscribe(inbox, replies); err != nil {
		t.Fatal(err)
	}
	if err := caller.PublishRequest(n.Call("Hello", "a", "Say"), inbox, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var reply *nats.Msg
	select {
	case reply = <-replies:
	case <-ctx.Done():
		t.Fatal("the server does not answer")
	}
	e := wire.DecodeError(wire.Header(reply.Header), reply.Data)
	if e == nil || e.Code() != grain.CodeUnavailable || !e.NotExecuted() {
		t.Errorf("%v is %v", reply.Header, e)
	}
}
