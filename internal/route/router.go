package route

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// A Router calls grains over NATS, as a silo's peer: it holds the view, and sends straight
// to the owner's own subject.
type Router struct {
	nc      *nats.Conn
	mux     *bus.Mux
	names   wire.Names
	timeout time.Duration // of calls without a deadline
	view    atomic.Pointer[membership.View]
	peers   peers

	follows bool                            // it asks for views, as a client does
	doubted atomic.Pointer[membership.View] // the view that sent us to the wrong silo
	closed  atomic.Pointer[grain.Error]     // why nothing is tried again
}

// Close ends the trying: a call that fails from now on fails for good, with why where that
// says as much as its own error.
func (r *Router) Close(why *grain.Error) { r.closed.Store(why) }

// New makes a router without a view: Update gives it one or, once it follows the
// cluster's, the first call asks for one.
func New(nc *nats.Conn, mux *bus.Mux, names wire.Names, timeout time.Duration) *Router {
	return &Router{nc: nc, mux: mux, names: names, timeout: timeout}
}

// Invoke calls a grain. It does what grain.Caller promises.
func (r *Router) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	c, err := r.Call(ctx, m, key, req)
	if err != nil {
		return nil, err
	}
	defer c.Done()
	resp, err := Deliver(ctx, r, c, func(ctx context.Context, owner string) (proto.Message, *grain.Error) {
		return r.Send(ctx, c, owner)
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// A Call is what every attempt of a call has in common.
type Call struct {
	Method   *seam.Method
	Key      string
	Deadline time.Time
	Chain    string // the calls that led to it, for the owner
	Origin   string // the reply subject that it had at the door, by which it may be cancelled
	explicit bool   // the deadline is the caller's, so the silo must be told
	payload  []byte
	buf      *[]byte // where payload is, if it is pooled
	codec    wire.Codec
	oneWay   bool
}

// payloads are buffers of encoded requests. One is the call's until it is Done: NATS's
// client copies what it is given, and no attempt outlives its call.
var payloads = sync.Pool{New: func() any { return new([]byte) }} //nolint:gochecknoglobals // a pool is shared or it is none

// keepPayload is how large a request may be whose buffer is kept.
const keepPayload = 16 << 10

// Done lets go of the call's buffer. Nothing may be sent afterwards.
func (c *Call) Done() {
	if c.buf != nil {
		payloads.Put(c.buf)
		c.buf, c.payload = nil, nil
	}
}

// RawCall is a call that somebody else has encoded. Set says that the deadline is the
// caller's.
func RawCall(m *seam.Method, key string, payload []byte, codec wire.Codec, deadline time.Time, set, oneWay bool) *Call {
	return &Call{Method: m, Key: key, Deadline: deadline, explicit: set, payload: payload, codec: codec, oneWay: oneWay}
}

// Call checks a call that is to be sent, and encodes it. It is to be Done with.
func (r *Router) Call(ctx context.Context, m *seam.Method, key string, req proto.Message) (*Call, *grain.Error) {
	if err := grain.ValidateKey(key); err != nil {
		return nil, outcome.NotExecuted(err)
	}
	if req == nil || !req.ProtoReflect().IsValid() {
		return nil, outcome.Refused(grain.CodeInvalidArgument, "%s was called with a nil request", m)
	}
	buf, _ := payloads.Get().(*[]byte)
	c := &Call{Method: m, Key: key, buf: buf, codec: wire.CodecProto, oneWay: m.OneWay}
	var err error
	if c.payload, err = wire.Append(wire.CodecProto, (*buf)[:0], req); err != nil {
		c.Done()
		return nil, outcome.NotExecuted(err)
	}
	if n := int64(len(c.payload)); n <= keepPayload {
		*buf = c.payload
	} else if limit := r.nc.MaxPayload(); n > limit {
		// Smaller ones do not ask, which takes a lock that all who publish want: where the
		// limit is lower still, publishing fails.
		c.Done()
		return nil, outcome.Refused(grain.CodeResourceExhausted, "the request of %s has %d bytes, and the NATS server takes %d (its max_payload)", m, n, limit)
	}
	deadline, explicit := ctx.Deadline()
	if !explicit {
		timeout := m.Timeout
		if timeout == 0 {
			timeout = r.timeout
		}
		deadline = time.Now().Add(timeout)
	}
	c.Deadline, c.explicit = deadline, explicit
	return c, nil
}

// Send sends a call to one silo, once, and decodes the response.
func (r *Router) Send(ctx context.Context, c *Call, owner string) (proto.Message, *grain.Error) {
	reply, err := r.SendRaw(ctx, c, owner)
	if err != nil || c.oneWay {
		return nil, err
	}
	resp := c.Method.NewReply()
	if err := wire.Unmarshal(c.codec, reply.Data, resp); err != nil {
		return nil, grain.Errorf(grain.CodeInternal, "the response of %s cannot be decoded; the method has had its effect: %w", c.Method, err)
	}
	return resp, nil
}

// SendRaw sends a call to one silo, once. The answer is as the silo encoded it; there is
// none to a one-way call.
func (r *Router) SendRaw(ctx context.Context, c *Call, owner string) (*nats.Msg, *grain.Error) {
	msg := &nats.Msg{
		Subject: r.names.Direct(owner, c.Method.Service.Type, c.Key, c.Method.Name),
		Data:    c.payload,
	}
	if err := r.address(msg, c); err != nil {
		return nil, err
	}
	if c.oneWay {
		if err := r.nc.PublishMsg(msg); err != nil {
			return nil, r.unsent(err, c.Method)
		}
		return nil, nil
	}
	return r.request(ctx, c.Method, msg, owner, c.Deadline, !c.explicit)
}

// address adds what a silo must be told beside the request. Most calls have nothing:
// headers cost.
func (r *Router) address(msg *nats.Msg, c *Call) *grain.Error {
	set := func(name, value string) {
		if msg.Header == nil {
			msg.Header = nats.Header{}
		}
		msg.Header[name] = []string{value}
	}
	if c.explicit {
		left := time.Until(c.Deadline)
		if left <= 0 {
			return outcome.ContextEnded(context.DeadlineExceeded, c.Method, false)
		}
		set(wire.HeaderTimeout, wire.FormatTimeout(left))
	}
	looksJSON := len(c.payload) > 0 && c.payload[0] == '{'
	if looksJSON != (c.codec == wire.CodecJSON) { // the first byte would mislead
		set(wire.HeaderContentType, c.codec.ContentType())
	}
	if c.Chain != "" {
		set(wire.HeaderChain, c.Chain)
	}
	if c.Origin != "" {
		set(wire.HeaderOrigin, c.Origin)
	}
	return nil
}

// request sends a message and waits for the answer, which is a success. Impatient says
// that the silo does not know the deadline.
func (r *Router) request(ctx context.Context, m *seam.Method, msg *nats.Msg, owner string, deadline time.Time, impatient bool) (*nats.Msg, *grain.Error) {
	gone := r.peers.of(owner)
	if _, there := r.view.Load().Member(owner); !there {
		return nil, outcome.Refused(grain.CodeUnavailable, "the silo that served %s is gone", m)
	}
	reply, err := r.mux.RequestFrom(ctx, msg, deadline, gone)
	if err != nil {
		return nil, r.failed(err, m, msg, impatient)
	}
	if len(reply.Header) > 0 {
		if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
			return nil, err
		}
	}
	return reply, nil
}

// failed says what it means that a request had no reply.
func (r *Router) failed(err error, m *seam.Method, msg *nats.Msg, impatient bool) *grain.Error {
	switch {
	case errors.Is(err, bus.ErrNoResponders):
		return outcome.Refused(grain.CodeUnavailable, "the silo that served %s does not listen", m)
	case errors.Is(err, bus.ErrGone):
		return grain.Errorf(grain.CodeMaybeExecuted, "the silo that had the call of %s was declared dead, or has left without an answer; it may have had its effect", m)
	case errors.Is(err, context.DeadlineExceeded):
		if impatient {
			r.cancel(msg)
		}
		return outcome.ContextEnded(err, m, true)
	case errors.Is(err, context.Canceled):
		r.cancel(msg)
		return outcome.ContextEnded(err, m, true)
	case errors.Is(err, bus.ErrAbandoned):
		return grain.Errorf(grain.CodeCancelled, "the client was closed; the call of %s may have its effect nonetheless", m)
	default:
		return r.unsent(err, m)
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
