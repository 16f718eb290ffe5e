package grain

import (
	"context"
	"sync"

	"github.com/teff-dev/teff/internal/turn"
)

// A Group runs branches of one turn. The branches' own code never runs at the same
// time, nor beside the method's: each gives way only while it awaits a call to
// another grain, or in Wait. So the calls overlap, and the grain's fields need no lock.
//
//	group := grain.NewGroup(ctx)
//	for _, key := range keys {
//		group.Go(func(ctx context.Context) error {
//			resp, err := bankv1teff.AccountOf(g.a, key).Balance(ctx, req)
//			if err == nil {
//				total += resp.Balance
//			}
//			return err
//		})
//	}
//	err := group.Wait()
type Group struct {
	turn   *turn.Turn
	ctx    context.Context //nolint:containedctx // a Group lives within one turn, as its context does
	cancel context.CancelFunc
	wg     sync.WaitGroup
	err    error // of the first branch that failed; guarded by the turn's baton
}

// NewGroup makes a group of branches of the turn that ctx belongs to. It panics with a
// sentence when ctx belongs to no turn, or to one that is over. A turn does not end
// before its branches have, even if nobody calls Wait.
func NewGroup(ctx context.Context) *Group {
	t := turn.From(ctx)
	if t == nil || t.Over() {
		panic("grain: NewGroup needs the context of a turn that is under way: pass on the ctx that the method got")
	}
	g := &Group{turn: t}
	g.ctx, g.cancel = context.WithCancel(ctx)
	return g
}

// Go starts a branch. The first one to return an error, or to panic, cancels the
// context of all. A Group is used up by Wait: a branch started later gets a cancelled
// context. Go panics when the group's turn is over, as the branch would run beside
// the next turn.
func (g *Group) Go(f func(ctx context.Context) error) {
	if g.turn == nil || g.turn.Over() {
		panic("grain: Group.Go needs a group of a turn that is under way: make one with NewGroup in the method that uses it")
	}
	g.wg.Add(1)
	g.turn.Branch(func() {
		defer g.wg.Done()
		failed := true // unless f returns, and returns nil
		defer func() {
			if failed {
				g.cancel()
			}
		}()
		err := f(g.ctx)
		failed = err != nil
		if g.err == nil {
			g.err = err
		}
	})
}

// Wait waits for all branches and returns the first error. A branch's panic goes on in
// the method that waits.
func (g *Group) Wait() error {
	g.turn.Await(g.wg.Wait)
	g.cancel()
	g.turn.Rethrow()
	return g.err
}
