package silo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
)

// Stop drains the silo: no new calls are taken, those that wait or run end, every
// activation is deactivated, and everything that Start started is ended. Turns that take
// longer than Config.DrainTimeout, or than ctx, have their contexts cancelled; those that
// ignore that may neither commit nor answer any more: their callers get
// CodeMaybeExecuted, and the error names them.
//
// Stopping twice, or a nil Silo, is safe; each call returns when the silo has stopped.
func (s *Silo) Stop(ctx context.Context) error {
	if s == nil {
		return nil
	}
	s.stopOnce.Do(func() { s.stopErr = s.stop(ctx) })
	return s.stopErr
}

// cancelGrace is how long turns have to end once their contexts were cancelled.
const cancelGrace = time.Second

func (s *Silo) stop(ctx context.Context) error {
	departure, whole := s.beginDeparture(), ctx
	ctx, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
	defer cancel()
	s.unlisten(ctx, s.subs) // the door is others' from now on
	s.draining.Store(true)
	inc := s.present.Load()
	inc.depart(ctx)
	left := s.drain(ctx)
	s.passAll(ctx)
	s.shut.Store(true)
	s.router.Close(stopping())
	if left == 0 {
		left = s.drain(ctx) // a call that looked before the silo drained may have come in since
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*cancelGrace)
	defer cancel()
	if left > 0 {
		s.cancelTurns()
		last, cancel := context.WithTimeout(grace, cancelGrace)
		if s.drain(last) > 0 {
			s.abandonTurns()
		}
		cancel()
		inc.depart(grace)
	}
	s.unlisten(grace, inc.subs)
	s.revoked.Store(true)
	close(s.stopped)
	s.end()
	stuck := s.workers.close(grace)
	s.awaitBackground()
	departure.end(whole)
	s.release()
	if len(stuck) > 0 {
		return fmt.Errorf("stop silo: %w", stuckError(stuck))
	}
	return nil
}

// depart leaves the cluster in order: each shard is handed over as soon as nothing runs in
// it. It returns when that is done, or ctx ends.
//
// Without NATS nobody can be told: the others find out, and what is here ends here.
func (inc *incarnation) depart(ctx context.Context) {
	if !inc.silo.heart.IsConnected() {
		return
	}
	select {
	case <-inc.set:
		inc.cluster.Tell(membership.Leave{})
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(awayLook)
	defer tick.Stop()
	for away := 0; away < awayMost; {
		select {
		case <-inc.over:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			if away++; inc.silo.heart.IsConnected() {
				away = 0
			}
		}
	}
}

// A silo that leaves waits this long for a connection that has broken.
const (
	awayLook = 100 * time.Millisecond
	awayMost = 10 // looks
)

// unlisten takes no more requests, and returns when those that had arrived were handed
// over: what NATS delivered to this process must be answered by it.
func (s *Silo) unlisten(ctx context.Context, subs []*nats.Subscription) {
	if !s.nc.IsConnected() {
		return // nothing arrives, and nothing can be told to the server
	}
	var closed []<-chan nats.SubStatus
	for _, sub := range subs {
		done := sub.StatusChanged(nats.SubscriptionClosed)
		if err := sub.Drain(); err != nil {
			s.log.Warn("stop listening", slog.String("subject", sub.Subject), slog.Any("error", err))
			continue
		}
		closed = append(closed, done)
	}
	tick := time.NewTicker(awayLook)
	defer tick.Stop()
	for _, done := range closed {
		for waits := true; waits; {
			select {
			case <-done:
				waits = false
			case <-tick.C:
				waits = s.nc.IsConnected() // else the server will not say that it is done
			case <-ctx.Done():
				return
			}
		}
	}
}

// drainLook is how often the drain looks whether it is done. An activation's last turn
// may make new ones, so the end is not an event of any one of them.
const drainLook = 2 * time.Millisecond

// drain ends activations until there are none, or ctx ends; it returns how many are left.
func (s *Silo) drain(ctx context.Context) int {
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for {
		left := 0
		for _, h := range s.sorted {
			h.each(func(a *activation) {
				left++
				if a.failedNow() {
					h.forget(a)
					return
				}
				a.endSoon(grain.DeactivatedSiloStopping)
			})
		}
		if left == 0 {
			return 0
		}
		select {
		case <-ctx.Done():
			return left
		case <-tick.C:
		}
	}
}

// passAll returns when every call that was passed on to another silo has been answered, or
// ctx ends. Who called at this silo's door knows no other way to the answer.
func (s *Silo) passAll(ctx context.Context) {
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for len(s.proxies) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// failedNow says that nothing will ever run in this activation.
func (a *activation) failedNow() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.phase == phaseFailed || a.phase == phaseGone
}

// cancelTurns cancels what runs and answers what waits.
func (s *Silo) cancelTurns() {
	for _, h := range s.sorted {
		h.each(func(a *activation) {
			a.mu.Lock()
			running, waiting := a.current, a.mailbox.take()
			a.mu.Unlock()
			if running != nil {
				running.Cancel(context.Canceled)
			}
			for waiting != nil {
				c := waiting
				waiting, c.next = c.next, nil
				if c.drop() {
					c.finish(s, nil, stopping())
				}
			}
		})
	}
}

// abandonTurns tells the callers of turns that would not end: nobody will later.
func (s *Silo) abandonTurns() {
	for _, h := range s.sorted {
		h.each(func(a *activation) {
			a.mu.Lock()
			c := a.current
			a.mu.Unlock()
			if c != nil && c.method != nil {
				c.finish(s, nil, grain.Errorf(grain.CodeMaybeExecuted, "%s of %s had not ended when its silo stopped", c.method, a.id()))
			}
		})
	}
}

// stopping refuses a call.
func stopping() *grain.Error {
	return outcome.Refused(grain.CodeUnavailable, "this silo is stopping")
}

// stuckError names the grains whose code would not end.
func stuckError(stuck []*activation) error {
	all := make([]error, len(stuck))
	for i, a := range stuck {
		a.mu.Lock()
		what := a.running()
		a.mu.Unlock()
		all[i] = grain.Errorf(grain.CodeDeadlineExceeded, "%s still runs %s", a.id(), what)
	}
	return errors.Join(all...)
}
