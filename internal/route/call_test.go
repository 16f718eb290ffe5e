package route_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/internal/route"
	"github.com/teff-dev/teff/internal/wire"
)

// The silo is told the caller's deadline, and nothing where the caller has none: the
// silo knows the default.
func TestDeadlineHeader(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", wellDone)
	r, _ := newRouter(t, url, patience)
	if err := do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if err := do(ctx, r); err != nil {
		t.Fatal(err)
	}
	far, cancelFar := context.WithTimeout(t.Context(), 1000*time.Hour)
	defer cancelFar()
	if err := do(far, r); err != nil {
		t.Fatal(err)
	}
	calls, _, _ := f.got()
	if len(calls[0].Header) != 0 {
		t.Errorf("headers without need: %v", calls[0].Header)
	}
	if left, set, err := wire.ParseTimeout(wire.Header(calls[1].Header)); err != nil || !set || left > time.Hour || left < time.Hour-time.Minute {
		t.Errorf("the silo is told %s, %t, %v", left, set, err)
	}
	if left, set, err := wire.ParseTimeout(wire.Header(calls[2].Header)); err != nil || !set || left != wire.MaxTimeout {
		t.Errorf("the silo is told %s, %t, %v", left, set, err)
	}
}

// Behaviour F1, on the caller's side.
func TestBehaviourF1CancelIsToldToTheSilo(t *testing.T) {
	url := natsServer(t)
	for name, c := range map[string]struct {
		timeout  time.Duration // of the router
		deadline time.Duration // of the caller; zero: none
		cancel   bool
		code     grain.Code
		told     bool
	}{
		"cancelled":             {patience, 0, true, grain.CodeCancelled, true},
		"deadline that is told": {patience, 50 * time.Millisecond, false, grain.CodeDeadlineExceeded, false},
		"deadline that is not":  {50 * time.Millisecond, 0, false, grain.CodeDeadlineExceeded, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.deadline > 0 {
				ctx, cancel = context.WithTimeout(ctx, c.deadline)
				defer cancel()
			}
			f := newFake(t, url, "A"+name[:1], func(int, *nats.Msg) *nats.Msg {
				if c.cancel {
					cancel()
				}
				return nil
			})
			defer f.nc.Close()
			r, _ := newRouter(t, url, c.timeout)
			wantCode(t, do(ctx, r), c.code, false)
			if err := tell(t.Context(), r); err != nil { // arrives behind the cancellation
				t.Fatal(err)
			}
			waitFor(t, func() bool { return f.sends() == 2 })
			calls, cancels, _ := f.got()
			if (len(cancels) == 1) != c.told {
				t.Fatalf("%d cancellations", len(cancels))
			}
			if c.told && (cancels[0].Subject != calls[0].Subject || cancels[0].Header.Get(wire.HeaderCancel) != calls[0].Reply || cancels[0].Reply != "" || len(cancels[0].Data) > 0) {
				t.Errorf("the cancellation of %+v is %+v", calls[0], cancels[0])
			}
		})
	}
}

func TestWhatIsOverBeforeItBeginsIsNotSent(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", wellDone)
	r, _ := newRouter(t, url, patience)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for _, call := range []func(context.Context, *route.Router) error{do, look, tell} {
		wantCode(t, call(cancelled, r), grain.CodeCancelled, true)
		wantCode(t, call(late, r), grain.CodeDeadlineExceeded, true)
	}
	if _, _, views := f.got(); f.sends() != 0 || views != 0 {
		t.Errorf("%d sends, %d views", f.sends(), views)
	}
}

func TestOneWayHasNoReply(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", func(int, *nats.Msg) *nats.Msg { return failing(grain.CodeInternal, false) })
	r, _ := newRouter(t, url, patience)
	if err := tell(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return f.sends() == 1 })
	if calls, _, _ := f.got(); calls[0].Reply != "" {
		t.Errorf("a one-way call has a reply subject: %s", calls[0].Reply)
	}
}

// A request that begins like JSON says that it is none.
func TestRequestThatLooksLikeJSON(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", wellDone)
	r, _ := newRouter(t, url, patience)
	req := &probev1.DoRequest{}
	req.ProtoReflect().SetUnknown([]byte("{|")) // a group in field 15
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i, ctx := range []context.Context{t.Context(), ctx} {
		if _, err := probev1teff.ProbeOf(r, "k").Do(ctx, req); err != nil {
			t.Fatal(err)
		}
		calls, _, _ := f.got()
		codec, err := wire.DetectCodec(wire.Header(calls[i].Header), calls[i].Data)
		if calls[i].Data[0] != '{' || err != nil || codec != wire.CodecProto {
			t.Errorf("%q with %v is read as %s, %v", calls[i].Data, calls[i].Header, codec, err)
		}
	}
}

// What NATS would not take is not sent, and said at once: with the headers, too.
func TestRequestsThatAreTooLarge(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", wellDone)
	r, _ := newRouter(t, url, patience)
	const limit = 1 << 20
	sized := func(size int) *probev1.DoRequest {
		req := &probev1.DoRequest{Text: strings.Repeat("x", size-4)} // a tag, and a length of three bytes
		if proto.Size(req) != size {
			t.Fatalf("it has %d bytes, not %d", proto.Size(req), size)
		}
		return req
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	probe := probev1teff.ProbeOf(r, "k")
	if _, err := probe.Do(t.Context(), sized(limit)); err != nil {
		t.Errorf("what just fits: %v", err)
	}
	begun := time.Now()
	_, err := probe.Do(t.Context(), sized(limit+1))
	wantCode(t, err, grain.CodeResourceExhausted, true)
	_, err = probe.Do(ctx, sized(limit)) // fits, but not with the deadline
	wantCode(t, err, grain.CodeResourceExhausted, true)
	wantCode(t, probe.Tell(t.Context(), &probev1.TellRequest{Text: strings.Repeat("x", limit)}), grain.CodeResourceExhausted, true)
	if took := time.Since(begun); took > patience/4 {
		t.Errorf("it took %s", took)
	}
	if f.sends() != 1 {
		t.Errorf("%d sends", f.sends())
	}
}

func TestWhatIsNoCallIsRefused(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", wellDone)
	r, _ := newRouter(t, url, patience)
	for _, key := range []string{"", "\xff", strings.Repeat("k", 513), strings.Repeat("k", 64<<10)} {
		_, err := probev1teff.ProbeOf(r, key).Do(t.Context(), &probev1.DoRequest{})
		wantCode(t, err, grain.CodeInvalidArgument, true)
	}
	_, err := probev1teff.ProbeOf(r, "k").Do(t.Context(), nil)
	wantCode(t, err, grain.CodeInvalidArgument, true)
	_, err = probev1teff.ProbeOf(r, "k").Do(t.Context(), &probev1.DoRequest{Text: "\xff"})
	wantCode(t, err, grain.CodeInternal, true) // text that is no UTF-8
	if f.sends() != 0 {
		t.Errorf("%d sends", f.sends())
	}
}

// Closing ends calls under way, of which nobody knows what became, and refuses later ones
// at once.
func TestCallsOfAClosedClient(t *testing.T) {
	url := natsServer(t)
	entered := make(chan struct{}, 1)
	f := newFake(t, url, "A", func(int, *nats.Msg) *nats.Msg { entered <- struct{}{}; return nil })
	r, mux := newRouter(t, url, patience)
	done := make(chan error, 1)
	go func() { done <- look(t.Context(), r) }()
	<-entered
	if err := mux.Close(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, <-done, grain.CodeCancelled, false)
	begun := time.Now()
	wantCode(t, do(t.Context(), r), grain.CodeCancelled, true)
	cold, mux := newRouter(t, url, patience)
	if err := mux.Close(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, do(t.Context(), cold), grain.CodeCancelled, true)
	wantCode(t, tell(t.Context(), cold), grain.CodeCancelled, true)
	if took := time.Since(begun); took > patience/4 {
		t.Errorf("it took %s to say so", took)
	}
	if f.sends() != 1 {
		t.Errorf("%d sends", f.sends())
	}
}
