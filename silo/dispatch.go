package silo

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// remote is a request that came over NATS, and the answer to it.
type remote struct {
	reply   string // "": nobody waits
	payload []byte
	codec   wire.Codec
	body    []byte // the answer, encoded
}

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
	r.body, err = wire.Append(r.codec, nil, resp)
	return err
}

// serve takes a request from the door, a partition or the silo's own subject. It never
// blocks: it is the only reader.
func (s *Silo) serve(msg *nats.Msg) {
	if msg.Reply != "" && !wire.ReplyAllowed(msg.Reply, s.cfg.ReplyPrefixes) {
		s.refusedReplies.Add(1)
		s.log.Warn("a request was dropped: its reply subject is not an inbox",
			slog.String("subject", msg.Subject), slog.String("reply", msg.Reply))
		return
	}
	if len(msg.Header) > 0 {
		if victim := msg.Header.Get(wire.HeaderCancel); victim != "" {
			s.cancel(msg.Subject, victim)
			return
		}
	}
	c, h, key, err := s.accept(msg)
	if err == nil {
		if c.method.OneWay && msg.Reply != "" {
			// Somebody asked with a reply subject, and gets the only thing there is to say.
			s.publish(&nats.Msg{Subject: msg.Reply})
			c.remote.reply = ""
		}
		if err = h.admit(key, c); err == nil {
			return
		}
	}
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

// accept makes a call of a request. An error means that nothing was begun.
func (s *Silo) accept(msg *nats.Msg) (*call, *hosted, string, *grain.Error) {
	target, err := s.names.ParseTarget(msg.Subject)
	if err != nil {
		return nil, nil, "", outcome.NotExecuted(err)
	}
	h := s.types[target.Type]
	if h == nil {
		return nil, nil, "", s.unknownType(target.Type)
	}
	m := h.kind.Service.Methods[target.Method]
	if m == nil {
		return nil, nil, "", outcome.Refused(grain.CodeUnimplemented, "%s has no method %q", target.Type, target.Method)
	}
	if s.draining.Load() {
		return nil, nil, "", outcome.Refused(grain.CodeUnavailable, "this silo is stopping")
	}
	timeout, set, err := wire.ParseTimeout(wire.Header(msg.Header))
	if err != nil {
		return nil, nil, "", outcome.NotExecuted(err)
	}
	if !set {
		timeout = m.Timeout
		setDefault(&timeout, s.cfg.CallTimeout)
	}
	codec, err := wire.DetectCodec(wire.Header(msg.Header), msg.Data)
	if err != nil {
		return nil, nil, "", outcome.NotExecuted(err)
	}
	c := &call{method: m, remote: &remote{reply: msg.Reply, payload: msg.Data, codec: codec}}
	c.Begin(nil, nil, time.Now().Add(timeout), m.ReadOnly)
	return c, h, target.Key, nil
}

// reply answers a remote call.
func (s *Silo) reply(c *call, _ proto.Message, err *grain.Error) {
	r := c.remote
	if r.reply == "" {
		if err != nil {
			s.unheard(c, err)
		}
		return
	}
	if s.revoked.Load() {
		return // the answer of a turn that would not end; its caller has been told already
	}
	if err == nil && int64(len(r.body)) > s.nc.MaxPayload() {
		err = grain.Errorf(grain.CodeResourceExhausted, "the response of %s has %d bytes, and the NATS server takes %d (its max_payload); the method has had its effect",
			c.method, len(r.body), s.nc.MaxPayload())
	}
	if err != nil {
		s.publishError(r.reply, r.codec, err)
		return
	}
	s.publish(&nats.Msg{Subject: r.reply, Data: r.body})
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
		s.log.Warn("an answer was lost", slog.String("subject", msg.Subject), slog.Any("error", err))
	}
}

// cancel drops the call with that reply subject if it waits, and cancels its context if
// it runs. Best effort: a call that is not here, or no longer, is no error.
func (s *Silo) cancel(subject, reply string) {
	target, err := s.names.ParseTarget(subject)
	if err != nil {
		return
	}
	h := s.types[target.Type]
	if h == nil {
		return
	}
	a := h.find(target.Key)
	if a == nil {
		return
	}
	if c := a.withReply(reply); c != nil {
		c.Cancel(context.Canceled)
		c.finish(s, nil, outcome.ContextEnded(context.Canceled, c.method, !c.drop()))
	}
}

// withReply finds the call that answers to that subject.
func (a *activation) withReply(reply string) *call {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.current; c != nil && c.remote != nil && c.remote.reply == reply {
		return c
	}
	for c := a.mailbox.head; c != nil; c = c.next {
		if c.remote != nil && c.remote.reply == reply {
			return c
		}
	}
	return nil
}
