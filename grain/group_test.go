package grain_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
)

// slow makes the account answer after d, in virtual time.
func slow(h *graintest.Harness[*counter], key string, d time.Duration) {
	h.Answer("bank.v1.Account/"+key, "Balance", func(proto.Message) (proto.Message, error) {
		<-time.After(d)
		return &bankv1.BalanceResponse{Balance: 1}, nil
	})
}

// Behaviour B12. The fields that the branches share have no lock: the race detector
// would tell if their code overlapped, and so does inside.
func TestBehaviourB12BranchesCallsOverlapAndTheirCodeNeverDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const branches, each = 8, 5
		h := harness(t)
		slow(h, "bob", 20*time.Millisecond)
		inside, overlaps, total := false, 0, int64(0)
		code := func() {
			if inside {
				overlaps++
			}
			inside = true
			for range 100 {
				total++
			}
			inside = false
		}
		start := time.Now()
		h.Run(func(ctx context.Context) {
			group := grain.NewGroup(ctx)
			for range branches {
				group.Go(func(ctx context.Context) error {
					for range each {
						code()
						if _, err := h.Grain.balance(ctx, "bob"); err != nil {
							return err
						}
						code()
					}
					return nil
				})
			}
			code()
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
			code()
		})
		if want := int64(100 * (2*branches*each + 2)); total != want || overlaps != 0 {
			t.Errorf("counted %d with %d overlaps, want %d and none", total, overlaps, want)
		}
		if took, want := time.Since(start), each*20*time.Millisecond; took != want {
			t.Errorf("%d calls of 20 ms after each other, %d at a time, took %v; want %v", each, branches, took, want)
		}
	})
}

// The method's own calls give way to branches, too.
func TestBehaviourB12TheMethodMayCallBesideItsBranches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := harness(t)
		slow(h, "bob", 20*time.Millisecond)
		start := time.Now()
		h.Run(func(ctx context.Context) {
			group := grain.NewGroup(ctx)
			group.Go(func(ctx context.Context) error { _, err := h.Grain.balance(ctx, "bob"); return err })
			_, err := h.Grain.balance(ctx, "bob")
			if err := errors.Join(err, group.Wait()); err != nil {
				t.Error(err)
			}
		})
		if took := time.Since(start); took != 20*time.Millisecond {
			t.Errorf("took %v, want both calls in 20 ms", took)
		}
	})
}

func TestTheFirstErrorOfABranchCancelsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := harness(t)
		slow(h, "slow", time.Millisecond)
		first := errors.New("first")
		var seen error
		h.Run(func(ctx context.Context) {
			group := grain.NewGroup(ctx)
			group.Go(func(ctx context.Context) error {
				for { // until it is cancelled
					if _, err := h.Grain.balance(ctx, "slow"); err != nil {
						seen = err
						return err
					}
				}
			})
			group.Go(func(ctx context.Context) error {
				_, err := h.Grain.balance(ctx, "slow")
				return errors.Join(err, first)
			})
			if err := group.Wait(); !errors.Is(err, first) || errors.Is(err, grain.CodeCancelled) {
				t.Errorf("Wait returns %v, want the first error", err)
			}
			if ctx.Err() != nil {
				t.Errorf("the turn itself was cancelled: %v", ctx.Err())
			}
		})
		if !errors.Is(seen, grain.CodeCancelled) {
			t.Errorf("the other branch got %v, want CANCELLED", seen)
		}
	})
}

func TestABranchsPanicGoesOnInWaitAndCancelsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := harness(t)
		slow(h, "slow", time.Millisecond)
		var panicked any
		var seen error
		h.Run(func(ctx context.Context) {
			defer func() { panicked = recover() }()
			group := grain.NewGroup(ctx)
			group.Go(func(ctx context.Context) error {
				for { // until it is cancelled
					if _, err := h.Grain.balance(ctx, "slow"); err != nil {
						seen = err
						return err
					}
				}
			})
			group.Go(func(context.Context) error { panic("boom") })
			_ = group.Wait()
			t.Error("Wait returned")
		})
		if fmt.Sprint(panicked) != "boom" || !errors.Is(seen, grain.CodeCancelled) {
			t.Errorf("the method panicked with %v, and the other branch got %v; want boom and CANCELLED", panicked, seen)
		}
	})
}

// A turn ends after its branches, even if the method does not wait for them.
func TestAMethodThatReturnsWithoutWaitIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := harness(t)
		slow(h, "bob", 20*time.Millisecond)
		done := 0
		h.Run(func(ctx context.Context) {
			group := grain.NewGroup(ctx)
			for range 3 {
				group.Go(func(ctx context.Context) error {
					_, err := h.Grain.balance(ctx, "bob")
					if err == nil {
						done++
					}
					return err
				})
			}
		})
		if done != 3 {
			t.Errorf("%d of 3 branches were done when the turn was over", done)
		}
	})
}

func TestGroupsNest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := harness(t)
		slow(h, "bob", 20*time.Millisecond)
		start, total := time.Now(), int64(0)
		h.Run(func(ctx context.Context) {
			outer := grain.NewGroup(ctx)
			for range 3 {
				outer.Go(func(ctx context.Context) error {
					inner := grain.NewGroup(ctx)
					for range 3 {
						inner.Go(func(ctx context.Context) error {
							n, err := h.Grain.balance(ctx, "bob")
							total += n
							return err
						})
					}
					return inner.Wait()
				})
			}
			if err := outer.Wait(); err != nil {
				t.Error(err)
			}
		})
		if took := time.Since(start); took != 20*time.Millisecond || total != 9 {
			t.Errorf("took %v and counted %d, want 20 ms and 9", took, total)
		}
	})
}

func TestBranchesMayUpdateOneAfterTheOther(t *testing.T) {
	h := harness(t, "bob")
	h.Run(func(ctx context.Context) {
		group := grain.NewGroup(ctx)
		for range 5 {
			group.Go(func(ctx context.Context) error {
				n, err := h.Grain.balance(ctx, "bob")
				return errors.Join(err, h.Grain.add(ctx, n))
			})
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
	if got := h.Grain.state.Value().GetValue(); got != 15 {
		t.Errorf("the state is %d, want 15", got)
	}
}

// sentenceOf returns what f panics with.
func sentenceOf(f func()) (sentence string) {
	defer func() { sentence, _ = recover().(string) }()
	f()
	return ""
}

func TestMisuseOfGroupsPanicsWithASentence(t *testing.T) {
	h := harness(t)
	over := h.Turn()
	kept := grain.NewGroup(over)
	h.Turn()
	nothing := func(context.Context) error { return nil }
	for name, f := range map[string]func(){
		"no turn":                 func() { grain.NewGroup(context.Background()) },
		"turn over":               func() { grain.NewGroup(over) },
		"group kept over its end": func() { kept.Go(nothing) },
		"zero group":              func() { new(grain.Group).Go(nothing) },
	} {
		if got := sentenceOf(f); !strings.Contains(got, "a turn that is under way") {
			t.Errorf("%s: panics with %q", name, got)
		}
	}
}

func TestABranchAfterWaitIsCancelled(t *testing.T) {
	h := harness(t, "bob")
	h.Run(func(ctx context.Context) {
		group := grain.NewGroup(ctx)
		if err := group.Wait(); err != nil {
			t.Errorf("a group without branches: %v", err)
		}
		group.Go(func(ctx context.Context) error { _, err := h.Grain.balance(ctx, "bob"); return err })
		if err := group.Wait(); !errors.Is(err, grain.CodeCancelled) {
			t.Errorf("got %v, want CANCELLED", err)
		}
	})
}

func TestGroupsLeaveNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	h := harness(t, "bob")
	h.Run(func(ctx context.Context) {
		for range 3 {
			group := grain.NewGroup(ctx)
			for range 3 {
				group.Go(func(ctx context.Context) error { _, err := h.Grain.balance(ctx, "bob"); return err })
			}
		}
	})
}
