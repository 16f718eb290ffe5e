package route_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/internal/route"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// Nothing that the tests start is left when they end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what surely comes.
const patience = 20 * time.Second

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// waitFor returns when cond holds, where there is no event to wait for.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
	}
}

// natsServer starts a NATS server and returns its URL.
func natsServer(t testing.TB) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(patience) {
		t.Fatal("the NATS server is not ready")
	}
	return srv.ClientURL()
}

func dial(t testing.TB, url string) *nats.Conn {
	t.Helper()
	nc, err := bus.Connect(bus.Options{URL: url, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func names(t testing.TB) wire.Names {
	t.Helper()
	n, err := wire.NewNames("teff")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// newRouter makes a router as a client has it; cut ends its connection to the silos.
func newRouter(t testing.TB, url string, timeout time.Duration) (r *route.Router, mux *bus.Mux) {
	t.Helper()
	nc := dial(t, url)
	mux, err := bus.NewMux(nc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mux.Close() })
	r = route.New(nc, mux, names(t), timeout)
	if _, err := r.Follow(); err != nil {
		t.Fatal(err)
	}
	return r, mux
}

// epochs are those of all fakes' views: one of a silo that comes later is newer.
var epochs atomic.Uint64

// A fake answers as a silo, on a real NATS server, what its test wants; and it counts
// what was sent to it.
type fake struct {
	t           testing.TB
	nc          *nats.Conn
	incarnation string
	view        func() *nats.Msg

	// answer is what the fake says to the n-th call, from 1; nil: nothing.
	answer func(n int, call *nats.Msg) *nats.Msg

	mu      sync.Mutex
	views   int
	calls   []*nats.Msg
	cancels []*nats.Msg
}

// newFake starts a silo that hosts the probe.
func newFake(t testing.TB, url, incarnation string, answer func(n int, call *nats.Msg) *nats.Msg) *fake {
	t.Helper()
	f := &fake{t: t, nc: dial(t, url), incarnation: incarnation, answer: answer}
	f.view = func() *nats.Msg { return f.viewOf(wire.Version, probev1teff.ProbeName) }
	for subject, handler := range map[string]nats.MsgHandler{names(t).View(): f.serveView, names(t).DirectAll(incarnation): f.serve} {
		if _, err := f.nc.Subscribe(subject, handler); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return f
}

// viewOf is a view with the fake as its only member.
func (f *fake) viewOf(version uint32, types ...string) *nats.Msg {
	owner := make([]uint32, 16)
	for p := range owner {
		owner[p] = 1
	}
	data, err := proto.Marshal(&teffv1.View{
		Cluster: "teff", WireVersion: version, Generation: 1, Epoch: epochs.Add(1), Partitions: uint32(len(owner)),
		Members: []*teffv1.Member{{Incarnation: f.incarnation, Types: types, State: teffv1.MemberState_MEMBER_STATE_ACTIVE}},
		Tables:  []*teffv1.Table{{Types: types, Owner: owner, Epochs: []uint64{1}, Since: make([]uint32, len(owner))}},
	})
	if err != nil {
		f.t.Error(err)
	}
	return &nats.Msg{Data: data}
}

func (f *fake) serveView(msg *nats.Msg) {
	f.mu.Lock()
	f.views++
	view := f.view
	f.mu.Unlock()
	_ = msg.RespondMsg(view()) // a lost answer fails the test by its deadline
}

func (f *fake) serve(msg *nats.Msg) {
	f.mu.Lock()
	if msg.Header.Get(wire.HeaderCancel) != "" {
		f.cancels = append(f.cancels, msg)
		f.mu.Unlock()
		return
	}
	f.calls = append(f.calls, msg)
	n, answer := len(f.calls), f.answer
	f.mu.Unlock()
	if reply := answer(n, msg); reply != nil && msg.Reply != "" {
		_ = msg.RespondMsg(reply)
	}
}

// got is what was sent so far. Whoever asks has had his answer, or waits for the flush of
// the fake's own connection, so that nothing is on its way.
func (f *fake) got() (calls, cancels []*nats.Msg, views int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls), slices.Clone(f.cancels), f.views
}

// sends is how many calls were sent.
func (f *fake) sends() int {
	calls, _, _ := f.got()
	return len(calls)
}

// failing is the answer of a silo that fails.
func failing(code grain.Code, notExecuted bool) *nats.Msg {
	h, body := wire.EncodeError(grain.MakeError(seam.Fault{Code: int(code), Message: "no", NotExecuted: notExecuted}), wire.CodecProto)
	return &nats.Msg{Header: nats.Header(h), Data: body}
}

// succeeding is the answer of a silo that does not.
func succeeding(text string) *nats.Msg {
	data, err := proto.Marshal(&probev1.DoResponse{Text: text})
	if err != nil {
		panic(err)
	}
	return &nats.Msg{Data: data}
}

// wellDone answers everything with success.
func wellDone(int, *nats.Msg) *nats.Msg { return succeeding("ok") }

func do(ctx context.Context, r *route.Router) error {
	_, err := probev1teff.ProbeOf(r, "k").Do(ctx, &probev1.DoRequest{Text: "x"})
	return err
}

func look(ctx context.Context, r *route.Router) error {
	_, err := probev1teff.ProbeOf(r, "k").Look(ctx, &probev1.LookRequest{Text: "x"})
	return err
}

func tell(ctx context.Context, r *route.Router) error {
	return probev1teff.ProbeOf(r, "k").Tell(ctx, &probev1.TellRequest{Text: "x"})
}

// wantCode fails the test unless err has the code and the mark, or lacks both.
func wantCode(t testing.TB, err error, code grain.Code, notExecuted bool) *grain.Error {
	t.Helper()
	var coded *grain.Error
	if !errors.As(err, &coded) || coded.Code() != code || coded.NotExecuted() != notExecuted {
		t.Fatalf("got %v, want %s, not executed: %t", err, code, notExecuted)
	}
	return coded
}
