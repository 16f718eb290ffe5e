package silo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/silo"
)

// panicking is an error that cannot be read.
type panicking struct{ inner error }

func (p *panicking) Error() string { return p.inner.Error() }

// An ending is an error of a method, and what its callers get.
type ending struct {
	err     error
	code    grain.Code
	message string // of the error; "": whatever it is, it tells no secret
	details []proto.Message
}

func endings() map[string]ending {
	info := &errdetails.ErrorInfo{Reason: "EMPTY", Domain: "bank", Metadata: map[string]string{"key": "k"}}
	mine := &probev1.DoResponse{Text: "a detail of a type of one's own", Number: 7}
	var none *grain.Error
	var broken *panicking
	return map[string]ending{
		"coded":       {err: grain.Errorf(grain.CodeNotFound, "account %q", "é\u2028"), code: grain.CodeNotFound, message: "account \"é\\u2028\""},
		"two lines":   {err: grain.Errorf(grain.CodeAborted, "one\ntwo\r\n three "), code: grain.CodeAborted, message: "one\ntwo\r\n three "},
		"long":        {err: grain.Errorf(grain.CodeOutOfRange, "%s", strings.Repeat("x", 5000)), code: grain.CodeOutOfRange, message: strings.Repeat("x", 5000)},
		"nothing":     {err: grain.Errorf(grain.CodeDataLoss, ""), code: grain.CodeDataLoss, message: "DATA_LOSS"},
		"not UTF-8":   {err: grain.Errorf(grain.CodeInternal, "\xff"), code: grain.CodeInternal, message: "\uFFFD"},
		"no code":     {err: grain.Errorf(0, "zero"), code: grain.CodeUnknown, message: "zero"},
		"details":     {err: grain.Errorf(grain.CodeFailedPrecondition, "empty").WithDetails(info, mine), code: grain.CodeFailedPrecondition, message: "empty", details: []proto.Message{info, mine}},
		"wrapped":     {err: fmt.Errorf("pay: %w", grain.Errorf(grain.CodeNotFound, "no account").WithDetails(info)), code: grain.CodeNotFound, message: "pay: NOT_FOUND: no account", details: []proto.Message{info}},
		"joined":      {err: errors.Join(grain.Errorf(grain.CodeNotFound, "a"), grain.Errorf(grain.CodeAborted, "b")), code: grain.CodeNotFound, message: "NOT_FOUND: a\nABORTED: b"},
		"bare":        {err: grain.CodeAlreadyExists, code: grain.CodeAlreadyExists, message: "ALREADY_EXISTS"},
		"bare inside": {err: fmt.Errorf("open: %w", grain.CodeAlreadyExists), code: grain.CodeAlreadyExists, message: "open: ALREADY_EXISTS"},
		"cause":       {err: grain.Errorf(grain.CodeUnavailable, "read: %w", io.EOF), code: grain.CodeUnavailable, message: "read: EOF"},
		"plain":       {err: errors.New("password=secret"), code: grain.CodeUnknown},
		"plain chain": {err: fmt.Errorf("dial secret: %w", io.EOF), code: grain.CodeUnknown},
		"context":     {err: fmt.Errorf("secret: %w", context.Canceled), code: grain.CodeCancelled},
		"deadline":    {err: fmt.Errorf("secret: %w", context.DeadlineExceeded), code: grain.CodeDeadlineExceeded},
		"typed nil":   {err: none, code: grain.CodeInternal},
		"panics":      {err: broken, code: grain.CodeUnknown},
	}
}

// TestBehaviourF5ErrorsCrossTheSameEverywhere holds what callers get against what the
// method returned: in the process, over NATS, in JSON, and by way of another grain.
func TestBehaviourF5ErrorsCrossTheSameEverywhere(t *testing.T) {
	all := endings()
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		if name, ok := strings.CutPrefix(text, "onward "); ok {
			return do(ctx, p.a, "other", name)
		}
		return "", all[text].err
	}}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	far, json := connect(t, s), rawClient(t, s)
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			_, near := do(t.Context(), s, "k", name)
			_, remote := do(t.Context(), far, "k", name)
			_, onward := do(t.Context(), far, "k", "onward "+name)
			msg := json.next(t, json.ask(t, "k", "Do", name, nil))
			if len(msg.Data) > 0 && msg.Data[0] != '{' {
				t.Errorf("a request in JSON is answered %q", msg.Data)
			}
			if all := fmt.Append(nil, msg.Header, string(msg.Data)); bytes.Contains(all, []byte("secret")) {
				t.Errorf("a secret left the silo: %s", all)
			}
			first := wantCode(t, near, want.code)
			for side, err := range map[string]error{
				"local": near, "remote": remote, "onward": onward,
				"JSON": wire.DecodeError(wire.Header(msg.Header), msg.Data),
			} {
				e := wantCode(t, err, want.code)
				if want.message != "" && e.Message() != want.message || want.message == "" && side != "onward" && e.Message() != first.Message() {
					t.Errorf("%s: the message is %q, want %q", side, e.Message(), want.message)
				}
				if e.NotExecuted() || errors.Is(e, io.EOF) || strings.Contains(e.Error(), "secret") {
					t.Errorf("%s: %v; not executed %v, EOF %v", side, e, e.NotExecuted(), errors.Is(e, io.EOF))
				}
				wantDetails(t, side, e.Details(), want.details)
			}
		})
	}
}

func wantDetails(t *testing.T, side string, got []*anypb.Any, want []proto.Message) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d details, want %d", side, len(got), len(want))
		return
	}
	for i := range want {
		if m, err := got[i].UnmarshalNew(); err != nil || !proto.Equal(m, want[i]) {
			t.Errorf("%s: detail %d is %v (%v), want %v", side, i, m, err, want[i])
		}
	}
}

// Behaviour F5: the text that stays behind is where an operator finds it.
func TestBehaviourF5TheTextOfAnUncodedErrorIsInTheLog(t *testing.T) {
	sc := &script{do: func(context.Context, *probe, string) (string, error) { return "", errors.New("password=secret") }}
	log := new(logged)
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}, Logger: log.logger()})
	_, err := do(t.Context(), s, "k", "")
	wantCode(t, err, grain.CodeUnknown)
	if !log.has("password=secret", probeType+".Do of "+probeType+"/k") {
		t.Errorf("the log does not tell: %s", log)
	}
}

// Behaviour F5: what a method got from a call of its own, marked as not executed, loses
// the mark when it passes it on: the method itself was executed.
func TestBehaviourF5TheMarkIsNotPassedOn(t *testing.T) {
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		err := ping(ctx, p.a, "no silo hosts it")
		var coded *grain.Error
		if !errors.As(err, &coded) || !coded.NotExecuted() {
			return "", grain.Errorf(grain.CodeInternal, "the test is blind: %v", err)
		}
		return text, err
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		_, err := do(t.Context(), caller, "k", "")
		if e := wantCode(t, err, grain.CodeUnimplemented); e.NotExecuted() {
			t.Errorf("%v promises that nothing was executed", e)
		}
	})
}

func TestBehaviourF7AReplyOverMaxPayloadSaysSo(t *testing.T) {
	const size = 2 << 20
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		switch text {
		case "big":
			return strings.Repeat("x", size), p.add(ctx, 1)
		case "big error":
			detail := &probev1.DoResponse{Text: strings.Repeat("x", size)}
			return "", grain.Errorf(grain.CodeNotFound, "%s", strings.Repeat("y", size)).WithDetails(detail)
		}
		return fmt.Sprint(p.state.Value().GetCount()), nil
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		got, err := do(t.Context(), caller, "k", "big")
		if _, local := caller.(*silo.Silo); local {
			if err != nil || len(got) != size {
				t.Errorf("in one process: %d bytes, %v", len(got), err)
			}
		} else if e := wantCode(t, err, grain.CodeResourceExhausted); e.NotExecuted() || !strings.Contains(e.Message(), "max_payload") {
			t.Errorf("%v, not executed: %v", e, e.NotExecuted())
		}
		wantText(t, caller, "k", "", "1") // it had its effect
		_, err = do(t.Context(), caller, "k", "big error")
		if e := wantCode(t, err, grain.CodeNotFound); !strings.HasPrefix(e.Message(), "yyy") {
			t.Errorf("the message is %q", e.Message())
		}
		_, err = do(t.Context(), caller, "k", strings.Repeat("z", size))
		if _, local := caller.(*silo.Silo); local {
			if err != nil {
				t.Error(err)
			}
		} else if e := wantCode(t, err, grain.CodeResourceExhausted); !e.NotExecuted() {
			t.Errorf("a request that was never sent: %v", e)
		}
	})
}
