package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
)

// A calling is one call that was checked and is about to be sent.
type calling struct {
	session *session
	schema  *schema
	method  *method
	key     string
	payload []byte
	timeout time.Duration
}

// lateness is for how much longer than the call's time an answer is waited for: the silo
// itself says that the time is up, and whether the method began.
const lateness = 500 * time.Millisecond

func (k *calling) message() (*nats.Msg, error) {
	if limit := k.session.nc.MaxPayload(); int64(len(k.payload)) > limit {
		f := usage("the request has %d bytes, and the NATS server takes %d (its max_payload)", len(k.payload), limit)
		f.err = unexecuted(grain.CodeResourceExhausted, "%s", f.err.Message())
		return nil, f
	}
	return &nats.Msg{
		Subject: k.session.names.Call(k.method.grainType, k.key, string(k.method.Name())),
		Header: nats.Header{
			wire.HeaderContentType: {wire.CodecProto.ContentType()},
			wire.HeaderTimeout:     {wire.FormatTimeout(k.timeout)},
		},
		Data: k.payload,
	}, nil
}

// request sends the call and waits for its answer.
func (k *calling) request(ctx context.Context) ([]byte, error) {
	msg, err := k.message()
	if err != nil {
		return nil, err
	}
	reply, err := k.session.mux.Request(ctx, msg, time.Now().Add(k.timeout+lateness))
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		return nil, k.unknown(grain.CodeDeadlineExceeded, "no answer within %s; %s may have had its effect", k.timeout, k.method)
	case errors.Is(err, context.Canceled) && !errors.Is(context.Cause(ctx), nats.ErrPermissionViolation):
		k.cancel(msg)
		return nil, k.unknown(grain.CodeCancelled, "interrupted; %s may have its effect nonetheless", k.method)
	default: // it did not leave, or nobody got it
		return nil, k.session.unanswered(ctx, err, msg.Subject)
	}
	if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
		return nil, k.coded(err)
	}
	return reply.Data, nil
}

// cancel tells the silo that nobody waits any more. It is best effort, as the wire has it.
func (k *calling) cancel(msg *nats.Msg) {
	_ = k.session.nc.PublishMsg(&nats.Msg{Subject: msg.Subject, Header: nats.Header{wire.HeaderCancel: {msg.Reply}}})
	_ = k.session.nc.FlushTimeout(lateness)
}

// publish sends the call without a reply subject.
func (k *calling) publish(ctx context.Context) error {
	msg, err := k.message()
	if err != nil {
		return err
	}
	if err := k.session.nc.PublishMsg(msg); err != nil {
		return k.session.unanswered(ctx, err, msg.Subject)
	}
	if err := k.session.nc.FlushTimeout(askWait); err != nil {
		return k.unknown(grain.CodeMaybeExecuted, "the NATS server did not confirm that it got the call: %s", strings.TrimPrefix(err.Error(), "nats: "))
	}
	// The server's refusal is before its confirmation, but is told on another goroutine.
	if err := k.session.nc.LastError(); errors.Is(err, nats.ErrPermissionViolation) {
		k.session.end(err)
		return k.session.refused(ctx)
	}
	return nil
}

// coded is how a call ends with an error from the other side.
func (k *calling) coded(err *grain.Error) *failure {
	f := &failure{exit: exitCoded, err: err, types: k.schema.types}
	switch code := err.Code(); {
	case err.NotExecuted() && code == grain.CodeUnavailable:
		f.exit = exitUnreachable
		return f.hint("nothing was executed: trying again is safe")
	case err.NotExecuted() && (code == grain.CodeDeadlineExceeded || code == grain.CodeResourceExhausted || code == grain.CodeAborted):
		return f.hint("nothing was executed: trying again is safe")
	case code == grain.CodeDeadlineExceeded || code == grain.CodeMaybeExecuted:
		f.exit = exitUnknown
		return k.hintUnknown(f)
	default:
		return f
	}
}

// unknown is how a call ends whose outcome nobody told.
func (k *calling) unknown(code grain.Code, format string, args ...any) *failure {
	return k.hintUnknown(&failure{exit: exitUnknown, err: grain.Errorf(code, format, args...)})
}

func (k *calling) hintUnknown(f *failure) *failure {
	switch {
	case k.method.readOnly:
		return f.hint("%s only reads: trying again is safe", k.method.Name())
	case k.method.idempotent:
		return f.hint("%s is idempotent: trying again is safe", k.method.Name())
	default:
		return f.hint("see what the grain says before trying again: it could have its effect twice")
	}
}
