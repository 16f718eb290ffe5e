package silo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/silo"
)

// ledger is a script whose texts are amounts to add; "" adds nothing. Each answers the
// grain's life and what is in memory, as "LIFE COUNT".
func ledger() *script {
	var mu sync.Mutex
	lives := map[string]int{}
	return &script{
		onActivate: func(_ context.Context, p *probe) error {
			mu.Lock()
			defer mu.Unlock()
			lives[p.a.ID().Key]++
			return nil
		},
		do: func(ctx context.Context, p *probe, text string) (string, error) {
			if text != "" {
				n, err := strconv.ParseInt(text, 10, 64)
				if err != nil {
					return "", err
				}
				if err := p.add(ctx, n); err != nil {
					return "", err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			return fmt.Sprint(lives[p.a.ID().Key], p.state.Value().GetCount()), nil
		},
	}
}

// onBothSides is fromBothSides with a ledger, and with a brittle store for each side.
func onBothSides(t *testing.T, test func(t *testing.T, caller grain.Caller, store *brittle)) {
	t.Helper()
	for _, side := range []string{"local", "remote"} {
		t.Run(side, func(t *testing.T) {
			store := newBrittle()
			s := start(t, silo.Config{Store: store, Grains: []grain.Kind{ledger().kind()}})
			var caller grain.Caller = s
			if side == "remote" {
				caller = connect(t, s)
			}
			test(t, caller, store)
		})
	}
}

func wantText(t *testing.T, caller grain.Caller, key, text, want string) {
	t.Helper()
	if got := mustDo(t, caller, key, text); got != want {
		t.Errorf("Do(%q) of %s: got %q, want %q", text, key, got, want)
	}
}

func TestBehaviourD1StateIsLoadedBeforeOnActivate(t *testing.T) {
	sc := &script{onActivate: func(_ context.Context, p *probe) error {
		p.script.note(fmt.Sprint(p.a.ID().Key, " ", p.state.Value().GetCount()))
		return nil
	}}
	sc.do = func(ctx context.Context, p *probe, text string) (string, error) {
		if text == "leave" {
			p.a.DeactivateOnIdle()
			return "", p.add(ctx, 7)
		}
		return fmt.Sprint(p.state.Value()), nil
	}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		if got := mustDo(t, caller, "new", ""); got != fmt.Sprint(new(probev1.ProbeState)) {
			t.Errorf("no record: the state is %s, want the zero message", got)
		}
		mustDo(t, caller, "old", "leave")
		waitFor(t, func() bool { return silo.Waiting(s, probeType, "old") < 0 })
		mustDo(t, caller, "old", "")
		if got, want := fmt.Sprint(sc.noted()), "[new 0 old 0 old 7]"; got != want {
			t.Errorf("OnActivate saw %s, want %s", got, want)
		}
	})
}

// Behaviour D2: the store refuses for sure.
func TestBehaviourD2ARefusedCommitChangesNothing(t *testing.T) {
	refusals := map[error]grain.Code{
		persistence.ErrFull:            grain.CodeResourceExhausted,
		persistence.ErrTooLarge:        grain.CodeResourceExhausted,
		errors.New("the disk is gone"): grain.CodeUnavailable,
	}
	onBothSides(t, func(t *testing.T, caller grain.Caller, store *brittle) {
		wantText(t, caller, "k", "5", "1 5")
		before := stored(t, store, "k")
		for refusal, code := range refusals {
			store.on(func(context.Context, string, persistence.Key, func() error) error { return refusal })
			_, err := do(t.Context(), caller, "k", "3")
			if e := wantCode(t, err, code); e.NotExecuted() || !strings.Contains(e.Message(), probeType+"/k") {
				t.Errorf("%v: %v, not executed: %v", refusal, e, e.NotExecuted())
			}
			wantText(t, caller, "k", "", "1 5") // the same life, the same memory
		}
		store.on(nil)
		if after := stored(t, store, "k"); after.Revision != before.Revision || !bytes.Equal(after.Value, before.Value) {
			t.Errorf("the record changed: %v, then %v", before, after)
		}
		wantText(t, caller, "k", "3", "1 8")
	})
}

// Behaviour D2: the function of Update fails, or panics, half-way through a change.
func TestBehaviourD2AFailedFunctionLeavesNothingBehind(t *testing.T) {
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		err := p.state.Update(ctx, func(s *probev1.ProbeState) error {
			s.Count, s.Text = s.GetCount()+1, text
			switch text {
			case "fails":
				return grain.Errorf(grain.CodeOutOfRange, "changed its mind")
			case "panics":
				panic("half-way")
			}
			return nil
		})
		return fmt.Sprint(p.state.Value().GetCount(), " ", p.state.Value().GetText()), err
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		wantText(t, caller, "k", "first", "1 first")
		_, err := do(t.Context(), caller, "k", "fails")
		if e := wantCode(t, err, grain.CodeOutOfRange); e.Message() != "changed its mind" {
			t.Errorf("got %v", e)
		}
		wantText(t, caller, "k", "second", "2 second")
		_, err = do(t.Context(), caller, "k", "panics")
		wantCode(t, err, grain.CodeInternal)
		wantText(t, caller, "k", "third", "3 third")
	})
}

func TestBehaviourD3UnknownOutcomeEndsTheActivation(t *testing.T) {
	outcomes := map[string]struct {
		happens bool
		next    string
	}{
		"it did happen":     {true, "2 8"},
		"it did not happen": {false, "2 5"},
	}
	for name, c := range outcomes {
		t.Run(name, func(t *testing.T) {
			onBothSides(t, func(t *testing.T, caller grain.Caller, store *brittle) {
				wantText(t, caller, "k", "5", "1 5")
				wantText(t, caller, "other", "1", "1 1")
				store.on(func(_ context.Context, _ string, _ persistence.Key, do func() error) error {
					if c.happens {
						if err := do(); err != nil {
							return err
						}
					}
					return fmt.Errorf("commit: %w", persistence.ErrUnknownOutcome)
				})
				_, err := do(t.Context(), caller, "k", "3")
				if e := wantCode(t, err, grain.CodeMaybeExecuted); e.NotExecuted() {
					t.Errorf("%v promises that nothing was executed", e)
				}
				store.on(nil)
				wantText(t, caller, "k", "", c.next)
				wantText(t, caller, "other", "1", "1 2")
			})
		})
	}
}

// Behaviour D3, with a store that does not answer until the call's time is over.
func TestBehaviourD3AStoreThatTimesOut(t *testing.T) {
	onBothSides(t, func(t *testing.T, caller grain.Caller, store *brittle) {
		wantText(t, caller, "k", "5", "1 5")
		store.on(func(ctx context.Context, _ string, _ persistence.Key, do func() error) error {
			<-ctx.Done()
			return errors.Join(persistence.ErrUnknownOutcome, ctx.Err())
		})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, err := do(ctx, caller, "k", "3")
		if e, code := err, grain.CodeOf(err); code != grain.CodeDeadlineExceeded && code != grain.CodeMaybeExecuted {
			t.Errorf("got %v", e)
		}
		waitFor(t, func() bool { // whatever loads before the store is well again fails
			store.on(nil)
			got, err := do(t.Context(), caller, "k", "")
			return err == nil && got == "2 5"
		})
	})
}

// Behaviour D3: a turn that goes on after an unknown outcome may not write again, since
// what it would write comes from a memory that may be wrong.
func TestBehaviourD3NoSecondCommitInTheTurn(t *testing.T) {
	for _, side := range []string{"local", "remote"} {
		t.Run(side, func(t *testing.T) {
			store := newBrittle()
			sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
				if text == "read" {
					return fmt.Sprint(p.state.Value().GetCount()), nil
				}
				store.on(func(context.Context, string, persistence.Key, func() error) error {
					return persistence.ErrUnknownOutcome
				})
				first := p.add(ctx, 1)
				store.on(nil)
				return fmt.Sprint(grain.CodeOf(first), " ", grain.CodeOf(p.add(ctx, 10))), nil
			}}
			s := start(t, silo.Config{Store: store, Grains: []grain.Kind{sc.kind()}})
			var caller grain.Caller = s
			if side == "remote" {
				caller = connect(t, s)
			}
			wantText(t, caller, "k", "twice", "MAYBE_EXECUTED ABORTED")
			wantText(t, caller, "k", "read", "0")
		})
	}
}

func TestBehaviourD4AStaleRevisionEndsOnlyThatActivation(t *testing.T) {
	onBothSides(t, func(t *testing.T, caller grain.Caller, store *brittle) {
		wantText(t, caller, "k", "5", "1 5")
		wantText(t, caller, "other", "1", "1 1")
		overwrite(t, store, firstFence(), "k", sealed(t, 100))
		_, err := do(t.Context(), caller, "k", "3")
		if e := wantCode(t, err, grain.CodeAborted); e.NotExecuted() || !strings.Contains(e.Message(), probeType+"/k") {
			t.Errorf("%v, not executed: %v", e, e.NotExecuted())
		}
		wantText(t, caller, "k", "3", "2 103")
		wantText(t, caller, "other", "1", "1 2")
	})
}

// Behaviour D4: a commit that a newer owner's fence refuses. The view still has the shard
// as this silo's, so that the silo cannot be who it takes itself for: it goes on as a new
// incarnation, with what is stored.
func TestBehaviourD4AStaleFenceEndsTheIncarnation(t *testing.T) {
	for _, side := range []string{"local", "remote"} {
		t.Run(side, func(t *testing.T) {
			store := newBrittle()
			s := start(t, silo.Config{Store: store, Grains: []grain.Kind{ledger().kind()}})
			var caller grain.Caller = s
			if side == "remote" {
				caller = connect(t, s)
			}
			wantText(t, caller, "k", "5", "1 5")
			newer := firstFence()
			newer.Since++
			overwrite(t, store, newer, "k", sealed(t, 100))
			_, err := do(t.Context(), caller, "k", "3")
			wantCode(t, err, grain.CodeAborted)
			if got := stored(t, store, "k"); !bytes.Equal(got.Value, sealed(t, 100)) {
				t.Errorf("the newer owner's record was overwritten: %q", got.Value)
			}
			waitFor(t, func() bool { return silo.Rejoins(s) == 1 })
			waitFor(t, func() bool {
				got, err := do(t.Context(), caller, "k", "3")
				return err == nil && strings.HasSuffix(got, " 103")
			})
		})
	}
}

func TestBehaviourD7AStoreThatIsDownIsToldAtOnce(t *testing.T) {
	onBothSides(t, func(t *testing.T, caller grain.Caller, store *brittle) {
		wantText(t, caller, "k", "5", "1 5")
		store.on(func(context.Context, string, persistence.Key, func() error) error {
			return errors.New("connection refused")
		})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := do(ctx, caller, "cold", "")
		if e := wantCode(t, err, grain.CodeUnavailable); !e.NotExecuted() {
			t.Errorf("%v: it does not promise that nothing was executed", e)
		}
		_, err = do(t.Context(), caller, "k", "3")
		if e := wantCode(t, err, grain.CodeUnavailable); e.NotExecuted() {
			t.Errorf("%v promises that nothing was executed", e)
		}
		wantText(t, caller, "k", "", "1 5") // what is in memory is served
		store.on(nil)
		wantText(t, caller, "k", "3", "1 8")
		waitFor(t, func() bool { _, err := do(t.Context(), caller, "cold", ""); return err == nil })
	})
}

func TestBehaviourD9ARecordThatCannotBeReadIsKept(t *testing.T) {
	whole := sealed(t, 5)
	half := append([]byte(nil), whole[:len(whole)-1]...)
	for name, value := range map[string][]byte{
		"empty":     {},
		"garbage":   []byte("not a record of this framework"),
		"cut short": half,
		"bad proto": persistence.Envelope{Codec: persistence.CodecProto, Schema: "probe.v1.ProbeState", Data: []byte{0xff}}.Seal(nil),
		"of another type": persistence.Envelope{
			Codec: persistence.CodecProto, Schema: "bank.v1.AccountState", Data: []byte{8, 5},
		}.Seal(nil),
	} {
		t.Run(name, func(t *testing.T) {
			onBothSides(t, func(t *testing.T, caller grain.Caller, store *brittle) {
				overwrite(t, store, persistence.Fence{}, "k", value)
				wantText(t, caller, "other", "1", "1 1")
				for range 2 { // now, and from the record of the failure
					_, err := do(t.Context(), caller, "k", "1")
					if e := wantCode(t, err, grain.CodeDataLoss); !strings.Contains(e.Message(), probeType+"/k") || !e.NotExecuted() {
						t.Errorf("%v, not executed: %v", e, e.NotExecuted())
					}
				}
				if got := stored(t, store, "k"); !bytes.Equal(got.Value, value) {
					t.Errorf("the record was not kept: %q", got.Value)
				}
				wantText(t, caller, "other", "1", "1 2")
			})
		})
	}
}

// Behaviour D9, where the store itself finds the damage.
func TestBehaviourD9ADamageThatTheStoreFinds(t *testing.T) {
	onBothSides(t, func(t *testing.T, caller grain.Caller, store *brittle) {
		store.on(func(_ context.Context, op string, key persistence.Key, do func() error) error {
			if op == "load" && key.Grain == "k" {
				return fmt.Errorf("load: %w", persistence.ErrCorrupt)
			}
			return do()
		})
		_, err := do(t.Context(), caller, "k", "1")
		if e := wantCode(t, err, grain.CodeDataLoss); !strings.Contains(e.Message(), probeType+"/k") {
			t.Errorf("%v does not name the grain", e)
		}
		_, err = probev1teff.ProbeOf(caller, "k").Look(t.Context(), &probev1.LookRequest{})
		wantCode(t, err, grain.CodeDataLoss)
	})
}
