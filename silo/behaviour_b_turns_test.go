package silo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

// fault is what a method does that its author did not mean.
func fault(ctx context.Context, p *probe, how string) error {
	switch how {
	case "panics":
		panic("the secret of the method")
	case "writes to a nil map":
		var none map[string]int
		none["the secret"]++ //nolint:staticcheck // that is the point
	case "panics in a branch":
		group := grain.NewGroup(ctx)
		group.Go(func(context.Context) error { panic("the secret of the branch") })
		return group.Wait()
	case "panics in a branch that nobody waits for":
		grain.NewGroup(ctx).Go(func(context.Context) error { panic("the secret of the branch") })
	case "panics in Update":
		return p.state.Update(ctx, func(*probev1.ProbeState) error { panic("the secret of the function") })
	}
	return nil
}

func TestBehaviourB9APanicEndsTheActivationAndNothingElse(t *testing.T) {
	var lives atomic.Int64
	left := make(chan grain.DeactivationReason, 1)
	sc := &script{
		onActivate: func(context.Context, *probe) error { lives.Add(1); return nil },
		onDeactivate: func(_ context.Context, p *probe, why grain.DeactivationReason) error {
			if p.a.ID().Key == "k" && why != grain.DeactivatedSiloStopping {
				left <- why
			}
			return nil
		},
	}
	sc.do = func(ctx context.Context, p *probe, how string) (string, error) { return how, fault(ctx, p, how) }
	log := new(logged)
	fromBothSides(t, silo.Config{Logger: log.logger()}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		mustDo(t, caller, "other", "")
		for i, how := range []string{"panics", "writes to a nil map", "panics in a branch", "panics in a branch that nobody waits for", "panics in Update"} {
			mustDo(t, caller, "k", "")
			before := lives.Load()
			_, err := do(t.Context(), caller, "k", how)
			if e := wantCode(t, err, grain.CodeInternal); strings.Contains(e.Message(), "secret") || e.NotExecuted() {
				t.Errorf("a method that %s: %v, not executed: %v", how, e, e.NotExecuted())
			}
			if why := <-left; why != grain.DeactivatedAfterFault {
				t.Errorf("a method that %s: it left %s", how, why)
			}
			mustDo(t, caller, "k", "")
			mustDo(t, caller, "other", "")
			if more := lives.Load() - before; more != 1 || silo.Panics(s) != int64(i+1) {
				t.Errorf("a method that %s: %d new activations, %d panics; want 1 and %d", how, more, silo.Panics(s), i+1)
			}
		}
		if !log.has("panic in", "the secret of the method", "behaviour_b_turns_test.go") {
			t.Errorf("no stack in the log: %s", log)
		}
	})
}

// Behaviour B9, in the hooks: the process lives, and the grain is usable again.
func TestBehaviourB9HooksMayPanic(t *testing.T) {
	var once sync.Once
	sc := &script{
		onActivate: func(context.Context, *probe) error {
			once.Do(func() { panic("the secret of OnActivate") })
			return nil
		},
		onDeactivate: func(context.Context, *probe, grain.DeactivationReason) error { panic("in OnDeactivate") },
	}
	sc.do = func(_ context.Context, p *probe, text string) (string, error) {
		p.a.DeactivateOnIdle()
		return text, nil
	}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		once = sync.Once{}
		_, err := do(t.Context(), caller, "k", "")
		if e := wantCode(t, err, grain.CodeInternal); strings.Contains(e.Message(), "secret") || !e.NotExecuted() {
			t.Errorf("got %v, not executed: %v", e, e.NotExecuted())
		}
		waitFor(t, func() bool { _, err := do(t.Context(), caller, "k", ""); return err == nil })
		waitFor(t, func() bool { return silo.Panics(s) >= 2 })
		mustDo(t, caller, "k", "")
	})
}

// Behaviour B9, for functions given to Go: one that panics, and those that wait when an
// activation ends by a fault, which are lost with it, and harm nobody.
func TestBehaviourB9WhatWasGivenToGoIsLostWithTheActivation(t *testing.T) {
	sc := &script{}
	sc.do = func(_ context.Context, p *probe, text string) (string, error) {
		if text != "fault" {
			return text, nil
		}
		err := p.a.Go(func(context.Context) error { panic("in a function") })
		for range 3 {
			if err == nil {
				err = p.a.Go(func(context.Context) error { p.script.note("ran"); return nil })
			}
		}
		return text, err
	}
	log := new(logged)
	fromBothSides(t, silo.Config{Logger: log.logger()}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		mustDo(t, caller, "k", "fault")
		waitFor(t, func() bool { return silo.Panics(s) == 1 })
		if got := mustDo(t, caller, "k", "next"); got != "next" || len(sc.noted()) > 0 {
			t.Errorf("answered %q; of the lost functions %d ran", got, len(sc.noted()))
		}
		waitFor(t, func() bool { return log.has("a function given to Go never ran", probeType+"/k") })
	})
}

// Behaviour B9: what was given to Go by an activation that then fails is lost as well.
func TestBehaviourB9GoFromAFailingOnActivate(t *testing.T) {
	sc := &script{do: func(_ context.Context, _ *probe, text string) (string, error) { return text, nil }}
	var tries atomic.Int64
	sc.onActivate = func(_ context.Context, p *probe) error {
		if tries.Add(1) > 1 {
			return nil
		}
		if err := p.a.Go(func(context.Context) error { p.script.note("ran"); return nil }); err != nil {
			return err
		}
		return grain.Errorf(grain.CodeFailedPrecondition, "not today")
	}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		tries.Store(0)
		_, err := do(t.Context(), caller, "k", "")
		wantCode(t, err, grain.CodeFailedPrecondition)
		waitFor(t, func() bool { got, err := do(t.Context(), caller, "k", "ok"); return err == nil && got == "ok" })
		if len(sc.noted()) > 0 {
			t.Error("a function of an activation that never was has run")
		}
	})
}

func TestBehaviourB10BlockedGrainsHoldUpNobody(t *testing.T) {
	const blocked, others = 300, 300
	gate := make(chan struct{})
	sc := &script{do: func(_ context.Context, _ *probe, text string) (string, error) {
		if text == "block" {
			<-gate
		}
		return text, nil
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		var stuck, rest sync.WaitGroup
		for i := range blocked {
			stuck.Go(func() { mustDo(t, caller, fmt.Sprint("stuck-", i), "block") })
		}
		waitFor(t, func() bool {
			n := 0
			for i := range blocked {
				if silo.Running(s, probeType, fmt.Sprint("stuck-", i)) {
					n++
				}
			}
			return n == blocked
		})
		for i := range others {
			rest.Go(func() {
				for range 3 {
					mustDo(t, caller, fmt.Sprint("free-", i), "")
				}
			})
		}
		rest.Wait()
		for range blocked {
			gate <- struct{}{}
		}
		stuck.Wait()
	})
}

func TestBehaviourB12BranchesOverlapAndTheirCodeDoesNot(t *testing.T) {
	const branches = 20
	var inside atomic.Int64
	arrived, gate := make(chan struct{}, branches), make(chan struct{})
	sc := &script{}
	fanOut := func(ctx context.Context, p *probe) error {
		group := grain.NewGroup(ctx)
		for i := range branches {
			group.Go(func(ctx context.Context) error {
				if inside.Add(1) != 1 {
					p.script.note("overlap before a call")
				}
				inside.Add(-1)
				_, err := do(ctx, p.a, fmt.Sprint("leaf-", i), "leaf")
				if inside.Add(1) != 1 {
					p.script.note("overlap after a call")
				}
				inside.Add(-1)
				return err
			})
		}
		return group.Wait()
	}
	sc.do = func(ctx context.Context, p *probe, text string) (string, error) {
		switch text {
		case "leaf":
			arrived <- struct{}{}
			<-gate
			return text, nil
		case "root":
			err := fanOut(ctx, p)
			p.script.note("root ends")
			return text, err
		default:
			p.script.note(text)
			return text, nil
		}
	}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		var wg sync.WaitGroup
		wg.Go(func() { mustDo(t, caller, "root", "root") })
		for range branches { // all of the calls are under way at once
			<-arrived
		}
		wg.Go(func() { mustDo(t, caller, "root", "another turn") })
		waitFor(t, func() bool { return silo.Waiting(s, probeType, "root") == 2 })
		for range branches {
			gate <- struct{}{}
		}
		wg.Wait()
		if want := []string{"root ends", "another turn"}; !slices.Equal(sc.noted(), want) {
			t.Errorf("got %v, want %v", sc.noted(), want)
		}
	})
}

func TestBehaviourB13AForeignOrFinishedContextIsRefused(t *testing.T) {
	var kept, foreign context.Context
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		var use context.Context
		switch text {
		case "keep":
			kept = ctx
			return "", nil
		case "lend":
			foreign = ctx
			return do(ctx, p.a, "borrower", "foreign")
		case "kept":
			use = kept
		case "derived":
			use = context.WithoutCancel(kept)
		case "foreign":
			use = foreign
		case "none":
			use = context.Background()
		default:
			p.script.note("reached " + text)
			return "", nil
		}
		if err := p.add(use, 1); grain.CodeOf(err) != grain.CodeFailedPrecondition {
			return "", fmt.Errorf("the update: %w", err)
		}
		return do(use, p.a, "callee", text+" context")
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		mustDo(t, caller, "borrower", "keep")
		for text, key := range map[string]string{"kept": "borrower", "derived": "borrower", "none": "borrower", "lend": "lender"} {
			_, err := do(t.Context(), caller, key, text)
			if e := wantCode(t, err, grain.CodeFailedPrecondition); !strings.Contains(e.Message(), probeType+"/borrower cannot call") {
				t.Errorf("%s: %v", text, e)
			}
		}
		if len(sc.noted()) > 0 {
			t.Errorf("refused calls ran: %v", sc.noted())
		}
		look, err := probev1teff.ProbeOf(caller, "borrower").Look(t.Context(), &probev1.LookRequest{})
		if err != nil || look.GetNumber() != 0 {
			t.Errorf("the state is %d (%v): a refused update took effect", look.GetNumber(), err)
		}
	})
}
