package route_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/route"
	"github.com/teff-dev/teff/internal/wire"
)

// The retry rule, for every code, with the mark and without, for a method that may be
// repeated and one that may not: what is sent again is what certainly did not begin and
// may go well next time, and what is unknown of a method that says that this does no
// harm. Nothing else is ever sent twice.
func TestRetryRule(t *testing.T) {
	url := natsServer(t)
	type method struct {
		name      string
		call      func(context.Context, *route.Router) error
		retryable bool
	}
	var answer *nats.Msg
	f := newFake(t, url, "A", func(n int, _ *nats.Msg) *nats.Msg {
		if n == 1 {
			return answer
		}
		return succeeding("ok")
	})
	r, _ := newRouter(t, url, patience)
	for code := grain.CodeCancelled; code <= grain.CodeMaybeExecuted; code++ {
		for _, mark := range []bool{false, true} {
			for _, m := range []method{{"Do", do, false}, {"Look", look, true}} {
				t.Run(fmt.Sprintf("%s/marked=%t/%s", code, mark, m.name), func(t *testing.T) {
					f.mu.Lock()
					f.calls, answer = nil, failing(code, mark)
					f.mu.Unlock()
					again := code == grain.CodeUnavailable && mark || code == grain.CodeMaybeExecuted && m.retryable
					err := m.call(t.Context(), r)
					if again {
						if err != nil || f.sends() != 2 {
							t.Errorf("%d sends, %v; want 2, and success", f.sends(), err)
						}
						return
					}
					wantCode(t, err, code, mark)
					if f.sends() != 1 {
						t.Errorf("%d sends, want 1", f.sends())
					}
				})
			}
		}
	}
}

// What cannot be understood was answered, so it was done.
func TestAnUnreadableResponseIsNotAskedForAgain(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", func(int, *nats.Msg) *nats.Msg { return &nats.Msg{Data: []byte("\xff\xff")} })
	r, _ := newRouter(t, url, patience)
	wantCode(t, look(t.Context(), r), grain.CodeInternal, false)
	if f.sends() != 1 {
		t.Errorf("%d sends", f.sends())
	}
}

// A silo that says nothing may be at work: nothing is sent again, not even what may be
// repeated, since there is no time left.
func TestSilenceIsNotAnsweredWithASecondCall(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", func(int, *nats.Msg) *nats.Msg { return nil })
	r, _ := newRouter(t, url, patience)
	for i, call := range []func(context.Context, *route.Router) error{do, look} {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		wantCode(t, call(ctx, r), grain.CodeDeadlineExceeded, false)
		cancel()
		if f.sends() != i+1 {
			t.Errorf("%d sends", f.sends())
		}
	}
}

// Who has time tries until it is over, and is then told what was wrong, not that time is
// up; each attempt tells the silo the time that is left.
func TestRetriesEndWithTheTime(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", func(int, *nats.Msg) *nats.Msg { return failing(grain.CodeUnavailable, true) })
	r, _ := newRouter(t, url, patience)
	const long = time.Second
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	begun := time.Now()
	wantCode(t, do(ctx, r), grain.CodeUnavailable, true)
	if took := time.Since(begun); took > long+patience/10 {
		t.Errorf("it took %s", took)
	}
	calls, cancels, views := f.got()
	if len(calls) < 3 || len(calls) > 60 { // pauses grow from 5 ms
		t.Errorf("%d sends", len(calls))
	}
	if views != len(calls) {
		t.Errorf("%d sends, but %d times the view: who has the grain now is in a newer one", len(calls), views)
	}
	if len(cancels) > 0 {
		t.Errorf("what was answered was cancelled: %v", cancels)
	}
	last := long + 1
	for i, call := range calls {
		left, set, err := wire.ParseTimeout(wire.Header(call.Header))
		if err != nil || !set || left >= last {
			t.Errorf("attempt %d: %s left (%v), after %s", i, left, err, last)
		}
		last = left
	}
}

// Cancelled between attempts, a call is not sent again.
func TestCancelledWhileItWaitsToRetry(t *testing.T) {
	url := natsServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	f := newFake(t, url, "A", func(n int, _ *nats.Msg) *nats.Msg {
		if n == 3 {
			cancel()
		}
		return failing(grain.CodeUnavailable, true)
	})
	r, _ := newRouter(t, url, patience)
	if err := do(ctx, r); err == nil {
		t.Error("it succeeded")
	}
	if n := f.sends(); n != 3 {
		t.Errorf("%d sends", n)
	}
}
