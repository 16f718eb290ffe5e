package silo

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/route"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// maxProxies is how many calls a silo passes on at a time.
const maxProxies = 16 << 10

// passOn sends a request to the owner of its grain, and its answer to whoever asked. It
// asks with an inbox of its own, so that trying again, and an owner that dies, are this
// silo's business: the NATS server tells only the sender that nobody listens.
func (s *Silo) passOn(msg *nats.Msg, target wire.Target) {
	select {
	case s.proxies <- struct{}{}:
	default:
		s.refuse(msg, withRetry(outcome.Refused(grain.CodeResourceExhausted, "%d calls are passed on to other silos already", maxProxies)))
		return
	}
	s.passing.Go(func() {
		defer func() { <-s.proxies }()
		if err := s.forward(msg, target); err != nil {
			s.refuse(msg, err)
		}
	})
}

// forward returns an error where the request is to be answered with it.
func (s *Silo) forward(msg *nats.Msg, target wire.Target) *grain.Error {
	timeout, set, err := wire.ParseTimeout(wire.Header(msg.Header))
	if err != nil {
		return outcome.NotExecuted(err)
	}
	codec, err := wire.DetectCodec(wire.Header(msg.Header), msg.Data)
	if err != nil {
		return outcome.NotExecuted(err)
	}
	m := s.knownMethod(target)
	if !set {
		timeout = m.Timeout
		setDefault(&timeout, s.cfg.CallTimeout)
	}
	if timeout <= 0 {
		return outcome.ContextEnded(context.DeadlineExceeded, m, false)
	}
	c := route.RawCall(m, target.Key, msg.Data, codec, time.Now().Add(timeout), set, msg.Reply == "")
	c.Origin = msg.Reply
	reply, failed := route.Deliver(s.lifetime, s.router, c, func(ctx context.Context, owner string) (*nats.Msg, *grain.Error) {
		return s.router.SendRaw(ctx, c, owner)
	})
	if failed != nil {
		return failed
	}
	if msg.Reply != "" {
		s.publish(&nats.Msg{Subject: msg.Reply, Data: reply.Data})
	}
	return nil
}

// knownMethod is the method as this silo knows it, or as little as its name says.
func (s *Silo) knownMethod(target wire.Target) *seam.Method {
	if h := s.types[target.Type]; h != nil {
		if m := h.kind.Service.Methods[target.Method]; m != nil {
			return m
		}
	}
	return &seam.Method{Service: &seam.Service{Type: target.Type}, Name: target.Method}
}
