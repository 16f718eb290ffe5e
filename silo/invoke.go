package silo

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
)

// Invoke implements [grain.Caller]: it calls a grain of this silo. The request is copied
// before it is handed over, and the response within the turn, unless the method is
// declared immutable.
func (s *Silo) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	h, m, err := s.target(m)
	if err != nil {
		return nil, err
	}
	if err := grain.ValidateKey(key); err != nil {
		return nil, err
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
	if !m.Immutable {
		req = proto.Clone(req)
	}
	c := &call{method: m, req: req, made: s.clock()}
	if m.OneWay {
		c.Begin(nil, nil, s.deadline(context.Background(), c), m.ReadOnly) //nolint:contextcheck // it outlives whoever sends it
		if err := s.admit(h, key, c); err != nil {
			return nil, err
		}
		return nil, nil
	}
	if err := refuseCycle(parent, h, key); err != nil {
		return nil, err
	}
	return s.call(ctx, h, key, c, parent)
}

// target finds where the method's type is hosted here.
func (s *Silo) target(m *seam.Method) (*hosted, *seam.Method, error) {
	h := s.types[m.Service.Type]
	if h == nil {
		return nil, nil, s.unknownType(m.Service.Type)
	}
	if h.kind.Service != m.Service { // another generated copy of the same service
		if m = h.kind.Service.Methods[m.Name]; m == nil {
			return nil, nil, outcome.Refused(grain.CodeUnimplemented, "%s has no such method", h.kind.Service.Type)
		}
	}
	return h, m, nil
}

func (s *Silo) unknownType(typ string) *grain.Error {
	return outcome.Refused(grain.CodeUnimplemented, "no silo hosts %s (is it in Config.Grains? is the cluster's name, %q, right?)", typ, s.cfg.Cluster)
}

// call hands c over and waits for its answer.
func (s *Silo) call(ctx context.Context, h *hosted, key string, c *call, parent *turn.Turn) (proto.Message, error) {
	c.ready, _ = readies.Get().(chan struct{})
	c.Begin(nil, parent, s.deadline(ctx, c), c.method.ReadOnly)
	if err := s.admit(h, key, c); err != nil {
		readies.Put(c.ready)
		return nil, err
	}
	if parent == nil {
		s.await(ctx, c)
	} else {
		parent.Await(func() { s.await(ctx, c) })
	}
	readies.Put(c.ready)
	if c.err != nil {
		return nil, c.err
	}
	return c.resp, nil
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

// admit is hosted.admit, for a call whose owner is only known once it is admitted.
func (s *Silo) admit(h *hosted, key string, c *call) error {
	if err := h.admit(key, c); err != nil {
		return err
	}
	return nil
}

// deadline is when c, made with ctx, must have ended.
func (s *Silo) deadline(ctx context.Context, c *call) time.Time {
	if d, ok := ctx.Deadline(); ok {
		return d
	}
	d := c.method.Timeout
	if d == 0 {
		d = s.cfg.CallTimeout
	}
	return s.at(c.made).Add(d)
}

// refuseCycle refuses a call to a grain whose present turn waits for this very call: it
// could only wait until its deadline.
func refuseCycle(caller *turn.Turn, h *hosted, key string) error {
	for t := caller; t != nil && !t.Over(); t = t.Parent() {
		if a, ok := t.Owner().(*activation); ok && a.of == h && a.key == key {
			return outcome.Refused(grain.CodeAborted, "a cycle of calls: %s", cyclePath(caller, t))
		}
	}
	return nil
}

// cyclePath names the grains from the turn that would wait for itself to the caller, and
// back again.
func cyclePath(caller, first *turn.Turn) string {
	var names []string
	for t := caller; ; t = t.Parent() {
		if a, ok := t.Owner().(*activation); ok {
			names = append([]string{a.id().String()}, names...)
		}
		if t == first {
			break
		}
	}
	return strings.Join(append(names, names[0]), " → ")
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
