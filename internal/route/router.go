package route

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// A Router calls grains over NATS, as a silo's peer: it holds the view, and sends straight
// to the owner's own subject.
type Router struct {
	nc      *nats.Conn
	mux     *bus.Mux
	names   wire.Names
	timeout time.Duration // of calls without a deadline
	view    atomic.Pointer[teffv1.View]
}

// New makes a router without a view; the first call fetches it.
func New(nc *nats.Conn, mux *bus.Mux, names wire.Names, timeout time.Duration) *Router {
	return &Router{nc: nc, mux: mux, names: names, timeout: timeout}
}

// Invoke calls a grain. It does what grain.Caller promises.
func (r *Router) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	if err := grain.ValidateKey(key); err != nil {
		return nil, outcome.NotExecuted(err)
	}
	if req == nil || !req.ProtoReflect().IsValid() {
		return nil, outcome.Refused(grain.CodeInvalidArgument, "%s was called with a nil request", m)
	}
	buf, _ := payloads.Get().(*[]byte)
	defer payloads.Put(buf)
	payload, err := wire.Append(wire.CodecProto, (*buf)[:0], req)
	if err != nil {
		return nil, outcome.NotExecuted(err)
	}
	if len(payload) <= keepPayload {
		*buf = payload
	} else if limit := r.nc.MaxPayload(); int64(len(payload)) > limit {
		// Smaller ones do not ask, which takes a lock that all who publish want: where the
		// limit is lower still, publishing fails.
		return nil, outcome.Refused(grain.CodeResourceExhausted, "the request of %s has %d bytes, and the NATS server takes %d (its max_payload)", m, len(payload), limit)
	}
	deadline, explicit := ctx.Deadline()
	if !explicit {
		timeout := m.Timeout
		if timeout == 0 {
			timeout = r.timeout
		}
		deadline = time.Now().Add(timeout)
	}
	return r.attempts(ctx, &request{method: m, key: key, payload: payload, deadline: deadline, explicit: explicit})
}

// payloads are buffers of encoded requests. One is the call's until Invoke returns: NATS's
// client copies what it is given, and no attempt outlives its call.
var payloads = sync.Pool{New: func() any { return new([]byte) }} //nolint:gochecknoglobals // a pool is shared or it is none

// keepPayload is how large a request may be whose buffer is kept.
const keepPayload = 16 << 10

// A request is what every attempt of a call has in common.
type request struct {
	method   *seam.Method
	key      string
	payload  []byte
	deadline time.Time
	explicit bool // the deadline is the caller's, so the silo must be told
}

// Back-off between attempts: it doubles from the first to the last, with jitter.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// attempts sends until there is an answer, or the time is over.
func (r *Router) attempts(ctx context.Context, q *request) (proto.Message, error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if err := ctx.Err(); err != nil {
			return nil, outcome.ContextEnded(err, q.method, false)
		}
		resp, err := r.attempt(ctx, q)
		if err == nil {
			return resp, nil
		}
		if !retryable(err, q.method) || ctx.Err() != nil {
			return nil, err
		}
		wait := pause/2 + rand.N(pause)
		if time.Until(q.deadline) <= wait {
			return nil, err // the last error says more than that time ran out
		}
		if !sleep(ctx, wait) {
			return nil, err
		}
	}
}

// retryable holds the retry rule.
func retryable(err *grain.Error, m *seam.Method) bool {
	switch err.Code() {
	case grain.CodeUnavailable:
		return err.NotExecuted()
	case grain.CodeMaybeExecuted:
		return m.Retryable
	default:
		return false
	}
}

// sleep is false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt sends once.
func (r *Router) attempt(ctx context.Context, q *request) (proto.Message, *grain.Error) {
	owner, err := r.owner(ctx, q)
	if err != nil {
		return nil, err
	}
	msg := &nats.Msg{
		Subject: r.names.Direct(owner, q.method.Service.Type, q.key, q.method.Name),
		Data:    q.payload,
	}
	if q.explicit {
		left := time.Until(q.deadline)
		if left <= 0 {
			return nil, outcome.ContextEnded(context.DeadlineExceeded, q.method, false)
		}
		msg.Header = nats.Header{wire.HeaderTimeout: {wire.FormatTimeout(left)}}
	}
	if len(q.payload) > 0 && q.payload[0] == '{' { // it would be taken for JSON
		if msg.Header == nil {
			msg.Header = nats.Header{}
		}
		msg.Header.Set(wire.HeaderContentType, wire.CodecProto.ContentType())
	}
	if q.method.OneWay {
		if err := r.nc.PublishMsg(msg); err != nil {
			return nil, r.unsent(err, q.method)
		}
		return nil, nil
	}
	reply, sendErr := r.mux.Request(ctx, msg, q.deadline)
	if sendErr != nil {
		return nil, r.failed(sendErr, msg, q)
	}
	if len(reply.Header) > 0 {
		if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
			if err.Code() == grain.CodeUnavailable && err.NotExecuted() {
				r.view.Store(nil) // whoever has it now is in a newer view
			}
			return nil, err
		}
	}
	resp := q.method.NewReply()
	if err := wire.Unmarshal(wire.CodecProto, reply.Data, resp); err != nil {
		return nil, grain.Errorf(grain.CodeInternal, "the response of %s cannot be decoded; the method has had its effect: %w", q.method, err)
	}
	return resp, nil
}

// failed says what it means that a request had no reply.
func (r *Router) failed(err error, msg *nats.Msg, q *request) *grain.Error {
	switch {
	case errors.Is(err, bus.ErrNoResponders):
		r.view.Store(nil)
		return outcome.Refused(grain.CodeUnavailable, "the silo that served %s is gone", q.method.Service.Type)
	case errors.Is(err, context.DeadlineExceeded):
		if !q.explicit {
			r.cancel(msg) // the silo does not know how patient this client was
		}
		return outcome.ContextEnded(err, q.method, true)
	case errors.Is(err, context.Canceled):
		r.cancel(msg)
		return outcome.ContextEnded(err, q.method, true)
	case errors.Is(err, bus.ErrAbandoned):
		return grain.Errorf(grain.CodeCancelled, "the client was closed; the call of %s may have its effect nonetheless", q.method)
	default:
		return r.unsent(err, q.method)
	}
}

// cancel tells the silo that nobody waits any more. It is best effort, as the wire has it.
func (r *Router) cancel(msg *nats.Msg) {
	_ = r.nc.PublishMsg(&nats.Msg{
		Subject: msg.Subject,
		Header:  nats.Header{wire.HeaderCancel: {msg.Reply}},
	})
}

// unsent says why a message could not be published.
func (r *Router) unsent(err error, m *seam.Method) *grain.Error {
	switch {
	case errors.Is(err, bus.ErrClosed), errors.Is(err, nats.ErrConnectionClosed):
		return outcome.Refused(grain.CodeCancelled, "%s was called through a client that is closed", m)
	case errors.Is(err, nats.ErrMaxPayload): // the headers count too
		return outcome.Refused(grain.CodeResourceExhausted, "the request of %s and its headers have more bytes than the NATS server takes, %d (its max_payload)", m, r.nc.MaxPayload())
	default:
		return outcome.Refused(grain.CodeUnavailable, "cannot reach NATS: %w", err)
	}
}
