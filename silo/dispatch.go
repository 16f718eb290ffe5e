package silo

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// remote is a request that came over NATS, and the answer to it.
type remote struct {
	msg     *nats.Msg // if it may be passed on: it came to the door, or nobody waits for it
	reply   string    // "": nobody waits
	origin  string    // the reply subject at the door, where another silo has passed it on
	payload []byte
	codec   wire.Codec
	body    *[]byte // the answer, encoded; nil before
}

// A remoteCall is a call with its remote, in one allocation.
type remoteCall struct {
	call
	remote remote
}

// bodies are buffers of encoded answers. encode takes one, and reply gives it back when
// NATS's client has copied it. An answer that nobody may send any more keeps its buffer.
var bodies = sync.Pool{New: func() any { return new([]byte) }} //nolint:gochecknoglobals // a pool is shared or it is none

// keepBody is how large a buffer may be that is given back.
const keepBody = 64 << 10

func (r *remote) decode(m *seam.Method) (proto.Message, error) {
	req := m.NewRequest()
	if err := wire.Unmarshal(r.codec, r.payload, req); err != nil {
		return nil, err
	}
	r.payload = nil
	return req, nil
}

func (r *remote) encode(resp proto.Message) (err error) {
	if r.reply == "" {
		return nil
	}
	body, _ := bodies.Get().(*[]byte)
	if *body, err = wire.Append(r.codec, (*body)[:0], resp); err != nil {
		return err
	}
	r.body = body
	return nil
}

// serveDoor takes a request from the door or a partition. What is not this silo's is
// passed on to the owner.
func (s *Silo) serveDoor(msg *nats.Msg) { s.serve(msg, true) }

// serveDirect takes a request from the silo's own subject, whose sender found it in the
// view and looks again if it has moved.
func (s *Silo) serveDirect(msg *nats.Msg) { s.serve(msg, false) }

// serve never blocks: it is the only reader of its subscription.
func (s *Silo) serve(msg *nats.Msg, door bool) {
	if msg.Reply != "" && !wire.ReplyAllowed(msg.Reply, s.cfg.ReplyPrefixes) {
		s.refusedReplies.Add(1)
		s.log.Warn("a request was dropped: its reply subject is not an inbox",
			slog.String("subject", msg.Subject), slog.String("reply", msg.Reply))
		return
	}
	if len(msg.Header) > 0 {
		if victim := msg.Header.Get(wire.HeaderCancel); victim != "" {
			s.cancel(msg, victim, door)
			return
		}
	}
	target, err := s.target(msg)
	if err == nil && s.types[target.Type] == nil && door {
		s.passOn(msg, target)
		return
	}
	if err == nil {
		err = s.take(msg, target, door)
	}
	if err != nil {
		s.refuse(msg, err)
	}
}

// target reads what the request is for.
func (s *Silo) target(msg *nats.Msg) (wire.Target, *grain.Error) {
	target, err := s.names.ParseTarget(msg.Subject)
	if err != nil {
		return target, outcome.NotExecuted(err)
	}
	if unreadable(msg) {
		return target, outcome.Refused(grain.CodeInvalidArgument, "the headers cannot be read: write NATS/1.0, and then a name, a colon and a value in each line")
	}
	return target, nil
}

// take hands a request for a hosted type over to its grain, or passes it on.
func (s *Silo) take(msg *nats.Msg, target wire.Target, door bool) *grain.Error {
	c, h, err := s.accept(msg, target, door)
	if err != nil {
		return err
	}
	codec, receipt := c.remote.codec, c.method.OneWay && msg.Reply != ""
	if receipt {
		c.remote.reply = "" // before a worker has the call: its turn has nothing to say
	}
	if err := refuseRemoteCycle(c.Chain(), h, target.Key); err != nil {
		return err
	}
	moved, err := h.admit(target.Key, c)
	switch {
	case moved && c.remote.msg != nil:
		s.passOn(msg, target)
		return nil
	case err != nil:
		return err
	}
	if receipt {
		s.acknowledge(msg.Reply, codec)
	}
	return nil
}

// refuse answers a request that never ran.
func (s *Silo) refuse(msg *nats.Msg, err *grain.Error) {
	if msg.Reply == "" {
		s.oneWayErrors.Add(1)
		return
	}
	codec, detectErr := wire.DetectCodec(wire.Header(msg.Header), msg.Data)
	if detectErr != nil {
		codec = wire.CodecProto
	}
	s.publishError(msg.Reply, codec, err)
}

// acknowledge answers a request to a one-way method whose sender asked with a reply
// subject: that the call is taken is all there is to say.
func (s *Silo) acknowledge(reply string, codec wire.Codec) {
	msg := &nats.Msg{Subject: reply}
	if codec == wire.CodecJSON {
		msg.Data = []byte("{}")
	}
	s.publish(msg)
}

// unreadable says that the message has headers which the NATS client could not parse, and
// left out. What they asked for (a cancellation, a deadline, a codec) must not be guessed.
func unreadable(msg *nats.Msg) bool {
	return msg.Header == nil && msg.Size() > len(msg.Subject)+len(msg.Reply)+len(msg.Data)
}

// accept makes a call of a request. An error means that nothing was begun.
func (s *Silo) accept(msg *nats.Msg, target wire.Target, door bool) (*call, *hosted, *grain.Error) {
	h := s.types[target.Type]
	if h == nil {
		return nil, nil, s.unknownType(target.Type)
	}
	m := h.kind.Service.Methods[target.Method]
	if m == nil {
		return nil, nil, outcome.Refused(grain.CodeUnimplemented, "%s has no method %q", target.Type, target.Method)
	}
	timeout, set, err := wire.ParseTimeout(wire.Header(msg.Header))
	if err != nil {
		return nil, nil, outcome.NotExecuted(err)
	}
	if !set {
		timeout = m.Timeout
		setDefault(&timeout, s.cfg.CallTimeout)
	}
	codec, err := wire.DetectCodec(wire.Header(msg.Header), msg.Data)
	if err != nil {
		return nil, nil, outcome.NotExecuted(err)
	}
	rc := &remoteCall{
		call:   call{method: m},
		remote: remote{reply: msg.Reply, payload: msg.Data, codec: codec},
	}
	c := &rc.call
	c.remote = &rc.remote
	if door || msg.Reply == "" {
		rc.remote.msg = msg
	}
	if !door && len(msg.Header) > 0 {
		c.SetChain(msg.Header.Get(wire.HeaderChain))
		rc.remote.origin = msg.Header.Get(wire.HeaderOrigin)
	}
	c.Begin(nil, nil, s.in(timeout), m.ReadOnly)
	return c, h, nil
}

// reply answers a remote call.
func (s *Silo) reply(c *call, _ proto.Message, err *grain.Error) {
	r := c.remote
	if c.moved && r.msg != nil {
		if target, parseErr := s.names.ParseTarget(r.msg.Subject); parseErr == nil {
			s.passOn(r.msg, target)
			return
		}
	}
	if r.reply == "" {
		if err != nil {
			s.unheard(c, err)
		}
		return
	}
	if s.revoked.Load() {
		return // the answer of a turn that would not end; its caller has been told already
	}
	if err != nil {
		s.publishError(r.reply, r.codec, err)
		return
	}
	body := *r.body
	switch err := s.nc.Publish(r.reply, body); {
	case errors.Is(err, nats.ErrMaxPayload):
		s.publishError(r.reply, r.codec, grain.Errorf(grain.CodeResourceExhausted,
			"the response of %s has %d bytes, and the NATS server takes %d (its max_payload); the method has had its effect",
			c.method, len(body), s.nc.MaxPayload()))
	case err != nil:
		s.lost(r.reply, err)
	}
	if cap(body) <= keepBody {
		bodies.Put(r.body)
	}
}

func (s *Silo) publishError(reply string, codec wire.Codec, err *grain.Error) {
	header, body := wire.EncodeError(err, codec)
	if int64(len(body)) > s.nc.MaxPayload()/2 {
		body = nil // details that do not fit; the code and the sentence do
	}
	s.publish(&nats.Msg{Subject: reply, Header: nats.Header(header), Data: body})
}

func (s *Silo) publish(msg *nats.Msg) {
	if err := s.nc.PublishMsg(msg); err != nil {
		s.lost(msg.Subject, err)
	}
}

func (s *Silo) lost(subject string, err error) {
	s.log.Warn("an answer was lost", slog.String("subject", subject), slog.Any("error", err))
}

// cancel drops the call with that reply subject if it waits, and cancels its context if
// it runs, here or at the owner. Best effort: a call that is not there, or no longer, is
// no error.
func (s *Silo) cancel(msg *nats.Msg, reply string, door bool) {
	target, err := s.names.ParseTarget(msg.Subject)
	if err != nil {
		return
	}
	if h := s.types[target.Type]; h != nil {
		if a := h.find(target.Key); a != nil {
			if c := a.withReply(reply); c != nil {
				c.Cancel(context.Canceled)
				c.finish(s, nil, outcome.ContextEnded(context.Canceled, c.method, !c.drop()))
				return
			}
		}
	}
	owner := s.router.Owner(target.Type, target.Key)
	if door && owner != "" && owner != s.present.Load().id() {
		s.publish(&nats.Msg{Subject: s.names.Direct(owner, target.Type, target.Key, target.Method), Header: nats.Header{wire.HeaderCancel: {reply}}})
	}
}

// withReply finds the call that answers to that subject, or did at the door.
func (a *activation) withReply(reply string) *call {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.current; c != nil && c.answers(reply) {
		return c
	}
	for c := a.mailbox.head; c != nil; c = c.next {
		if c.answers(reply) {
			return c
		}
	}
	return nil
}

func (c *call) answers(reply string) bool {
	return c.remote != nil && (c.remote.reply == reply || c.remote.origin == reply)
}
