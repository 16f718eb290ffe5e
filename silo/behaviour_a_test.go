package silo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

// Behaviour A1, on one silo.
func TestBehaviourA1OneActivationAKey(t *testing.T) {
	var activations atomic.Int64
	sc := &script{
		onActivate: func(context.Context, *probe) error { activations.Add(1); return nil },
		do: func(context.Context, *probe, string) (string, error) {
			return "", nil
		},
	}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		activations.Store(0)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				for k := range 10 {
					if _, err := do(t.Context(), caller, fmt.Sprint("key-", (i+k)%10), ""); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if activations.Load() != 10 {
			t.Errorf("%d activations of 10 keys", activations.Load())
		}
	})
}

func TestBehaviourA2CallsWaitForOnActivate(t *testing.T) {
	gate, entered := make(chan struct{}, 2), make(chan struct{}, 2)
	sc := &script{onActivate: func(_ context.Context, p *probe) error {
		entered <- struct{}{}
		<-gate
		p.script.note("active")
		return nil
	}}
	sc.do = func(_ context.Context, p *probe, text string) (string, error) {
		p.script.note(text)
		return text, nil
	}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() { mustDo(t, caller, "k", fmt.Sprint(i)) })
			if i == 0 {
				<-entered
			}
			waitFor(t, func() bool { return silo.Waiting(s, "probe.v1.Probe", "k") == i+1 })
		}
		gate <- struct{}{}
		wg.Wait()
		if want := []string{"active", "0", "1", "2", "3", "4"}; !slices.Equal(sc.noted(), want) {
			t.Errorf("got %v, want %v", sc.noted(), want)
		}
	})
}

func TestBehaviourA3FailedActivationTellsWhyAndIsTriedAgain(t *testing.T) {
	var tries atomic.Int64
	sc := &script{onActivate: func(context.Context, *probe) error {
		if tries.Add(1) == 1 {
			return grain.Errorf(grain.CodeFailedPrecondition, "the moon is full")
		}
		return nil
	}}
	sc.do = func(context.Context, *probe, string) (string, error) { return "ok", nil }
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		tries.Store(0)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := do(t.Context(), caller, "k", "")
				if e := wantCode(t, err, grain.CodeFailedPrecondition); !strings.Contains(e.Message(), "the moon is full") || !e.NotExecuted() {
					t.Errorf("got %v, not executed: %v", e, e.NotExecuted())
				}
			})
		}
		wg.Wait()
		if tries.Load() != 1 {
			t.Errorf("20 calls at once made %d tries, want 1", tries.Load())
		}
		waitFor(t, func() bool { got, err := do(t.Context(), caller, "k", ""); return err == nil && got == "ok" })
	})
}

func TestBehaviourA4IdleGrainsLeave(t *testing.T) {
	left := make(chan string, 100)
	hold, holding := make(chan struct{}), make(chan struct{}, 2)
	sc := &script{onDeactivate: func(_ context.Context, p *probe, why grain.DeactivationReason) error {
		if why == grain.DeactivatedIdle {
			left <- p.a.ID().Key
		}
		return nil
	}}
	sc.do = func(_ context.Context, _ *probe, text string) (string, error) {
		if text == "hold" {
			holding <- struct{}{}
			<-hold
		}
		return "", nil
	}
	cfg := silo.Config{IdleAfter: 20 * time.Millisecond, IdleScan: 5 * time.Millisecond}
	fromBothSides(t, cfg, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		done := make(chan struct{})
		go func() { defer close(done); mustDo(t, caller, "busy", "hold") }()
		<-holding
		for range 3 { // long past the busy one's age
			mustDo(t, caller, "idle", "")
			if key := <-left; key != "idle" {
				t.Fatalf("%s was deactivated while it was busy", key)
			}
		}
		hold <- struct{}{}
		<-done
		if key := <-left; key != "busy" {
			t.Fatalf("%s left, want busy", key)
		}
	})
}

func TestBehaviourA5DeactivateOnIdleAndDelay(t *testing.T) {
	left := make(chan grain.DeactivationReason, 10)
	sc := &script{onDeactivate: func(_ context.Context, p *probe, why grain.DeactivationReason) error {
		if p.a.ID().Key != "other" {
			left <- why
		}
		return nil
	}}
	sc.do = func(_ context.Context, p *probe, text string) (string, error) {
		switch text {
		case "leave":
			p.a.DeactivateOnIdle()
		case "stay":
			p.a.DelayDeactivation(time.Hour)
		case "as usual":
			p.a.DelayDeactivation(0)
		}
		return text, nil
	}
	cfg := silo.Config{IdleAfter: 10 * time.Millisecond, IdleScan: 2 * time.Millisecond}
	fromBothSides(t, cfg, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		mustDo(t, caller, "k", "leave")
		if why := <-left; why != grain.DeactivatedByGrain {
			t.Errorf("left: %s", why)
		}
		mustDo(t, caller, "k", "stay")
		for range 3 { // others come and go meanwhile
			mustDo(t, caller, "other", "")
			waitFor(t, func() bool { return silo.Waiting(s, "probe.v1.Probe", "other") < 0 })
		}
		select {
		case why := <-left:
			t.Errorf("left though it asked to stay: %s", why)
		default:
		}
		mustDo(t, caller, "k", "as usual")
		if why := <-left; why != grain.DeactivatedIdle {
			t.Errorf("left: %s", why)
		}
	})
}

// Behaviour A6: what waits for an activation that leaves is answered by its successor.
func TestBehaviourA6QueueGoesToTheSuccessor(t *testing.T) {
	leaving, gate := make(chan struct{}, 2), make(chan struct{}, 2)
	var lives atomic.Int64
	sc := &script{
		onActivate: func(context.Context, *probe) error { lives.Add(1); return nil },
		onDeactivate: func(_ context.Context, _ *probe, why grain.DeactivationReason) error {
			if why == grain.DeactivatedByGrain {
				leaving <- struct{}{}
				<-gate
			}
			return nil
		},
	}
	sc.do = func(_ context.Context, p *probe, text string) (string, error) {
		if text == "leave" {
			p.a.DeactivateOnIdle()
		}
		return fmt.Sprint(lives.Load()), nil
	}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		lives.Store(0)
		mustDo(t, caller, "k", "leave")
		<-leaving
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if life := mustDo(t, caller, "k", ""); life != "2" {
					t.Errorf("answered by life %s", life)
				}
			})
		}
		waitFor(t, func() bool { return silo.Waiting(s, "probe.v1.Probe", "k") == 100 })
		gate <- struct{}{}
		wg.Wait()
	})
}

func TestBehaviourA7OnDeactivateThatFailsOrHangsIsAbandoned(t *testing.T) {
	forever := make(chan struct{})
	sc := &script{onDeactivate: func(_ context.Context, p *probe, why grain.DeactivationReason) error {
		if why != grain.DeactivatedByGrain {
			return nil
		}
		if p.a.ID().Key == "fails" {
			return errors.New("no")
		}
		<-forever
		return nil
	}}
	sc.do = func(_ context.Context, p *probe, text string) (string, error) {
		if text == "leave" {
			p.a.DeactivateOnIdle()
		}
		return "ok", nil
	}
	cfg := silo.Config{HookTimeout: 50 * time.Millisecond}
	for _, key := range []string{"fails", "hangs"} {
		t.Run(key, func(t *testing.T) {
			cfg := cfg
			cfg.Grains = []grain.Kind{sc.kind()}
			s := start(t, cfg)
			if key == "hangs" {
				t.Cleanup(func() { close(forever) }) // before Stop, which would have to name it
			}
			mustDo(t, s, key, "leave")
			if got := mustDo(t, s, key, ""); got != "ok" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestBehaviourA8UnknownTypeIsToldAtOnce(t *testing.T) {
	s := start(t, silo.Config{})
	for name, caller := range map[string]grain.Caller{"local": s, "remote": connect(t, s)} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			_, err := do(ctx, caller, "k", "")
			e := wantCode(t, err, grain.CodeUnimplemented)
			if !strings.Contains(e.Message(), "probe.v1.Probe") || !e.NotExecuted() {
				t.Errorf("got %v, not executed: %v", e, e.NotExecuted())
			}
		})
	}
}

func TestBehaviourA9AtTheCapTheColdestLeave(t *testing.T) {
	gate, held := make(chan struct{}), make(chan struct{}, 10)
	sc := &script{onDeactivate: func(_ context.Context, p *probe, why grain.DeactivationReason) error {
		if why == grain.DeactivatedForRoom {
			p.script.note(p.a.ID().Key)
		}
		return nil
	}}
	sc.do = func(_ context.Context, _ *probe, text string) (string, error) {
		if text == "hold" {
			held <- struct{}{}
			<-gate
		}
		return "", nil
	}
	caps := map[string]struct {
		cfg  silo.Config
		opts []grain.KindOption
	}{
		"of the silo": {cfg: silo.Config{MaxActivations: 3}},
		"of the type": {opts: []grain.KindOption{grain.MaxActivations(3)}},
	}
	for name, limit := range caps {
		t.Run(name, func(t *testing.T) {
			fromBothSides(t, limit.cfg, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
				for _, key := range []string{"a", "b", "c", "a", "d"} { // b is the coldest
					mustDo(t, caller, key, "")
					waitFor(t, func() bool { return silo.Idle(s, probeType, key) })
				}
				waitFor(t, func() bool { return slices.Equal(sc.noted(), []string{"b"}) })
				var wg sync.WaitGroup
				for _, key := range []string{"x", "y", "z"} {
					wg.Go(func() { mustDo(t, caller, key, "hold") })
				}
				for range 3 {
					<-held
				}
				_, err := do(t.Context(), caller, "one too many", "")
				if e := wantCode(t, err, grain.CodeResourceExhausted); !e.NotExecuted() || len(e.Details()) == 0 {
					t.Errorf("got %v: not executed %v, %d details", e, e.NotExecuted(), len(e.Details()))
				}
				for range 3 {
					gate <- struct{}{}
				}
				wg.Wait()
				mustDo(t, caller, "one too many", "")
			}, limit.opts...)
		})
	}
}
