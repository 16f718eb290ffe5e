// Package turn is the context that a grain's code runs in.
//
// A turn is a context.Context that costs nothing until it is used: no goroutine, no
// timer and no channel exist before somebody asks for Done. It knows whose turn it
// is, which is how a call through an activation is held against the context it is
// made with, and which turn waits for it, which is how a cycle of calls is seen.
package turn

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Turn is one turn of one activation. The zero value is not ready: call Begin.
type Turn struct {
	owner    any       // whose turn it is; compared by identity
	parent   *Turn     // the turn that awaits this one, in this process; nil if none
	chain    *string   // the calls that led here from other processes; nil if none
	deadline time.Time // zero: none
	readOnly bool

	over  atomic.Bool           // no call may be made through it any more
	baton atomic.Pointer[baton] // nil: there have been no branches

	mu    sync.Mutex
	err   error
	child Child // told of the cancellation; nil if none
	waits *waits
}

// waits are who else is told of a turn's cancellation. Few turns have any.
type waits struct {
	done  chan struct{} // made when asked for; Invariant: closed exactly when the turn's err != nil
	after map[*func()]struct{}
	more  []Child     // beside the first
	timer *time.Timer // armed when somebody first waits for the end
}

// waiting returns the turn's waits, which it makes if there are none. t.mu is held.
func (t *Turn) waiting() *waits {
	if t.waits == nil {
		t.waits = new(waits)
	}
	return t.waits
}

// key finds the turn in contexts derived from it.
type key struct{}

// From returns the turn that ctx is, or is derived from; nil if it is of none.
func From(ctx context.Context) *Turn {
	if t, ok := ctx.(*Turn); ok {
		return t
	}
	t, _ := ctx.Value(key{}).(*Turn)
	return t
}

// Begin makes t the turn of owner. It is called once, before t is shared.
func (t *Turn) Begin(owner any, parent *Turn, deadline time.Time, readOnly bool) {
	t.owner, t.parent, t.deadline, t.readOnly = owner, parent, deadline, readOnly
}

// Own says whose turn it is, where that was not known to Begin. It is called once, by
// who runs the turn, before its code does.
func (t *Turn) Own(owner any) { t.owner = owner }

// Owner is whose turn it is.
func (t *Turn) Owner() any { return t.owner }

// Parent is the turn that awaits this one, in this process; nil if none.
func (t *Turn) Parent() *Turn { return t.parent }

// SetChain says which calls led here from other processes. It is called at most once,
// before t is shared.
func (t *Turn) SetChain(chain string) {
	if chain == "" {
		return
	}
	kept := chain // the parameter itself would cost an allocation in any case
	t.chain = &kept
}

// Chain is what SetChain was given.
func (t *Turn) Chain() string {
	if t.chain == nil {
		return ""
	}
	return *t.chain
}

// Over says that the turn has ended.
func (t *Turn) Over() bool { return t.over.Load() }

// ReadOnly says that the turn may not change state.
func (t *Turn) ReadOnly() bool { return t.readOnly }

// End ends the turn: its branches are waited for, then its context is cancelled and
// refused from now on. It returns what a branch panicked with, if nobody else saw it.
func (t *Turn) End() (panicked any) {
	panicked = t.baton.Load().join()
	t.over.Store(true)
	t.Cancel(context.Canceled)
	return panicked
}

// Cancel cancels the turn's context with err, unless it was cancelled before.
func (t *Turn) Cancel(err error) {
	t.mu.Lock()
	if t.err != nil {
		t.mu.Unlock()
		return
	}
	t.err = err
	child, w := t.child, t.waits
	t.child = nil
	var after map[*func()]struct{}
	var more []Child
	if w != nil {
		after, more = w.after, w.more
		w.end()
	}
	t.mu.Unlock()
	if child != nil {
		child.ParentCancelled(err)
	}
	for _, c := range more {
		c.ParentCancelled(err)
	}
	for f := range after {
		go (*f)() // as context.AfterFunc promises: in a goroutine of its own
	}
}

// end is called once the turn has its err, under its lock.
func (w *waits) end() {
	w.after, w.more = nil, nil
	if w.done != nil {
		close(w.done)
	}
	if w.timer != nil {
		w.timer.Stop()
	}
}

// Deadline implements context.Context.
func (t *Turn) Deadline() (time.Time, bool) { return t.deadline, !t.deadline.IsZero() }

// Done implements context.Context. The first call makes the channel and arms the
// deadline's timer.
func (t *Turn) Done() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.waiting()
	if w.done != nil {
		return w.done
	}
	w.done = make(chan struct{})
	if t.err != nil {
		close(w.done)
		return w.done
	}
	t.arm(w)
	return w.done
}

// arm starts the deadline's timer unless it runs. t.mu is held, and t.err is nil.
func (t *Turn) arm(w *waits) {
	if w.timer == nil && !t.deadline.IsZero() {
		w.timer = time.AfterFunc(time.Until(t.deadline), func() { t.Cancel(context.DeadlineExceeded) })
	}
}

// Err implements context.Context.
func (t *Turn) Err() error {
	t.mu.Lock()
	err := t.err
	t.mu.Unlock()
	if err == nil && !t.deadline.IsZero() && !time.Now().Before(t.deadline) {
		t.Cancel(context.DeadlineExceeded)
		return t.Err() // which may be another's, who was quicker: a context has one error
	}
	return err
}

// Value implements context.Context. A caller's values are hidden: a local call
// behaves like a remote one.
func (t *Turn) Value(k any) any {
	if k == (key{}) {
		return t
	}
	return nil
}

// AfterFunc runs f in a goroutine once the turn is cancelled, unless stop is called
// before. Package context looks for it, so that a derived context needs no goroutine.
func (t *Turn) AfterFunc(f func()) (stop func() bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		go f()
		return func() bool { return false }
	}
	w := t.waiting()
	if w.after == nil {
		w.after = make(map[*func()]struct{}, 1)
	}
	t.arm(w)
	p := &f
	w.after[p] = struct{}{}
	return func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		_, waiting := w.after[p]
		delete(w.after, p)
		return waiting
	}
}
