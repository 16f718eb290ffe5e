package silo

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
)

// A phase is where an activation is in its life.
type phase uint8

const (
	phaseLoading phase = iota + 1 // constructing, loading state, OnActivate
	phaseActive                   // runs turns, or idles
	phaseEnding                   // OnDeactivate; what waits is the successor's
	phaseFailed                   // did not come to life; answers why, for a moment
	phaseGone                     // nobody may put a call into its mailbox
)

// An activation is one grain in memory. It is its grain's host.
type activation struct {
	grain.Activation // what the grain holds of it

	of     *hosted
	tenure *tenure
	key    string
	grain  any // nil until constructed; the worker's
	// states are the grain's, in the order declared. The slice is the constructor's and
	// then constant; a slot's revision is the worker's.
	states []seam.State

	mu      sync.Mutex
	phase   phase
	hooked  phase // in which the hook that is current was begun; 0: it is no hook
	busy    bool  // Invariant: a worker has it, or is about to, exactly when busy
	spoiled bool  // memory is not what is stored: no more commits
	ending  grain.DeactivationReason
	mailbox mailbox
	current *call // the turn under way, a hook's included
	failure *grain.Error
	used    int64 // when it last had something to do, on the silo's clock; valid unless busy
	until   int64 // loading, ending: when it takes too long; failed: when to forget it
	keep    int64 // not idle before
}

func newActivation(h *hosted, t *tenure, key string) *activation {
	a := &activation{of: h, tenure: t, key: key, phase: phaseLoading}
	grain.Bind(&a.Activation, a)
	return a
}

// id names the grain in errors and logs.
func (a *activation) id() grain.ID { return grain.ID{Type: a.of.kind.Service.Type, Key: a.key} }

// retryHint is when a full mailbox or silo is worth another try.
const retryHint = 50 * time.Millisecond

// admit puts a call into the mailbox. Gone means that this activation is over and the
// call is for its successor; an error, that the call will never run.
func (a *activation) admit(c *call) (gone bool, err *grain.Error) {
	a.mu.Lock()
	switch {
	case a.phase == phaseFailed && a.of.silo.clock() < a.until:
		err := a.failure
		a.mu.Unlock()
		return false, err
	case a.phase == phaseFailed || a.phase == phaseGone:
		a.phase = phaseGone
		a.mu.Unlock()
		return true, nil
	case a.of.silo.shut.Load():
		a.mu.Unlock()
		return false, stopping()
	case c.method == nil && a.phase == phaseEnding: // it would touch what is left behind
		a.mu.Unlock()
		return true, nil
	case a.mailbox.len >= a.of.mailbox:
		a.mu.Unlock()
		return false, withRetry(outcome.Refused(grain.CodeResourceExhausted, "%d calls wait for %s already: its mailbox is full", a.of.mailbox, a.id()))
	}
	a.mailbox.push(c)
	start, active := !a.busy, a.phase == phaseActive
	a.busy = true
	a.mu.Unlock()
	switch {
	case !start:
	case c.inline && active:
		a.of.silo.workers.here(a)
	default:
		a.of.silo.workers.run(a)
	}
	return false, nil
}

// work runs what there is to do, on w.
func (a *activation) work(w *worker) {
	for {
		a.mu.Lock()
		a.current = nil
		if a.phase == phaseLoading {
			a.mu.Unlock()
			if !a.load() {
				return
			}
			continue
		}
		if a.phase == phaseActive && a.ending != 0 && (a.mailbox.len == 0 || a.ending == grain.DeactivatedAfterFault) {
			a.beginEnding()
		}
		if a.phase != phaseActive {
			abandoned := a.phase == phaseGone
			a.mu.Unlock()
			if !abandoned {
				a.end()
			}
			return
		}
		if a.mailbox.len > 0 && w.tired() { // a grain that is called all the time gets in line too
			a.mu.Unlock()
			a.of.silo.workers.run(a)
			return
		}
		c := a.mailbox.pop()
		if c == nil {
			a.busy, a.used = false, max(a.used, w.now)
			a.mu.Unlock()
			return
		}
		a.current, a.hooked = c, 0
		a.mu.Unlock()
		a.turn(c, w.lap(a.of.silo))
	}
}

// beginEnding is called under the lock.
func (a *activation) beginEnding() {
	s := a.of.silo
	a.phase = phaseEnding
	a.until = s.clock() + int64(s.cfg.HookTimeout)
	a.of.live.Add(-1)
	s.live.Add(-1)
}

// load brings the activation to life, and says whether it did.
func (a *activation) load() bool {
	s := a.of.silo
	a.mu.Lock()
	a.until = s.clock() + int64(s.cfg.HookTimeout)
	a.mu.Unlock()
	err := a.hook(func(ctx context.Context) error {
		g, err := a.of.kind.New(&a.Activation)
		if err != nil {
			return err
		}
		a.grain = g
		if err := a.loadStates(ctx); err != nil {
			return err
		}
		if h, ok := g.(grain.Activator); ok {
			return h.OnActivate(ctx)
		}
		return nil
	})
	if err != nil {
		a.fail(s.flatten(err, "activating "+a.id().String()))
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase != phaseLoading {
		return false // it took too long, and was given up
	}
	a.phase, a.until = phaseActive, 0
	a.used = s.clock() // in case that no turn follows
	return true
}

// failedFor is for how long a failed activation answers why before the next call tries
// again, give or take half: callers that retry at once must not hammer what is down.
const failedFor = 100 * time.Millisecond

// fail gives an activation up that did not come to life. The calls that wait get the
// cause.
func (a *activation) fail(cause *grain.Error) {
	f := grain.FaultOf(cause)
	f.NotExecuted = true
	f.Cause = nil
	cause = grain.MakeError(f)
	s := a.of.silo
	a.mu.Lock()
	if a.phase != phaseLoading {
		a.mu.Unlock()
		return
	}
	a.phase, a.failure = phaseFailed, cause
	a.until = s.clock() + int64(failedFor)/2 + rand.Int64N(int64(failedFor))
	c := a.mailbox.take()
	a.mu.Unlock()
	a.of.live.Add(-1)
	s.live.Add(-1)
	s.log.Warn("activation failed", slog.String("grain", a.id().String()), slog.Any("error", cause))
	for c != nil {
		next := c.next
		if c.drop() {
			c.finish(s, nil, cause)
		}
		c = next
	}
}

// end runs OnDeactivate and hands over to the successor.
func (a *activation) end() {
	if h, ok := a.grain.(grain.Deactivator); ok {
		err := a.hook(func(ctx context.Context) error { return h.OnDeactivate(ctx, a.ending) })
		if err != nil {
			a.Logger().Error("OnDeactivate failed", slog.String("reason", a.ending.String()), slog.Any("error", err))
		}
	}
	a.handOver()
}

// handOver makes the activation gone and gives the calls that wait to its successor.
func (a *activation) handOver() {
	a.mu.Lock()
	if a.phase != phaseEnding {
		a.mu.Unlock()
		return // it took too long, and somebody else did this
	}
	a.phase = phaseGone
	c := a.mailbox.take()
	a.mu.Unlock()
	a.of.forget(a)
	for c != nil {
		next := c.next
		c.next = nil
		if err := a.passOn(c); err != nil && c.drop() {
			c.finish(a.of.silo, nil, err)
		}
		c = next
	}
}

// passOn gives a call that waits to the successor. What was given to Go is lost: it
// would touch this activation's memory beside the successor's turns.
func (a *activation) passOn(c *call) *grain.Error {
	switch {
	case c.progress.Load() != int32(callQueued):
		return nil
	case c.method == nil:
		return a.over()
	default:
		moved, err := a.of.admit(a.key, c)
		c.moved = moved
		return err
	}
}

// over is what Go answers, or logs, when it comes too late.
func (a *activation) over() *grain.Error {
	return outcome.Refused(grain.CodeUnavailable, "this activation of %s has ended: what it gives to Go is lost with it", a.id())
}

// hook runs one of the grain's hooks as a turn of its own.
func (a *activation) hook(f func(context.Context) error) (err error) {
	c := &call{run: f}
	c.Begin(a, nil, time.Now().Add(a.of.silo.cfg.HookTimeout), false)
	a.mu.Lock()
	a.current, a.hooked = c, a.phase
	a.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = a.panicked("a hook", r)
		}
		if r := c.End(); r != nil {
			err = a.panicked("a hook", r)
		}
	}()
	return f(&c.Turn)
}

// running names what runs, for an operator. It is called under the lock.
func (a *activation) running() string {
	switch {
	case a.current == nil:
		return "nothing"
	case a.hooked == phaseLoading:
		return "OnActivate, or the loading of its state"
	case a.hooked == phaseEnding:
		return "OnDeactivate"
	default:
		return a.current.what()
	}
}

// expire gives up what takes too long: a hook, the turn under way, calls that wait.
func (a *activation) expire(now time.Time) {
	s := a.of.silo
	a.mu.Lock()
	hookLate := a.until != 0 && s.clock() > a.until
	phase := a.phase
	var late *call // linked by next
	if c := a.current; c != nil && c.lateAt(now) {
		late = c
	}
	late = a.mailbox.sift(now, late)
	a.mu.Unlock()
	for late != nil {
		c := late
		late, c.next = c.next, nil
		c.expire(a)
	}
	switch {
	case hookLate && phase == phaseLoading:
		a.fail(outcome.Refused(grain.CodeDeadlineExceeded, "%s did not become active within %s", a.id(), s.cfg.HookTimeout))
		a.of.forget(a)
	case hookLate && phase == phaseEnding:
		a.Logger().Error("OnDeactivate takes too long and is abandoned", slog.Duration("limit", s.cfg.HookTimeout))
		a.handOver()
	}
}

// idleSince says since when the activation idles, if it does.
func (a *activation) idleSince() (int64, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used, a.phase == phaseActive && !a.busy
}

// endIfIdle ends the activation unless it has something to do, and says whether it did.
func (a *activation) endIfIdle(why grain.DeactivationReason) bool {
	a.mu.Lock()
	if a.phase != phaseActive || a.busy {
		a.mu.Unlock()
		return false
	}
	a.ending, a.busy = why, true
	a.beginEnding()
	a.mu.Unlock()
	a.of.silo.workers.run(a)
	return true
}

// endSoon ends the activation when nothing waits for it; after a fault, at the end of
// the present turn.
func (a *activation) endSoon(why grain.DeactivationReason) {
	a.mu.Lock()
	if a.phase != phaseActive && a.phase != phaseLoading {
		a.mu.Unlock()
		return
	}
	if a.ending == 0 || why == grain.DeactivatedAfterFault {
		a.ending = why
	}
	start := !a.busy
	a.busy = true
	a.mu.Unlock()
	if start {
		a.of.silo.workers.run(a)
	}
}
