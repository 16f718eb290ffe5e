package silo_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

func TestBehaviourF1CancelledBeforeSending(t *testing.T) {
	sc := &script{do: func(_ context.Context, p *probe, _ string) (string, error) { p.script.note("ran"); return "", nil }}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := do(ctx, caller, "k", "")
		if e := wantCode(t, err, grain.CodeCancelled); !e.NotExecuted() {
			t.Errorf("%v does not promise that nothing was executed", e)
		}
		err = probev1teff.ProbeOf(caller, "k").Tell(ctx, &probev1.TellRequest{})
		if e := wantCode(t, err, grain.CodeCancelled); !e.NotExecuted() {
			t.Errorf("one-way: %v does not promise that nothing was executed", e)
		}
		past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		_, err = do(past, caller, "k", "")
		if e := wantCode(t, err, grain.CodeDeadlineExceeded); !e.NotExecuted() {
			t.Errorf("%v does not promise that nothing was executed", e)
		}
		mustDo(t, caller, "k", "") // comes behind whatever was sent
		if got := len(sc.noted()); got != 1 {
			t.Errorf("%d calls ran, want 1", got)
		}
	})
}

func TestBehaviourF1CancelledInTheQueue(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(_ context.Context, p *probe, text string) (string, error) {
		p.script.note(text)
		if text == "hold" {
			<-gate
		}
		return "", nil
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		var wg sync.WaitGroup
		wg.Go(func() { mustDo(t, caller, "k", "hold") })
		waitFor(t, func() bool { return silo.Running(s, probeType, "k") })
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := do(ctx, caller, "k", "given up")
			failed <- err
		}()
		waitFor(t, func() bool { return silo.Waiting(s, probeType, "k") == 2 })
		cancel()
		wantCode(t, <-failed, grain.CodeCancelled)
		waitFor(t, func() bool { return silo.Waiting(s, probeType, "k") == 1 })
		gate <- struct{}{}
		wg.Wait()
		mustDo(t, caller, "k", "next")
		if want := []string{"hold", "next"}; !slices.Equal(sc.noted(), want) {
			t.Errorf("ran %v, want %v", sc.noted(), want)
		}
	})
}

// Behaviour F1: a running method, and the calls that it makes, are cancelled.
func TestBehaviourF1CancelledWhileRunning(t *testing.T) {
	sc := &script{do: func(ctx context.Context, p *probe, path string) (string, error) {
		if path == "wait" {
			p.script.note("waits")
			<-ctx.Done()
			p.script.note(fmt.Sprint(p.a.ID().Key, " ", ctx.Err()))
			return "", ctx.Err()
		}
		key, rest, _ := strings.Cut(path, " ")
		if rest, ok := strings.CutPrefix(rest, "derived "); ok {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			got, err := do(ctx, p.a, key, rest)
			p.script.note(fmt.Sprint(p.a.ID().Key, " ", grain.CodeOf(err)))
			return got, err
		}
		got, err := do(ctx, p.a, key, rest)
		p.script.note(fmt.Sprint(p.a.ID().Key, " ", grain.CodeOf(err)))
		return got, err
	}}
	paths := map[string][]string{
		"wait":             {"a context canceled"},
		"b wait":           {"a CANCELLED", "b context canceled"},
		"b c wait":         {"a CANCELLED", "b CANCELLED", "c context canceled"},
		"b derived wait":   {"a CANCELLED", "b context canceled"},
		"b c derived wait": {"a CANCELLED", "b CANCELLED", "c context canceled"},
	}
	for path, want := range paths {
		t.Run(path, func(t *testing.T) {
			fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
				ctx, cancel := context.WithCancel(t.Context())
				failed := make(chan error)
				go func() {
					_, err := do(ctx, caller, "a", path)
					failed <- err
				}()
				waitFor(t, func() bool { return len(sc.noted()) == 1 })
				cancel()
				if e := wantCode(t, <-failed, grain.CodeCancelled); e.NotExecuted() {
					t.Errorf("%v promises that nothing was executed", e)
				}
				waitFor(t, func() bool { return len(sc.noted()) == len(want)+1 })
				got := sc.noted()[1:]
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
				for _, key := range []string{"a", "b", "c"} { // all are free again
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
					_, err := do(ctx, caller, key, "wait")
					cancel()
					wantCode(t, err, grain.CodeDeadlineExceeded)
				}
			})
		})
	}
}

func TestBehaviourF2RemainingTimeTravels(t *testing.T) {
	var mu sync.Mutex
	var seen []time.Time
	take := func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		all := seen
		seen = nil
		return all
	}
	sc := &script{do: func(ctx context.Context, p *probe, path string) (string, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			return "", grain.Errorf(grain.CodeInternal, "a turn without a deadline")
		}
		mu.Lock()
		seen = append(seen, deadline)
		mu.Unlock()
		if path == "short" {
			short, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			return do(short, p.a, "next", "")
		}
		if path == "" {
			return "", nil
		}
		return walk(ctx, p, path)
	}}
	// A deadline crosses the wire as the time that is left, and ages on the way.
	const slack = 5 * time.Second
	about := func(t *testing.T, what string, got, want time.Time) {
		if got.After(want.Add(time.Millisecond)) || got.Before(want.Add(-slack)) {
			t.Errorf("%s: the deadline is %s from what it should be", what, got.Sub(want))
		}
	}
	fromBothSides(t, silo.Config{CallTimeout: 20 * time.Minute}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		defaultTimeout := 20 * time.Minute
		want := time.Now().Add(time.Hour)
		ctx, cancel := context.WithDeadline(t.Context(), want)
		defer cancel()
		take() // what the other side left
		if _, err := do(ctx, caller, "a", "b c "); err != nil {
			t.Fatal(err)
		}
		seen := take()
		about(t, "with a deadline", seen[0], want.Add(slack/2))
		if len(seen) != 3 || !seen[1].Equal(seen[0]) || !seen[2].Equal(seen[0]) {
			t.Errorf("onward calls have the deadlines %v", seen)
		}
		mustDo(t, caller, "a", "short")
		seen = take()
		if len(seen) != 2 {
			t.Fatalf("%d calls", len(seen))
		}
		about(t, "the default", seen[0], time.Now().Add(defaultTimeout))
		about(t, "a shorter one of the method's", seen[1], time.Now().Add(time.Minute))
	})
}

// Behaviour F2, with the timeout that the proto gives a method.
func TestBehaviourF2AMethodsOwnTimeout(t *testing.T) {
	sc := &script{do: func(ctx context.Context, p *probe, _ string) (string, error) {
		<-ctx.Done()
		p.script.note("given up")
		return "", ctx.Err()
	}}
	fromBothSides(t, silo.Config{CallTimeout: time.Hour}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		err := hurry(t.Context(), caller, "k")
		wantCode(t, err, grain.CodeDeadlineExceeded)
		waitFor(t, func() bool { return len(sc.noted()) == 1 }) // by the silo's clock, or the client's word
	})
}

func hurry(ctx context.Context, caller grain.Caller, key string) error {
	_, err := probev1teff.ProbeOf(caller, key).Hurry(ctx, &probev1.HurryRequest{})
	return err
}

// Behaviour F2: when the time is over, it is over for all that was begun in it, whether
// it heeds its context or not.
func TestBehaviourF2NoOnwardCallOutlivesItsCaller(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(ctx context.Context, p *probe, path string) (string, error) {
		switch path {
		case "":
			return "", nil
		case "wait":
			<-ctx.Done()
			p.script.note(ctx.Err().Error())
			return "", ctx.Err()
		case "stubborn":
			<-gate
			return "", nil
		}
		key, rest, _ := strings.Cut(path, " ")
		_, err := do(ctx, p.a, key, rest)
		p.script.note(grain.CodeOf(err).String())
		_, err = do(ctx, p.a, "untouched", "late")
		p.script.note(grain.CodeOf(err).String())
		return "", err
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		for path, want := range map[string][]string{
			"b wait":     {"DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", context.DeadlineExceeded.Error()},
			"c stubborn": {"DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"},
		} {
			before := len(sc.noted())
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			_, err := do(ctx, caller, "a", path)
			cancel()
			wantCode(t, err, grain.CodeDeadlineExceeded)
			waitFor(t, func() bool { return len(sc.noted()) == before+len(want) })
			got := sc.noted()[before:]
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
			mustDo(t, caller, "a", "") // the caller is free, whatever the callee does
		}
		if silo.Waiting(s, probeType, "untouched") >= 0 {
			t.Error("a call was made after the deadline")
		}
		gate <- struct{}{}
		mustDo(t, caller, "c", "")
	})
}

// Behaviour F6: whoever asked has its answer, one, and later callers have theirs.
func TestBehaviourF6ALateReplyIsIgnored(t *testing.T) {
	const rounds, late = 10, 50
	const keptWorkers = 256 // a silo's idle ones
	var gate atomic.Pointer[chan struct{}]
	sc := &script{do: func(_ context.Context, _ *probe, text string) (string, error) {
		if text == "late" {
			<-*gate.Load()
		}
		return text, nil
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		mustDo(t, caller, "k", "")
		before := runtime.NumGoroutine()
		for round := range rounds {
			open := make(chan struct{})
			gate.Store(&open)
			tooLate(t, caller, late)
			close(open)
			for i := range late {
				text := fmt.Sprint(round, "-", i)
				if got := mustDo(t, caller, fmt.Sprint("k", i), text); got != text {
					t.Errorf("asked %q, answered %q", text, got)
				}
			}
		}
		waitFor(t, func() bool { return runtime.NumGoroutine() < before+keptWorkers+late })
	})
}

// tooLate makes n calls at once whose time is over before they end.
func tooLate(t *testing.T, caller grain.Caller, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := do(ctx, caller, fmt.Sprint("k", i), "late"); grain.CodeOf(err) != grain.CodeDeadlineExceeded {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
}

// Behaviour F6, on the wire.
func TestBehaviourF6ACallIsAnsweredOnce(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(_ context.Context, _ *probe, text string) (string, error) {
		if text == "late" {
			<-gate
		}
		return text, nil
	}}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	wire := rawClient(t, s)
	answers := wire.ask(t, "k", "Do", "late", map[string]string{"Teff-Timeout": "20ms"})
	if e := wire.wantError(t, answers, grain.CodeDeadlineExceeded); e.NotExecuted() {
		t.Errorf("%v promises that nothing was executed", e)
	}
	gate <- struct{}{}
	mustDo(t, s, "k", "next") // the late one has ended
	wire.silent(t, answers)
}
