package silo

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
)

// Invoke implements [grain.Caller]: it calls a grain, of this silo or of another. A
// grain of this silo's is called without NATS: the request is copied before it is handed
// over, and the response within the turn, unless the method is declared immutable.
func (s *Silo) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	h, m, err := s.method(m)
	if err != nil {
		return nil, err
	}
	if err := grain.ValidateKey(key); err != nil {
		return nil, outcome.NotExecuted(err)
	}
	if req == nil || !req.ProtoReflect().IsValid() {
		return nil, outcome.Refused(grain.CodeInvalidArgument, "%s was called with a nil request", m)
	}
	if err := ctx.Err(); err != nil {
		return nil, outcome.ContextEnded(err, m, false)
	}
	parent := turn.From(ctx)
	if parent == nil && s.draining.Load() {
		return nil, stopping()
	}
	if !m.OneWay {
		if err := refuseCycle(parent, m.Service.Type, key); err != nil {
			return nil, err
		}
	}
	if h != nil {
		resp, moved, err := s.invokeHere(ctx, parent, false, h, m, key, req)
		if err == nil {
			return resp, nil
		}
		if !moved {
			return nil, err
		}
	}
	return s.invokeAnywhere(ctx, parent, h, m, key, req)
}

// invokeHere calls a grain if this silo owns it. Moved says that it does not, and that
// nothing was done. Awaiting says that the parent has given way already.
func (s *Silo) invokeHere(ctx context.Context, parent *turn.Turn, awaiting bool, h *hosted, m *seam.Method, key string, req proto.Message) (resp proto.Message, moved bool, err *grain.Error) {
	if !m.Immutable {
		req = copyOf(req, m.NewRequest)
	}
	c := &call{method: m, req: req}
	if m.OneWay {
		c.Begin(nil, nil, s.deadline(context.Background(), m), m.ReadOnly) //nolint:contextcheck // it outlives whoever sends it
		moved, err := h.admit(key, c)
		return nil, moved, err
	}
	return s.call(ctx, h, key, c, parent, awaiting)
}

// method finds the method where its type is hosted here; otherwise there is only what the
// caller knows of it.
func (s *Silo) method(m *seam.Method) (*hosted, *seam.Method, error) {
	h := s.types[m.Service.Type]
	if h == nil || h.kind.Service == m.Service {
		return h, m, nil
	}
	own := h.kind.Service.Methods[m.Name] // another generated copy of the same service
	if own == nil {
		return nil, nil, outcome.Refused(grain.CodeUnimplemented, "%s has no such method", h.kind.Service.Type)
	}
	return h, own, nil
}

func (s *Silo) unknownType(typ string) *grain.Error {
	return outcome.Refused(grain.CodeUnimplemented, "no silo hosts %s (is it in Config.Grains? is the cluster's name, %q, right?)", typ, s.cfg.Cluster)
}

// call hands c over and waits for its answer.
func (s *Silo) call(ctx context.Context, h *hosted, key string, c *call, parent *turn.Turn, awaiting bool) (resp proto.Message, moved bool, err *grain.Error) {
	c.ready, _ = readies.Get().(chan struct{})
	c.Begin(nil, parent, s.deadline(ctx, c.method), c.method.ReadOnly)
	c.inline = parent == nil && !awaiting && ctx.Done() == nil
	if moved, err := h.admit(key, c); err != nil {
		readies.Put(c.ready)
		return nil, moved, err
	}
	if parent == nil || awaiting {
		s.await(ctx, c)
	} else {
		parent.Await(func() { s.await(ctx, c) })
	}
	readies.Put(c.ready)
	if c.err != nil {
		return nil, c.moved, c.err
	}
	return c.resp, false, nil
}

// await waits until c is answered. It answers c itself when the context ends first.
func (s *Silo) await(ctx context.Context, c *call) {
	if t, ok := ctx.(*turn.Turn); ok {
		// The turn's own channel would cost more than the call: it tells c directly.
		if !t.Adopt(c) {
			c.ParentCancelled(t.Err())
		}
		<-c.ready
		t.Release(c)
		return
	}
	done := ctx.Done()
	if done == nil {
		<-c.ready
		return
	}
	select {
	case <-c.ready:
	case <-done:
		c.ParentCancelled(ctx.Err())
		<-c.ready
	}
}

// ParentCancelled ends the call since the one who waits for it gives up.
func (c *call) ParentCancelled(cause error) {
	c.Cancel(cause)
	if c.answered.CompareAndSwap(false, true) {
		c.err = outcome.ContextEnded(cause, c.method, !c.drop())
		c.ready <- struct{}{}
	}
}

// deadline is when a call that is made now, with ctx, must have ended.
func (s *Silo) deadline(ctx context.Context, m *seam.Method) time.Time {
	if d, ok := ctx.Deadline(); ok {
		return d
	}
	d := m.Timeout
	if d == 0 {
		d = s.cfg.CallTimeout
	}
	return s.in(d)
}

// unheard counts and logs the error of a call that nobody waits for.
func (s *Silo) unheard(c *call, err *grain.Error) {
	if a, ok := c.Owner().(*activation); ok && c.method == nil {
		a.Logger().Warn("a function given to Go never ran", slog.Any("error", err))
		return
	}
	s.oneWayErrors.Add(1)
	s.log.Warn("a one-way call failed", slog.String("method", c.method.String()), slog.Any("error", err))
}
