package main

import (
	"context"
	"strings"
	"testing"
	"time"

	shopv1 "github.com/teff-dev/teff/cmd/teff/testdata/shop/v1"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

// startShop starts a silo and makes it the one that is called by default.
func startShop(t *testing.T) watch {
	t.Helper()
	w := newWatch()
	s := startSilo(t, silo.Config{Grains: []grain.Kind{w.kind()}, DrainTimeout: time.Millisecond})
	t.Setenv("TEFF_NATS", s.URL())
	return w
}

const everything = `{"lines":[{"article":"tea","pieces":2},{"article":"milk","pieces":1}],"notes":{"en":"<soon>"},
"extra_lines":{"more":{"article":"salt"}},"wrapping":"WRAPPING_PAPER","at":"2026-01-02T03:04:05Z",
"more":{"@type":"type.googleapis.com/shop.v1.Missing","article":"sugar"},"photo":"AQID"}`

func TestCall(t *testing.T) {
	startShop(t)
	golden(t, "call",
		type1("call", "shop.Cart/ann", "Add", `{"lines":[{"article":"tea","pieces":2}]}`),
		typing{args: []string{"call", "-o", "json", "shop.Cart/ann", "Add", "-"}, stdin: everything},
		typing{args: []string{"call", "shop.Cart/a/b.c *", "Get", "-"}, stdin: "\n"},
		type1("call", "shop.Cart/ann", "Get"),
		type1("call", "shop.Cart/ann", "Get", ""),
		type1("call", "-output", "json", "-timeout=3s", "shop.Cart/ann", "Get", "{}"),
	)
}

func TestCallEndsWithTheGrainsError(t *testing.T) {
	startShop(t)
	golden(t, "call_errors",
		type1("call", "shop.Cart/ann", "Fail", `{"code":"NOT_FOUND","message":"no tea"}`),
		type1("call", "-o", "json", "shop.Cart/ann", "Fail", `{"code":"NOT_FOUND","message":"no tea\nno milk"}`),
		type1("call", "shop.Cart/ann", "Fail", `{"code":"UNAVAILABLE","message":"of no promise: the grain said it"}`),
		type1("call", "shop.Cart/ann", "Fail", `{"code":"MAYBE_EXECUTED","message":"who knows"}`),
	)
}

func TestCallMistakes(t *testing.T) {
	startShop(t)
	golden(t, "call_mistakes",
		type1("call", "shop.Cart", "Get"),
		type1("call", "shop.Cart/", "Get"),
		type1("call", "shop.Cart/ann"),
		type1("call", "shop.cart/ann", "Get"),
		type1("call", "-o", "json", "warehouse.Shelf/1", "Get"),
		type1("call", "shop.Cart/ann", "ad"),
		type1("call", "shop.Cart/ann", "Checkout"),
		type1("call", "shop.Cart/ann", "Add", `{"lines":`),
		type1("call", "shop.Cart/ann", "Add", "{lines:1}"),
		type1("call", "shop.Cart/ann", "Add", `[]`),
		type1("call", "shop.Cart/ann", "Add", `{"line":[]}`),
		type1("call", "shop.Cart/ann", "Add", `{"lines":[{"article":"x"},{"artcle":"y"}]}`),
		type1("call", "shop.Cart/ann", "Add", `{"extraLines":{"b":{},"a":{"count":1}}}`),
		type1("call", "shop.Cart/ann", "Add", `{"lines":[{"pieces":"many"}]}`),
		type1("call", "shop.Cart/ann", "Add", `{"wrapping":"GOLD"}`),
		type1("call", "shop.Cart/ann", "Add", `{"at":"noon"}`),
		type1("call", "-o", "json", "shop.Cart/ann", "Get", `{"x":1}`),
		type1("call", "--timeout", "0s", "shop.Cart/ann", "Get"),
		type1("call", "--timeout", "-1s", "shop.Cart/ann", "Get"),
		type1("call", "-timeout", "-.5h", "shop.Cart/ann", "Get"),
		type1("call", "--timeout", "soon", "shop.Cart/ann", "Get"),
		type1("call", "--timeout", "48h", "shop.Cart/ann", "Get"),
		type1("call", "--cluster", "No Way", "shop.Cart/ann", "Get"),
		type1("call", "-o", "yaml", "shop.Cart/ann", "Get"),
		type1("call", "--tls-key", "call_test.go", "shop.Cart/ann", "Get"),
		type1("call", "--creds", "nowhere", "shop.Cart/ann", "Get"),
	)
}

func TestCallOutOfTime(t *testing.T) {
	startShop(t)
	golden(t, "call_timeout",
		type1("call", "shop.Cart/ann", "Wait"),
		type1("call", "shop.Cart/bob", "Peek"),
		type1("call", "-o", "json", "--timeout", "20ms", "shop.Cart/eve", "Wait"),
	)
}

func TestCallOneWay(t *testing.T) {
	w := startShop(t)
	golden(t, "call_one_way",
		type1("call", "shop.Cart/ann", "Empty"),
		type1("call", "-one-way", "shop.Cart/bob", "Wait"),
	)
	for got := map[string]bool{}; len(got) < 2; {
		select {
		case method := <-w.begun:
			got[method] = true
		case <-time.After(waitForEvents):
			t.Fatalf("only %v began", got)
		}
	}
}

// waitForEvents is for ever, to a test.
const waitForEvents = 10 * time.Second

func TestInterruptCancelsTheCall(t *testing.T) {
	w := startShop(t)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-w.begun
		interrupt()
	}()
	end := type1("call", "--timeout", "1h", "shop.Cart/ann", "Wait").run(ctx)
	const want = "teff: CANCELLED: interrupted; shop.Cart.Wait may have its effect nonetheless\n" +
		"teff: hint: see what the grain says before trying again: it could have its effect twice\n"
	if end.exit != exitUnknown || end.errors != want {
		t.Errorf("got exit %d and %q", end.exit, end.errors)
	}
	select {
	case <-w.cancelled:
	case <-time.After(waitForEvents):
		t.Error("the grain's context was not cancelled")
	}
}

// TestNotExecuted calls a grain whose mailbox, of one, is full.
func TestNotExecuted(t *testing.T) {
	w := startShop(t)
	ctx, interrupt := context.WithCancel(t.Context())
	busy := make(chan ended, 1)
	go func() { busy <- type1("call", "--timeout", "1h", "shop.Cart/ann", "Wait").run(ctx) }()
	<-w.begun
	golden(t, "call_not_executed",
		type1("call", "--one-way", "shop.Cart/ann", "Get"), // it waits in the mailbox
		type1("call", "shop.Cart/ann", "Get"),
		type1("call", "-o", "json", "shop.Cart/ann", "Get"),
	)
	interrupt()
	if end := <-busy; end.exit != exitUnknown {
		t.Errorf("the call that was interrupted ended with %+v", end)
	}
}

func TestExitCodeOfAnError(t *testing.T) {
	for _, c := range []struct {
		err  *grain.Error
		exit int
		hint string
	}{
		{grain.Errorf(grain.CodeInvalidArgument, "x"), exitCoded, ""},
		{unexecuted(grain.CodeInvalidArgument, "x"), exitCoded, ""},
		{grain.Errorf(grain.CodeCancelled, "x"), exitCoded, ""},
		{grain.Errorf(grain.CodeUnavailable, "x"), exitCoded, ""},
		{unexecuted(grain.CodeUnavailable, "x"), exitUnreachable, "nothing was executed: trying again is safe"},
		{unexecuted(grain.CodeDeadlineExceeded, "x"), exitCoded, "nothing was executed: trying again is safe"},
		{grain.Errorf(grain.CodeDeadlineExceeded, "x"), exitUnknown, "Empty is idempotent: trying again is safe"},
		{grain.Errorf(grain.CodeMaybeExecuted, "x"), exitUnknown, "Empty is idempotent: trying again is safe"},
	} {
		m := newMethod("shop.Cart", shopv1.File_shop_v1_shop_proto.Services().Get(0).Methods().ByName("Empty"))
		f := (&calling{schema: &schema{}, method: m}).coded(c.err)
		if got := strings.Join(f.hints, "; "); f.exit != c.exit || got != c.hint {
			t.Errorf("%v (not executed: %v) is exit %d with hint %q, want %d with %q", c.err, c.err.NotExecuted(), f.exit, got, c.exit, c.hint)
		}
	}
}
