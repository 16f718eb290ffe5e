package silo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

const probeType = probev1teff.ProbeName

func TestBehaviourB1TheSecondCallStartsAfterTheFirst(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(_ context.Context, p *probe, text string) (string, error) {
		p.script.note("begin " + text)
		<-gate
		p.script.note("end " + text)
		return text, nil
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() { mustDo(t, caller, "k", fmt.Sprint(i)) })
			waitFor(t, func() bool { return silo.Waiting(s, probeType, "k") == i+1 })
		}
		waitFor(t, func() bool { return len(sc.noted()) > 0 })
		if got := sc.noted(); !slices.Equal(got, []string{"begin 0"}) {
			t.Errorf("while the first call runs: %v", got)
		}
		for range 3 {
			gate <- struct{}{}
		}
		wg.Wait()
		if want := []string{"begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2"}; !slices.Equal(sc.noted(), want) {
			t.Errorf("got %v, want %v", sc.noted(), want)
		}
	})
}

// walk calls the first key of a path with the rest of it.
func walk(ctx context.Context, p *probe, path string) (string, error) {
	key, rest, more := strings.Cut(path, " ")
	if !more && key == "" {
		return "there", nil
	}
	return do(ctx, p.a, key, rest)
}

// Behaviour B3, within one silo.
func TestBehaviourB3ACycleFailsAtOnce(t *testing.T) {
	sc := &script{do: func(ctx context.Context, p *probe, path string) (got string, err error) {
		if rest, ok := strings.CutPrefix(path, "group "); ok {
			group := grain.NewGroup(ctx)
			group.Go(func(ctx context.Context) error { got, err = walk(ctx, p, rest); return err })
			err = group.Wait()
			return got, err
		}
		return walk(ctx, p, path)
	}}
	const a, b, c = probeType + "/a", probeType + "/b", probeType + "/c"
	fromBothSides(t, silo.Config{CallTimeout: time.Hour}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		for path, names := range map[string]string{
			"a ":        a + " → " + a,
			"b a":       a + " → " + b + " → " + a,
			"b c b":     b + " → " + c + " → " + b,
			"b c a":     a + " → " + b + " → " + c + " → " + a,
			"group b a": a + " → " + b + " → " + a,
		} {
			_, err := do(t.Context(), caller, "a", path)
			if e := wantCode(t, err, grain.CodeAborted); !strings.HasSuffix(e.Message(), "a cycle of calls: "+names) || e.NotExecuted() {
				t.Errorf("a %s: %v, not executed: %v; want the path %s", path, e, e.NotExecuted(), names)
			}
			for _, key := range []string{"a", "b", "c"} { // none is left waiting
				if got := mustDo(t, caller, key, ""); got != "there" {
					t.Errorf("after %q: %s answers %q", path, key, got)
				}
			}
		}
		if got := mustDo(t, caller, "a", "b c d "); got != "there" {
			t.Errorf("a path without a cycle: %q", got)
		}
	})
}

func TestBehaviourB3AGrainMayTellItself(t *testing.T) {
	told := make(chan struct{})
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		if text == "told" {
			told <- struct{}{}
			return "", nil
		}
		return "", probev1teff.ProbeOf(p.a, "k").Tell(ctx, &probev1.TellRequest{Text: "told"})
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, _ *silo.Silo) {
		mustDo(t, caller, "k", "")
		<-told
	})
}

func TestBehaviourB6OneWayReturnsWhenSent(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(_ context.Context, p *probe, text string) (string, error) {
		<-gate
		p.script.note(text)
		return "", grain.Errorf(grain.CodeFailedPrecondition, "nobody hears this")
	}}
	log := new(logged)
	fromBothSides(t, silo.Config{Logger: log.logger()}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		ref := probev1teff.ProbeOf(caller, "k")
		for i := range 3 { // each returns while the first one's method still runs
			if err := ref.Tell(t.Context(), &probev1.TellRequest{Text: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			gate <- struct{}{}
		}
		waitFor(t, func() bool { return silo.OneWayErrors(s) == 3 })
		if want := []string{"0", "1", "2"}; !slices.Equal(sc.noted(), want) {
			t.Errorf("ran %v, want %v", sc.noted(), want)
		}
		if !log.has("one-way call failed", "nobody hears this") {
			t.Errorf("the log does not tell of the error: %s", log)
		}
	})
}

// Behaviour B6, for a caller who uses a reply subject all the same: it hears that the
// call was handed over, and nothing of how it went.
func TestBehaviourB6OneWayErrorsAreNeverAnswered(t *testing.T) {
	sc := &script{do: func(context.Context, *probe, string) (string, error) {
		return "", grain.Errorf(grain.CodeInternal, "nobody hears this")
	}}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	wire := rawClient(t, s)
	answers := wire.ask(t, "k", "Tell", "", nil)
	waitFor(t, func() bool { return silo.OneWayErrors(s) == 1 })
	if reply := wire.next(t, answers); string(reply.Data) != "{}" || len(reply.Header) > 0 {
		t.Errorf("answered %q, %v", reply.Data, reply.Header)
	}
	wire.silent(t, answers)
}

func TestBehaviourB7AFullMailboxSaysSo(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(_ context.Context, p *probe, text string) (string, error) {
		<-gate
		p.script.note(text)
		return text, nil
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		var wg sync.WaitGroup
		for i := range 3 { // one runs, two wait
			wg.Go(func() { mustDo(t, caller, "k", fmt.Sprint(i)) })
			waitFor(t, func() bool { return silo.Running(s, probeType, "k") && silo.Waiting(s, probeType, "k") == i+1 })
		}
		_, err := do(t.Context(), caller, "k", "one too many")
		e := wantCode(t, err, grain.CodeResourceExhausted)
		var hint errdetails.RetryInfo
		if len(e.Details()) != 1 || e.Details()[0].UnmarshalTo(&hint) != nil || hint.GetRetryDelay().AsDuration() <= 0 {
			t.Errorf("no hint when to try again: %v", e.Details())
		}
		if !e.NotExecuted() || !strings.Contains(e.Message(), probeType+"/k") {
			t.Errorf("got %v, not executed: %v", e, e.NotExecuted())
		}
		for range 3 {
			gate <- struct{}{}
		}
		wg.Wait()
		if want := []string{"0", "1", "2"}; !slices.Equal(sc.noted(), want) {
			t.Errorf("ran %v, want %v", sc.noted(), want)
		}
	}, grain.Mailbox(2))
}

func TestBehaviourB7AMailboxHolds1024Calls(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(context.Context, *probe, string) (string, error) { <-gate; return "", nil }}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	t.Cleanup(func() { close(gate) })
	ref, req := probev1teff.ProbeOf(s, "k"), &probev1.TellRequest{}
	if err := ref.Tell(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return silo.Running(s, probeType, "k") })
	for i := range 1024 {
		if err := ref.Tell(t.Context(), req); err != nil {
			t.Fatalf("call %d: %v", i+1, err)
		}
	}
	wantCode(t, ref.Tell(t.Context(), req), grain.CodeResourceExhausted)
}

func TestBehaviourB8ACallThatIsLateInTheQueueNeverRuns(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(_ context.Context, p *probe, text string) (string, error) {
		if text != "" {
			p.script.note(text)
		}
		if text == "hold" {
			<-gate
		}
		return text, nil
	}}
	fromBothSides(t, silo.Config{}, sc, func(t *testing.T, caller grain.Caller, s *silo.Silo) {
		var wg sync.WaitGroup
		wg.Go(func() { mustDo(t, caller, "k", "hold") })
		waitFor(t, func() bool { return silo.Running(s, probeType, "k") })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := do(ctx, caller, "k", "late")
		wantCode(t, err, grain.CodeDeadlineExceeded)
		mustDo(t, caller, "other", "") // what was sent before has arrived as well
		waitFor(t, func() bool { return silo.Waiting(s, probeType, "k") == 1 })
		wg.Go(func() { mustDo(t, caller, "k", "after") })
		waitFor(t, func() bool { return silo.Waiting(s, probeType, "k") == 2 })
		gate <- struct{}{}
		wg.Wait()
		if want := []string{"hold", "after"}; !slices.Equal(sc.noted(), want) {
			t.Errorf("ran %v, want %v", sc.noted(), want)
		}
	})
}

// Behaviour B8, for a call whose grain takes longer to come to life than the call has.
func TestBehaviourB8ACallThatIsLateWhileItsGrainLoadsNeverRuns(t *testing.T) {
	const timeout = 5 * time.Millisecond
	sc := &script{onActivate: func(ctx context.Context, _ *probe) error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		<-ctx.Done()
		return nil
	}}
	sc.do = func(_ context.Context, p *probe, text string) (string, error) {
		p.script.note(text)
		return text, nil
	}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	wire := rawClient(t, s)
	for i := range 20 {
		answers := wire.ask(t, fmt.Sprint("k", i), "Do", "late", map[string]string{"Teff-Timeout": timeout.String()})
		e := wire.wantError(t, answers, grain.CodeDeadlineExceeded)
		if !e.NotExecuted() {
			t.Errorf("%v: it does not promise that nothing ran", e)
		}
	}
	if got := sc.noted(); len(got) > 0 {
		t.Errorf("%d late calls ran", len(got))
	}
}
