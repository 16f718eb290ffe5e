package turn

import (
	"sync"
	"sync/atomic"
)

// baton is the right to run the turn's own code. A method alone holds it without
// noticing; once it has branches, whoever awaits something passes it on, so that
// the branches' calls overlap and their code never does.
type baton struct {
	held     chan struct{} // of one; Invariant: full while somebody runs the turn's code
	branches sync.WaitGroup
	caught   atomic.Pointer[any] // the first panic of a branch that nobody rethrew
}

func (b *baton) take() { b.held <- struct{}{} }

// pass gives the baton up. It is false, and does not block, where nobody holds it: that
// is a goroutine of the method's own making that calls through the turn, a bug, but not
// one to hang for.
func (b *baton) pass() bool {
	select {
	case <-b.held:
		return true
	default:
		return false
	}
}

// Branch starts f as a branch of the turn. It must be called by the turn's code.
func (t *Turn) Branch(f func()) {
	b := t.baton.Load()
	if b == nil {
		b = &baton{held: make(chan struct{}, 1)}
		b.held <- struct{}{} // the caller has been the only one so far, and goes on holding it
		t.baton.Store(b)
	}
	b.branches.Go(func() {
		b.take()
		defer b.pass()
		defer func() {
			if r := recover(); r != nil {
				b.caught.CompareAndSwap(nil, &r)
			}
		}()
		f()
	})
}

// Await runs f, which waits for something outside of the turn, and lets other
// branches of the turn run meanwhile. It does not nest.
func (t *Turn) Await(f func()) {
	b := t.baton.Load()
	if b == nil {
		f()
		return
	}
	if b.pass() { // otherwise who does not own the baton would keep it for ever
		defer b.take()
	}
	f()
}

// Rethrow panics with what a branch panicked with, if any did.
func (t *Turn) Rethrow() {
	b := t.baton.Load()
	if b == nil {
		return
	}
	if p := b.caught.Swap(nil); p != nil {
		panic(*p)
	}
}

// join waits until no branch runs and returns a panic that nobody rethrew. A nil baton has
// nothing to wait for.
func (b *baton) join() any {
	if b == nil {
		return nil
	}
	b.pass()
	b.branches.Wait()
	b.take()
	if p := b.caught.Swap(nil); p != nil {
		return *p
	}
	return nil
}
