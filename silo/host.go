package silo

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/internal/seam"
)

// What an activation is to its grain. State is in state.go.

var _ seam.Host = (*activation)(nil)

// Identity implements seam.Host.
func (a *activation) Identity() (grainType, key string) { return a.of.kind.Service.Type, a.key }

// Logger implements seam.Host.
func (a *activation) Logger() *slog.Logger {
	return a.of.silo.log.With(slog.String("grain", a.id().String()))
}

// DeactivateOnIdle implements seam.Host.
func (a *activation) DeactivateOnIdle() { a.endSoon(grain.DeactivatedByGrain) }

// DelayDeactivation implements seam.Host.
func (a *activation) DelayDeactivation(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keep = a.of.silo.clock() + int64(d)
}

// Invoke implements seam.Host.
func (a *activation) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	if !a.passesSoon(rig.Call, func() bool { return ctx.Err() != nil }) {
		return nil, grain.Errorf(grain.CodeUnavailable, "%s may not call %s: its silo has lost touch with the cluster, or the grain has moved away", a.id(), m)
	}
	return a.of.silo.Invoke(ctx, m, key, req)
}

// Go implements seam.Host.
func (a *activation) Go(f func(context.Context) error) error {
	s := a.of.silo
	c := &call{run: f}
	c.Begin(a, nil, s.in(s.cfg.CallTimeout), false)
	gone, err := a.admit(c)
	if gone {
		return a.over()
	}
	if err != nil {
		return err
	}
	return nil
}
