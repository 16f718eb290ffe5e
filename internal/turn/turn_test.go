package turn_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/teff-dev/teff/internal/turn"
)

// begin starts a turn with that much time; zero is no deadline.
func begin(d time.Duration) *turn.Turn {
	t := new(turn.Turn)
	var deadline time.Time
	if d != 0 {
		deadline = time.Now().Add(d)
	}
	t.Begin("owner", nil, deadline, false)
	return t
}

// isDone asks without waiting.
func isDone(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func TestATurnKnowsWhoseItIs(t *testing.T) {
	parent := begin(0)
	child := new(turn.Turn)
	child.Begin("other", parent, time.Time{}, true)
	if child.Owner() != "other" || child.Parent() != parent || !child.ReadOnly() || parent.ReadOnly() || parent.Parent() != nil {
		t.Errorf("owner %v, parent %p, read-only %t", child.Owner(), child.Parent(), child.ReadOnly())
	}
}

func TestFromFindsTheTurnOfDerivedContexts(t *testing.T) {
	tn := begin(0)
	type mine struct{}
	ctx, cancel := context.WithTimeout(context.WithValue(tn, mine{}, 1), time.Hour)
	defer cancel()
	if turn.From(tn) != tn || turn.From(ctx) != tn {
		t.Error("a turn is not found in its own contexts")
	}
	if got := turn.From(context.Background()); got != nil {
		t.Errorf("found %p in a context of no turn", got)
	}
}

// A caller's values are hidden, and a grain's own are not.
func TestValuesAreHidden(t *testing.T) {
	type key struct{}
	tn := begin(0)
	if got := tn.Value(key{}); got != nil {
		t.Errorf("the turn has the value %v", got)
	}
	if got := context.WithValue(tn, key{}, "mine").Value(key{}); got != "mine" {
		t.Errorf("a derived context has the value %v", got)
	}
}

func TestCancelHappensOnce(t *testing.T) {
	tn := begin(time.Hour)
	if tn.Err() != nil || isDone(tn) {
		t.Fatal("a turn that has begun is cancelled")
	}
	first := errors.New("first")
	tn.Cancel(first)
	tn.Cancel(context.Canceled)
	tn.End()
	if tn.Err() != first || !isDone(tn) || context.Cause(tn) != first { //nolint:errorlint // as it is
		t.Errorf("the turn's error is %v, its cause %v, done %t", tn.Err(), context.Cause(tn), isDone(tn))
	}
}

func TestEndIsTheEndOfAllCalls(t *testing.T) {
	tn := begin(0)
	if tn.Over() {
		t.Error("a turn that has begun is over")
	}
	if p := tn.End(); p != nil {
		t.Errorf("End returns %v", p)
	}
	if !tn.Over() || !errors.Is(tn.Err(), context.Canceled) || !isDone(tn) {
		t.Errorf("over %t, error %v, done %t", tn.Over(), tn.Err(), isDone(tn))
	}
}

func TestTheDeadlineCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(time.Second)
		if d, ok := tn.Deadline(); !ok || time.Until(d) != time.Second {
			t.Errorf("the deadline is %v, %t", d, ok)
		}
		start := time.Now()
		<-tn.Done()
		if took := time.Since(start); took != time.Second || !errors.Is(tn.Err(), context.DeadlineExceeded) {
			t.Errorf("done after %v with %v", took, tn.Err())
		}
	})
}

// Nobody asked for Done, so no timer runs; Err looks at the clock.
func TestTheDeadlineIsSeenWithoutDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(time.Second)
		<-time.After(time.Second)
		if err := tn.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the deadline Err is %v", err)
		}
		tn.End()
		if err := tn.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the end changed Err to %v", err)
		}
		if !isDone(tn) {
			t.Error("asked for after the deadline, Done is open")
		}
	})
}

func TestNoDeadline(t *testing.T) {
	if d, ok := begin(0).Deadline(); ok {
		t.Errorf("the deadline is %v", d)
	}
}

func TestAfterFunc(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(0)
		var ran, kept int
		tn.AfterFunc(func() { ran++ })
		stop := tn.AfterFunc(func() { kept++ })
		if !stop() || stop() {
			t.Error("stop is true once, the first time")
		}
		synctest.Wait()
		if ran != 0 {
			t.Error("it ran before the end")
		}
		tn.End()
		synctest.Wait()
		if ran != 1 || kept != 0 {
			t.Errorf("after the end %d ran, and %d that was stopped; want 1 and 0", ran, kept)
		}
		late := tn.AfterFunc(func() { ran++ })
		synctest.Wait()
		if ran != 2 || late() {
			t.Errorf("given after the end, it ran %d times, want once more, and stop is false", ran)
		}
	})
}

func TestAfterFuncKeepsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(time.Second)
		start, ran := time.Now(), make(chan time.Duration, 1)
		tn.AfterFunc(func() { ran <- time.Since(start) })
		if took := <-ran; took != time.Second {
			t.Errorf("ran after %v", took)
		}
	})
}

func TestDerivedContextsAreCancelledWithTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(time.Minute)
		ctx, cancel := context.WithTimeout(tn, time.Hour)
		defer cancel()
		if d, _ := ctx.Deadline(); time.Until(d) != time.Minute {
			t.Errorf("the derived deadline is in %v, want the turn's", time.Until(d))
		}
		tn.End()
		synctest.Wait()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the derived context's error is %v", ctx.Err())
		}
	})
}

// Package context starts a goroutine for each child of a context that it does not know,
// unless it has AfterFunc.
func TestDerivedContextsNeedNoGoroutine(t *testing.T) {
	tn := begin(time.Hour)
	defer tn.End()
	before := runtime.NumGoroutine()
	var cancels []context.CancelFunc
	for range 100 {
		_, cancel := context.WithCancel(tn)
		cancels = append(cancels, cancel)
	}
	if after := runtime.NumGoroutine(); after >= before+100 {
		t.Errorf("100 derived contexts brought %d goroutines", after-before)
	}
	for _, cancel := range cancels {
		cancel()
	}
}

// A turn that nobody asks for Done is to cost next to nothing.
func TestDoneIsLazy(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	tn := new(turn.Turn)
	if n := testing.AllocsPerRun(100, func() {
		tn.Begin(tn, nil, deadline, false)
		_, _ = tn.Deadline()
		_ = tn.Err()
		_ = turn.From(tn).Over()
	}); n != 0 {
		t.Errorf("a turn allocates %v times before somebody asks for Done", n)
	}
	if first, second := tn.Done(), tn.Done(); first != second {
		t.Error("Done makes two channels")
	}
	tn.End()
}
